"""The whole stack but the engines: real sockets, real sessions, fake engines, official client."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect

from voxwire.runtime.service import Service
from voxwire.session.limits import Limits
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_directory, fake_service
from voxwire.testing.fake_vad import FakeVad
from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"
MIB = 1024 * 1024


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with served() as address:
        yield address


async def event(client: ClientConnection) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(await client.recv())
    return received


async def error(client: ClientConnection) -> dict[str, Any]:
    received = await event(client)
    assert received["type"] == "error"
    found: dict[str, Any] = received["error"]
    return found


async def test_official_client_has_a_turn(url: str) -> None:
    async with (
        AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        content: Any = [{"type": "input_text", "text": "Hello"}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        types = []
        async for received in connection:
            types.append(received.type)
            if received.type == "response.done":
                break
        assert received.response.status == "completed"
        assert "response.output_audio.delta" in types
        assert "error" not in types


class TestBadInput:
    """One error each; the session goes on."""

    @pytest.fixture
    async def client(self, url: str) -> AsyncIterator[ClientConnection]:
        async with connect(url.replace("http", "ws") + GA, max_size=None) as client:
            assert (await event(client))["type"] == "session.created"
            yield client
            await client.send('{"type":"session.update","session":{"type":"realtime"}}')
            assert (await event(client))["type"] == "session.updated"

    async def test_binary_frame(self, client: ClientConnection) -> None:
        await client.send(b"\x00\x01")
        assert "Binary" in (await error(client))["message"]

    @pytest.mark.parametrize("text", ["", "{", "null", "[]", "[" * 10_000, '{"type":"sing"}', '{"type":3}'])
    async def test_text_frame(self, client: ClientConnection, text: str) -> None:
        await client.send(text)
        assert (await error(client))["type"] == "invalid_request_error"

    async def test_fifteen_mib_of_audio(self, client: ClientConnection) -> None:
        audio = base64.b64encode(bytes(15 * MIB)).decode()
        await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

    async def test_more_audio_than_that(self, client: ClientConnection) -> None:
        audio = base64.b64encode(bytes(15 * MIB + 2)).decode()
        await client.send(json.dumps({"type": "input_audio_buffer.append", "event_id": "e1", "audio": audio}))
        assert (await error(client))["event_id"] == "e1"


async def test_a_session_that_expires_says_so_and_closes_with_1001() -> None:
    async with (
        served(fake_service(limits=Limits(session_seconds=0.2))) as url,
        connect(url.replace("http", "ws") + GA) as client,
    ):
        assert (await event(client))["type"] == "session.created"
        expired = await error(client)
        assert expired["code"] == "session_expired"
        await client.wait_closed()
        assert (client.close_code, client.close_reason) == (1001, expired["message"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/realtime?model=gpt-4o-mini-realtime-preview",
        "/openai/v1/realtime?model=gpt-4o-mini-realtime-preview",
        "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-4o-mini-realtime-preview",
    ],
)
async def test_the_session_has_the_name_that_was_asked_for(path: str) -> None:
    """Clients compare it; the engine stands in a header (protocol: decisions, Name of the model)."""
    name = "gpt-4o-mini-realtime-preview"
    service = Service(directory=fake_directory(fake_deployment(), aliases={name: "gpt-realtime"}), vad=FakeVad())
    async with served(service) as url, connect(url.replace("http", "ws", 1) + path) as client:
        assert (await event(client))["session"]["model"] == name
        assert client.response is not None
        assert client.response.headers["x-voxwire-engine"] == "scripted answers"


@pytest.mark.parametrize(
    "path", [GA, "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime"], ids=["ga", "preview"]
)
async def test_half_a_surrogate_pair_goes_all_the_way(path: str) -> None:
    """Legal JSON, and no encoder on the way can write it: through items, engines, speech and back."""
    half = "Hi \ud83d"
    service = fake_service(fake_deployment(llm=FakeLlm(lambda request: request.items[-1].content[0].text)))  # type: ignore[union-attr, return-value]
    async with served(service) as url, connect(url.replace("http", "ws", 1) + path) as client:
        await event(client)
        update = {"instructions": half, "tools": [{"type": "function", "name": "f", "description": half}]}
        await client.send(json.dumps({"type": "session.update", "session": with_type(update, path)}))
        session = (await event(client))["session"]
        assert (session["instructions"], session["tools"][0]["description"]) == (half, half)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": half}]}
        await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
        assert (await event(client))["item"]["content"][0]["text"] == half
        response = {"metadata": {half: half}}
        await client.send(json.dumps({"type": "response.create", "response": response}))
        while (done := await event(client))["type"] != "response.done":
            pass
        assert done["response"]["status"] == "completed"
        assert done["response"]["metadata"] == {half: half}
        assert done["response"]["output"][0]["content"][0]["transcript"] == half


def with_type(session: dict[str, Any], path: str) -> dict[str, Any]:
    return {"type": "realtime", **session} if path == GA else session


async def test_the_name_of_the_person_reaches_the_language_engine() -> None:
    llm = FakeLlm()
    async with served(fake_service(fake_deployment(llm=llm))) as url:
        headers = {"OpenAI-Safety-Identifier": "user-7"}
        address = f"{url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime"
        async with connect(address, additional_headers=headers) as client:
            created = json.loads(await client.recv())
            await client.send(json.dumps({"type": "response.create"}))
            async with asyncio.timeout(10):
                while json.loads(await client.recv())["type"] != "response.done":
                    pass
    assert [request.end_user for request in llm.requests] == ["user-7"]
    assert [request.session_key for request in llm.requests] == [created["session"]["id"]]
