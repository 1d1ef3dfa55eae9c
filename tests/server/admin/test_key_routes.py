"""Keys over a real socket: made by the API and the command line, and used at once."""

import asyncio
import json
import logging
from typing import Any

import pytest
from echo_service import Serve
from http_client import UPGRADE, Answer, request

from voxwire.auth.management import KeyBook
from voxwire.runtime import AccessRole
from voxwire.storage.database import Database
from voxwire.testing.live_server import settings_for_tests

REALTIME = "/v1/realtime?model=gpt-realtime"


async def call(url: str, method: str, path: str, key: str | None = None, body: Any = None) -> Answer:
    headers = {"Content-Type": "application/json", **({"api-key": key} if key else {})}
    sent = b"" if body is None else json.dumps(body).encode()
    return await request(url, path, headers, method=method, body=sent)


async def make(url: str, key: str | None = None, path: str = "/admin/v1/keys", **body: Any) -> dict[str, Any]:
    answer = await call(url, "POST", path, key, body)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = json.loads(answer.body)
    return made


async def test_the_first_key_closes_an_open_server_at_once(serve: Serve) -> None:
    url = await serve()
    assert (await request(url, "/v1/models")).status == 200
    made = await make(url, roles=["owner"])
    assert made["name"] == "key1"
    assert made["secret"].startswith("vw_")
    answer = await request(url, "/v1/models")
    assert (answer.status, answer.error["code"]) == (401, "missing_api_key")
    assert (await request(url, "/v1/models", {"api-key": "any"})).error["code"] == "invalid_api_key"
    assert (await request(url, "/v1/models", {"Authorization": f"Bearer {made['secret']}"})).status == 200
    assert (await request(url, REALTIME, {**UPGRADE, "api-key": made["secret"]})).status == 101


async def test_a_key_is_shown_once(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    made = await make(url, "boss", name="ci", roles=["Cognitive Services OpenAI User"], expires_at=2_000_000_000)
    secret = made.pop("secret")
    listed = json.loads((await call(url, "GET", "/admin/v1/keys", "boss")).body)["data"]
    shown = json.loads((await call(url, "GET", "/admin/v1/keys/ci", "boss")).body)
    assert listed == [made] == [shown]
    assert secret not in json.dumps(listed)
    assert (made["roles"], made["expires_at"], made["created_by"]) == (["user"], 2_000_000_000, "admin-key-1")


async def test_one_is_rotated_while_the_other_goes_on(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    first, second = (await make(url, "boss"))["secret"], (await make(url, "boss"))["secret"]
    answer = await call(url, "POST", "/admin/v1/keys/key1/rotate", "boss", {})
    anew = json.loads(answer.body)["secret"]
    statuses = [(await request(url, "/v1/models", {"api-key": key})).status for key in (first, second, anew)]
    assert statuses == [401, 200, 200]
    assert (await call(url, "DELETE", "/admin/v1/keys/key2", "boss")).status == 204
    assert (await request(url, "/v1/models", {"api-key": second})).status == 401


async def test_a_key_that_somebody_else_makes_is_known_within_a_second(serve: Serve) -> None:
    url = await serve()
    assert (await request(url, "/v1/models")).status == 200
    database = Database(settings_for_tests().storage)
    issued = await KeyBook(database).create(project="local", name=None, roles=[AccessRole.USER], by="cli")
    await database.close()
    async with asyncio.timeout(10):
        while (await request(url, "/v1/models")).status != 401:
            pass
    assert (await request(url, "/v1/models", {"api-key": issued.secret})).status == 200


async def test_a_key_is_held_to_its_deployments(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    key = (await make(url, "boss", deployments=["gpt-realtime"]))["secret"]
    listed = json.loads((await request(url, "/v1/models", {"api-key": key})).body)["data"]
    assert [model["id"] for model in listed] == ["gpt-realtime"]
    assert (await request(url, REALTIME, {**UPGRADE, "api-key": key})).status == 101
    other = "/v1/realtime?model=a/b"
    refused = await request(url, other, {**UPGRADE, "api-key": key})
    assert (refused.status, refused.error["code"]) == (403, "deployment_not_allowed")
    assert (await request(url, "/v1/models/a/b", {"api-key": key})).status == 404


async def test_a_project_opens_no_other(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    shop = await make(url, "boss", "/admin/v1/keys?project=shop", roles=["owner"])
    assert shop["project"] == "shop"
    own = json.loads((await call(url, "GET", "/admin/v1/projects", shop["secret"])).body)["data"]
    assert [project["id"] for project in own] == ["shop"]
    for method, path in (
        ("GET", "/admin/v1/keys?project=local"),
        ("POST", "/admin/v1/keys?project=local"),
        ("DELETE", "/admin/v1/projects/local"),
        ("DELETE", "/admin/v1/keys/key1?project=other"),
    ):
        answer = await call(url, method, path, shop["secret"], {} if method == "POST" else None)
        assert (answer.status, answer.error["code"]) == (403, "permission_denied")
    assert (await call(url, "DELETE", "/admin/v1/projects/local", "boss")).error["code"] == "project_in_use"
    assert (await call(url, "DELETE", "/admin/v1/projects/shop", "boss")).status == 204
    assert (await request(url, "/v1/models", {"api-key": shop["secret"]})).status == 401
    assert (await call(url, "DELETE", "/admin/v1/projects/shop", "boss")).status == 404


async def test_a_project_that_takes_all_keys_along_opens_the_server_to_nobody(serve: Serve) -> None:
    """Neither this server, nor one that starts afterwards."""
    url = await serve()
    shop = await make(url, path="/admin/v1/keys?project=shop", roles=["owner"])
    assert (await call(url, "DELETE", "/admin/v1/projects/shop", shop["secret"])).status == 204
    for address in (url, await serve()):
        for key in (None, shop["secret"]):
            assert (await call(address, "GET", "/v1/models", key)).status == 401


async def test_projects_are_made(serve: Serve) -> None:
    url = await serve()
    assert (await make(url, path="/admin/v1/projects", id="lab"))["id"] == "lab"
    listed = json.loads((await call(url, "GET", "/admin/v1/projects")).body)["data"]
    assert [project["id"] for project in listed] == ["lab", "local"]


async def test_role_assignments(serve: Serve) -> None:
    url, path = await serve(), "/admin/v1/role-assignments"
    body = {"kind": "group", "subject": "11111111-2222", "role": "Cognitive Services OpenAI User"}
    given = await make(url, path=path, **body)
    assert given["role"] == "user"
    assert json.loads((await call(url, "GET", path)).body)["data"] == [given]
    assert (await call(url, "POST", path, None, body)).status == 409
    assert (await call(url, "DELETE", f"{path}/{given['id']}")).status == 204
    assert (await call(url, "DELETE", f"{path}/{given['id']}")).status == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "../etc"}, "name"),
        ({"name": "kеy"}, "name"),  # noqa: RUF001 - a Cyrillic letter
        ({"name": "a' OR 1=1"}, "name"),
        ({"roles": []}, "roles"),
        ({"roles": ["root"]}, "roles.0"),
        ({"expires_at": 1}, "expires_at"),
        ({"expires_at": 10**30}, "expires_at"),
        ({"deployments": ["a\r\nb"]}, "deployments.0"),
        ({"secret": "mine"}, "secret"),
    ],
)
async def test_what_is_wrong_is_named(serve: Serve, body: dict[str, Any], param: str) -> None:
    url = await serve()
    answer = await call(url, "POST", "/admin/v1/keys", None, body)
    assert answer.status == 400
    assert answer.error["param"] == param
    assert (await request(url, "/v1/models")).status == 200  # nothing was stored


