"""Prompts of the store over a real socket: made by REST or a command, named by clients, and changed under them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from http_client import UPGRADE, Answer, request
from websockets.asyncio.client import ClientConnection, connect

from voxwire.auth.management import KeyBook
from voxwire.config import load_settings
from voxwire.runtime import AccessRole
from voxwire.storage.database import Database
from voxwire.storage.prompts import Prompts
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served

PATH = "/admin/v1/prompts"
TEXT = "You work in {{city}}."


async def call(url: str, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
    headers = {"Content-Type": "application/json", **({"api-key": key} if key else {})}
    return await request(url, path, headers, method=method, body=b"" if body is None else json.dumps(body).encode())


@asynccontextmanager
async def session(url: str, key: str | None = None) -> AsyncIterator[ClientConnection]:
    headers = {"api-key": key} if key else {}
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime"
    async with connect(address, additional_headers=headers) as socket:
        await socket.recv()
        yield socket


async def update(socket: ClientConnection, **fields: Any) -> Any:
    """What a `session.update` is answered: the session, or the error."""
    event = {"type": "session.update", "event_id": "mine", "session": {"type": "realtime", **fields}}
    await socket.send(json.dumps(event))
    async for frame in socket:
        answer = json.loads(frame)
        if answer["type"] in ("session.updated", "error"):
            return answer.get("session") or answer["error"]
    raise AssertionError("no answer")


async def answered(socket: ClientConnection, **response: Any) -> Any:
    """How a response ends, or the error."""
    await socket.send(json.dumps({"type": "response.create", "response": response}))
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] in ("response.done", "error"):
            return event
    raise AssertionError("no answer")


async def test_the_text_is_what_the_language_engine_is_told() -> None:
    llm = FakeLlm()
    async with served(fake_service(fake_deployment(llm=llm))) as url:
        made = await call(url, "POST", PATH, {"name": "clerk", "text": TEXT})
        assert made.status == 201, made.body
        async with session(url) as socket:
            given = {"id": "clerk", "variables": {"city": "Graz"}}
            shown = await update(socket, prompt=given)
            assert (shown["instructions"], shown["prompt"]) == ("You work in Graz.", given)
            await answered(socket, output_modalities=["text"])
            assert llm.requests[-1].instructions == "You work in Graz."
            other = {"id": "clerk", "version": "1", "variables": {"city": {"type": "input_text", "text": "Oslo"}}}
            await answered(socket, output_modalities=["text"], prompt=other)
            assert llm.requests[-1].instructions == "You work in Oslo."
            # The whole session as it was shown may be sent back; what is said beside a prompt wins.
            again = await update(socket, prompt=shown["prompt"], instructions=shown["instructions"])
            assert again == shown
            own = await update(socket, prompt=given, instructions="Be brief.")
            assert own["instructions"] == "Be brief."
            gone = await update(socket, prompt=None)
            assert (gone["instructions"], gone["prompt"]) == ("Be brief.", None)


async def test_a_mistake_is_one_error_and_changes_nothing() -> None:
    async with served() as url:
        await call(url, "POST", PATH, {"name": "clerk", "text": TEXT})
        async with session(url) as socket:
            error = await update(socket, prompt={"id": "boss"}, max_output_tokens=7)
            assert (error["param"], error["event_id"]) == ("session.prompt.id", "mine")
            error = await update(socket, prompt={"id": "clerk"}, max_output_tokens=7)
            assert (error["code"], error["param"]) == ("missing_required_parameter", "session.prompt.variables.city")
            done = await answered(socket, prompt={"id": "clerk", "version": "9"})
            assert done["error"]["param"] == "response.prompt.version"
            assert (await update(socket))["max_output_tokens"] == "inf"


async def test_what_others_change_holds_within_a_second() -> None:
    async with served() as url:
        database = Database(load_settings().storage)
        await Prompts(database).add("local", "clerk", "One.", id="pmpt_1", by="cli")
        async with session(url) as socket:

            async def until(text: str | None) -> None:
                async with asyncio.timeout(20):
                    while (await update(socket, prompt={"id": "clerk"})).get("instructions") != text:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)

            await until("One.")
            await Prompts(database).add_version("local", "clerk", "Two.", current=True, by="cli")
            await until("Two.")
            # One that was deleted and made anew under the same name has other texts under the same numbers.
            await Prompts(database).remove("local", "clerk", by="cli")
            await Prompts(database).add("local", "clerk", "Three.", id="pmpt_2", by="cli")
            await until("Three.")
            await Prompts(database).remove("local", "clerk", by="cli")
            await until(None)
        await database.close()


async def test_each_project_has_its_own() -> None:
    database = Database(load_settings().storage)
    shop = (await KeyBook(database).create(project="shop", name="a", roles=[AccessRole.CONTRIBUTOR], by="cli")).secret
    home = (await KeyBook(database).create(project="local", name="b", roles=[AccessRole.OWNER], by="cli")).secret
    await database.close()
    async with served() as url:
        await call(url, "POST", PATH, {"name": "clerk", "text": "At home."}, home)
        await call(url, "POST", PATH, {"name": "clerk", "text": "In the shop."}, shop)
        for key, text in ((home, "At home."), (shop, "In the shop.")):
            async with session(url, key) as socket:
                assert (await update(socket, prompt={"id": "clerk"}))["instructions"] == text


class TestRest:
    async def test_from_the_first_version_to_the_end(self) -> None:
        async with served() as url:
            made = json.loads((await call(url, "POST", PATH, {"name": "clerk", "text": TEXT})).body)
            assert (made["name"], made["current"], made["latest"]) == ("clerk", 1, 1)
            assert made["versions"][0]["variables"] == ["city"]
            one = f"{PATH}/clerk"
            second = json.loads((await call(url, "PATCH", one, {"text": "Be brief."})).body)
            assert [version["text"] for version in second["versions"]] == ["Be brief.", TEXT]
            assert second["current"] == 2
            third = json.loads((await call(url, "PATCH", one, {"text": "Later.", "current": "same"})).body)
            assert (third["current"], third["latest"]) == (2, 3)
            first = json.loads((await call(url, "PATCH", one, {"current": 1, "reason": "worse"})).body)
            assert first["current"] == 1
            assert json.loads((await call(url, "GET", one)).body) == first
            [listed] = json.loads((await call(url, "GET", PATH)).body)["data"]
            assert listed == {name: value for name, value in first.items() if name != "versions"}
            decided = json.loads((await call(url, "GET", "/admin/v1/decisions")).body)["data"]
            assert decided[0]["details"] == {"current": 1, "reason": "worse"}
            assert (await call(url, "DELETE", one)).status == 204
            assert (await call(url, "GET", one)).error["code"] == "prompt_not_found"

    async def test_mistakes(self) -> None:
        async with served() as url:
            await call(url, "POST", PATH, {"name": "clerk", "text": TEXT})
            one = f"{PATH}/clerk"
            for method, path, body, status, param in (
                ("POST", PATH, {"name": "clerk", "text": TEXT}, 409, "name"),
                ("POST", PATH, {"name": "\u0441lerk", "text": TEXT}, 400, "name"),
                ("POST", PATH, {"name": "other", "text": " "}, 400, "text"),
                ("POST", PATH, {"name": "other", "text": "a\0b"}, 400, "text"),
                ("POST", PATH, {"name": "other", "text": "x" * 65_537}, 400, "text"),
                ("POST", PATH, {"name": "other", "text": TEXT, "voice": "ash"}, 400, "voice"),
                ("PATCH", one, {}, 400, "text"),
                ("PATCH", one, {"current": "same"}, 400, "text"),
                ("PATCH", one, {"text": TEXT, "current": 1}, 400, "current"),
                ("PATCH", one, {"current": 2}, 400, "current"),
                ("PATCH", one, {"current": 0}, 400, "current"),
                ("PATCH", f"{PATH}/nobody", {"text": TEXT}, 404, "name"),
                ("DELETE", f"{PATH}/nobody", None, 404, "name"),
            ):
                answer = await call(url, method, path, body)
                assert (answer.status, answer.error["param"]) == (status, param), (method, path, body)
            assert len(json.loads((await call(url, "GET", PATH)).body)["data"]) == 1


async def test_an_ephemeral_key_may_name_one() -> None:
    async with served() as url:
        await call(url, "POST", PATH, {"name": "clerk", "text": TEXT})
        path = "/v1/realtime/client_secrets"
        settings = {"type": "realtime", "prompt": {"id": "clerk", "variables": {"city": "Graz"}}}
        minted = await call(url, "POST", path, {"session": settings})
        assert minted.status == 200, minted.body
        secret = json.loads(minted.body)
        assert secret["session"]["instructions"] == "You work in Graz."
        headers = {"Authorization": f"Bearer {secret['value']}"}
        address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime"
        async with connect(address, additional_headers=headers) as socket:
            created = json.loads(await socket.recv())["session"]
        assert (created["instructions"], created["prompt"]) == ("You work in Graz.", settings["prompt"])
        wrong = await call(url, "POST", path, {"session": {"type": "realtime", "prompt": {"id": "boss"}}})
        assert (wrong.status, wrong.error["param"]) == (400, "session.prompt.id")
        # One that is gone by then refuses the handshake, and says which.
        await call(url, "DELETE", f"{PATH}/clerk")
        refused = await request(url, "/v1/realtime?model=gpt-realtime", {**UPGRADE, **headers})
        assert (refused.status, refused.error["param"]) == (400, "session.prompt.id")
