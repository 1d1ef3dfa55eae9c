"""Quotas over real sockets: set by the API, met by the official client and by plain ones."""

import asyncio
import json
from typing import Any

import pytest
from echo_service import Serve
from http_client import UPGRADE, Answer, request
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served

QUOTAS = "/admin/v1/quotas"
REALTIME = "/v1/realtime?model=gpt-realtime"


async def call(url: str, method: str, path: str, key: str | None = None, body: Any = None) -> Answer:
    headers = {"Content-Type": "application/json", **({"api-key": key} if key else {})}
    sent = b"" if body is None else json.dumps(body).encode()
    return await request(url, path, headers, method=method, body=sent)


async def answered(connection: AsyncRealtimeConnection) -> Any:
    await connection.response.create()
    async for event in connection:
        assert event.type != "error", event
        if event.type == "response.done":
            return event.response
    raise AssertionError("the connection ended")


async def test_set_shown_listed_and_removed(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    answer = await call(url, "PUT", f"{QUOTAS}/key/web", "boss", {"requests_per_minute": 5})
    assert answer.status == 200, answer.body
    made = json.loads(answer.body)
    assert (made["kind"], made["subject"], made["requests_per_minute"], made["tokens_per_minute"]) == (
        "key",
        "web",
        5,
        None,
    )
    assert made["updated_by"] == "admin-key-1"
    assert json.loads((await call(url, "GET", f"{QUOTAS}/key/web", "boss")).body) == made
    assert json.loads((await call(url, "GET", QUOTAS, "boss")).body)["data"] == [made]
    assert (await call(url, "DELETE", f"{QUOTAS}/key/web", "boss")).status == 204
    gone = await call(url, "GET", f"{QUOTAS}/key/web", "boss")
    assert (gone.status, gone.error["code"]) == (404, "quota_not_found")
    told = json.loads((await call(url, "GET", "/admin/v1/decisions", "boss")).body)["data"]
    assert [(one["action"], one["subject"]) for one in told] == [
        ("quota.remove", "key/web"),
        ("quota.set", "key/web"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("key/web", {"requests_per_minute": 0}, "requests_per_minute"),
        ("key/web", {"requests_per_minute": 10**13}, "requests_per_minute"),
        ("key/web", {"requests_per_minute": "many"}, "requests_per_minute"),
        ("key/web", {"requests": 5}, "requests"),
        ("person/web", {}, "kind"),
        ("key/a%20b", {}, "subject"),
    ],
)
async def test_what_is_none_is_refused_and_named(serve: Serve, path: str, body: Any, param: str) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    answer = await call(url, "PUT", f"{QUOTAS}/{path}", "boss", body)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert json.loads((await call(url, "GET", QUOTAS, "boss")).body)["data"] == []


async def test_a_deployment_that_there_is_not_has_no_quota(serve: Serve) -> None:
    url = await serve(auth={"admin_keys": ["boss"]})
    answer = await call(url, "PUT", f"{QUOTAS}/deployment/nobodys", "boss", {"requests_per_minute": 5})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "deployment_not_found", "subject")
    assert (
        await call(url, "PUT", f"{QUOTAS}/deployment/gpt-realtime", "boss", {"requests_per_minute": 5})
    ).status == 200


async def test_the_official_client_meets_a_quota_at_the_door_and_inside() -> None:
    service = fake_service(fake_deployment(name="gpt-realtime"))
    auth = {"admin_keys": ["boss"], "api_keys": ["sk-shop"]}
    async with (
        asyncio.timeout(30),
        served(service, auth=auth) as url,
        AsyncOpenAI(
            api_key="sk-shop", base_url=f"{url}/v1", websocket_base_url=f"{url.replace('http', 'ws')}/v1"
        ) as client,
    ):
        path = f"{QUOTAS}/principal/key-1"
        assert (await call(url, "PUT", path, "boss", {"requests_per_minute": 1})).status == 200
        async with client.realtime.connect(model="gpt-realtime") as connection:
            first = await answered(connection)
            assert first.status == "completed"
            second = await answered(connection)
            assert (second.status, second.status_details.error.code) == ("failed", "rate_limit_exceeded")
            with pytest.raises(InvalidStatus) as caught:
                async with client.realtime.connect(model="gpt-realtime"):
                    pass
            response = caught.value.response
            assert response.status_code == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            assert json.loads(response.body)["error"]["code"] == "rate_limit_exceeded"
            # A quota that is changed holds for running sessions.
            assert (await call(url, "PUT", path, "boss", {"requests_per_minute": 9})).status == 200
            assert (await answered(connection)).status == "completed"
            assert (await call(url, "DELETE", path, "boss")).status == 204
        metrics = (await request(url, "/metrics", {"api-key": "boss"})).body.decode()
        assert 'realtime_quota_rejections_total{limit="requests_per_minute"} 2.0' in metrics


async def test_sessions_at_once_by_the_settings() -> None:
    quotas = {"deployment": {"concurrent_sessions": 1}}
    async with served(fake_service(fake_deployment(name="gpt-realtime")), quotas=quotas) as url:
        async with connect(url.replace("http", "ws") + REALTIME):
            answer = await request(url, REALTIME, UPGRADE)
            assert (answer.status, answer.error["code"]) == (429, "rate_limit_exceeded")
            assert answer.headers["retry-after"] == "10"
            assert "this deployment may hold 1" in answer.error["message"]
        async with asyncio.timeout(5):
            while (await request(url, REALTIME, UPGRADE)).status != 101:
                pass