async def test_a_deployment_that_there_is_not_is_refused_unless_the_key_can_make_it(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    answer = await call(
        url, "POST", "/admin/v1/keys", "boss", {"name": "web", "deployments": ["gpt-realtime", "nobodys"]}
    )
    assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "deployment_not_found", "deployments")
    team = (await make(url, "boss", name="team", roles=["contributor"], deployments=["theirs"]))["secret"]
    assert (await call(url, "POST", "/admin/v1/deployments", team, {"name": "theirs"})).status == 201
    assert (await make(url, "boss", name="web", deployments=["theirs"]))["deployments"] == ["theirs"]


async def test_the_log_names_keys_by_their_ids(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    url = await serve()
    made = await make(url, roles=["user"])
    with caplog.at_level(logging.INFO):
        for headers in ({"api-key": made["secret"]}, {"X-Request-Id": made["secret"]}):
            await request(url, REALTIME, {**UPGRADE, **headers})
    lines = [record.getMessage() for record in caplog.records]
    assert any(f"by={made['id']}" in line for line in lines)
    assert not [line for line in lines if made["secret"] in line]


async def test_sums_over_all_are_for_those_who_may_see_all(serve: Serve) -> None:
    """Metrics are of all projects; usage is of all deployments, where none is named."""
    url = await serve(auth={"admin_keys": ["boss"]})
    everybody = (await make(url, "boss", roles=["reader"], name="everybody"))["secret"]
    held = (await make(url, "boss", roles=["reader"], name="held", deployments=["gpt-realtime"]))["secret"]
    shop = (await make(url, "boss", "/admin/v1/keys?project=shop", roles=["owner"]))["secret"]
    found = [(await call(url, "GET", "/metrics", key)).status for key in ("boss", everybody, held, shop)]
    assert found == [200, 200, 403, 403]
    for path, status in (("usage", 403), ("usage?deployment=gpt-realtime", 200), ("usage.csv?deployment=other", 403)):
        assert (await call(url, "GET", f"/admin/v1/{path}", held)).status == status
        assert (await call(url, "GET", f"/admin/v1/{path}", shop)).status == 200
