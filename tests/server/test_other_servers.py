"""The application on ASGI servers that know nothing of ours: slower, and the same to a client."""

import asyncio
import base64
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import hypercorn.asyncio
import hypercorn.config
import pytest
import uvicorn
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from voxwire.runtime.service import Service
from voxwire.server.app import create_app
from voxwire.session.limits import Limits
from voxwire.testing.fake_service import fake_service
from voxwire.testing.fake_vad import loud, quiet
from voxwire.testing.live_server import settings_for_tests
from voxwire.transports.asgi import App, Receive, Send

GA = "/v1/realtime?model=gpt-realtime"


@asynccontextmanager
async def on_hypercorn(app: App, listening: socket.socket) -> AsyncIterator[None]:
    config = hypercorn.config.Config()
    config.bind = [f"fd://{os.dup(listening.fileno())}"]  # it closes what it is given
    config.errorlog = None
    stop = asyncio.Event()
    serving = asyncio.create_task(hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    try:
        yield
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def on_plain_uvicorn(app: App, listening: socket.socket) -> AsyncIterator[None]:
    """uvicorn as it comes, without our connections."""
    server = uvicorn.Server(uvicorn.Config(app, ws="websockets-sansio", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


OnServer = Callable[[App, socket.socket], AbstractAsyncContextManager[None]]
Start = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture(params=[on_hypercorn, on_plain_uvicorn], ids=["hypercorn", "plain uvicorn"])
def start(request: pytest.FixtureRequest) -> Start:
    """`async with start(service) as url:` serves it by one of the servers."""
    on_server: OnServer = request.param

    @asynccontextmanager
    async def serve(
        service: Service | None = None, wrap: Callable[[App], App] = lambda app: app, **tables: Any
    ) -> AsyncIterator[str]:
        app = create_app(settings_for_tests(**tables), service or fake_service())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with on_server(wrap(app), listening):
                yield url
                # Whatever a test did, no session is left behind.
                async with asyncio.timeout(5):
                    while app.state.websocket.sessions:  # noqa: ASYNC110  # as `server.net.run` waits for it
                        await asyncio.sleep(0.01)

    return serve


async def event(client: ClientConnection) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(await client.recv())
    return received


async def until(client: ClientConnection, kind: str) -> dict[str, Any]:
    while (received := await event(client))["type"] != kind:
        assert received["type"] != "error", received
    return received


@asynccontextmanager
async def session(url: str, path: str = GA) -> AsyncIterator[ClientConnection]:
    async with asyncio.timeout(20), connect(url.replace("http", "ws", 1) + path) as client:
        assert (await event(client))["type"] == "session.created"
        yield client


async def test_a_spoken_turn(start: Start) -> None:
    async with start() as url, session(url) as client:
        for pcm in (loud(600), quiet(1000)):
            for at in range(0, len(pcm), 960):
                audio = base64.b64encode(pcm[at : at + 960]).decode()
                await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        await until(client, "input_audio_buffer.speech_started")
        await until(client, "input_audio_buffer.committed")
        assert (await until(client, "response.output_audio.delta"))["delta"]
        assert (await until(client, "response.done"))["response"]["status"] == "completed"


async def test_an_official_client_has_a_turn(start: Start) -> None:
    async with (
        asyncio.timeout(20),
        start() as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        content: Any = [{"type": "input_text", "text": "Hello"}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        async for received in connection:
            assert received.type != "error"
            if received.type == "response.done":
                assert received.response.status == "completed"
                break


async def test_binary_frames_and_large_ones(start: Start) -> None:
    async with start() as url, session(url) as client:
        await client.send(b"\x00\x01")
        assert "Binary" in (await event(client))["error"]["message"]
        audio = base64.b64encode(quiet(5000)).decode()
        assert len(audio) > 64 * 1024
        await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        await client.send(json.dumps({"type": "input_audio_buffer.clear"}))
        await until(client, "input_audio_buffer.cleared")


async def test_a_refusal_says_why(start: Start) -> None:
    async with start() as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url.replace("http", "ws", 1) + "/v1/realtime?model=nobody")
        assert refused.value.response.status_code == 404
        assert json.loads(refused.value.response.body)["error"]["code"] == "model_not_found"


async def test_a_server_that_cannot_carry_a_refusal(start: Start) -> None:
    """The extension for it is optional; the client learns that it was refused, and nothing else breaks."""

    def poor(app: App) -> App:
        async def without_extensions(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            await app({name: value for name, value in scope.items() if name != "extensions"}, receive, send)

        return without_extensions

    async with start(wrap=poor) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url.replace("http", "ws", 1) + "/v1/realtime?model=nobody")
        assert refused.value.response.status_code == 403
        async with session(url) as client:
            await client.send(json.dumps({"type": "response.create"}))
            await until(client, "response.done")


async def test_a_session_that_expires_is_closed_with_1001(start: Start) -> None:
    async with start(fake_service(limits=Limits(session_seconds=0.2))) as url, session(url) as client:
        assert (await event(client))["error"]["code"] == "session_expired"
        await client.wait_closed()
        assert client.close_code == 1001


async def test_a_client_that_vanishes(start: Start) -> None:
    async with start() as url, session(url) as client:
        client.transport.abort()


async def test_plain_requests(start: Start) -> None:
    async with start(auth={"api_keys": ["k"]}) as url, httpx2.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/v1/models")).status_code == 401
        models = (await client.get("/v1/models", headers={"api-key": "k"})).json()
        assert models["data"][0]["id"] == "gpt-realtime"


@pytest.mark.engines
def test_the_program_in_the_documents_makes_an_application() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    program = text.partition("## On another ASGI server")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["app"].state.websocket.sessions == 0
