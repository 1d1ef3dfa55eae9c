"""Connections of plain requests end when nothing happens on them, whatever they wait for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop
from echo_service import EchoService, Serve
from http_client import UPGRADE, connect, read_answer

from voxwire.server.net import http_protocol, run
from voxwire.testing.live_server import served

PAGE = b"GET /playground/js/talk.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: Together 15 MiB, more than the kernel keeps on both ends of a connection.
PAGES = 1000

#: `url = await hasty(seconds)`: a server that waits so long for the next request.
Hasty = Callable[[float], Awaitable[str]]


@pytest.fixture
def hasty(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Hasty:
    async def start(keep_alive_s: float) -> str:
        uvicorn_config = run._uvicorn_config

        def config(*arguments: Any) -> Any:
            config = uvicorn_config(*arguments)
            config.timeout_keep_alive = keep_alive_s  # type: ignore[assignment]
            return config

        monkeypatch.setattr(run, "_uvicorn_config", config)
        return await serve()

    return start


class TestPeerThatDoesNotRead:
    @pytest.fixture
    def lost(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Set when the server has let go of a connection."""
        lost = asyncio.Event()
        connection_lost = http_protocol.HttpProtocol.connection_lost

        def notice(protocol: http_protocol.HttpProtocol, exc: Exception | None) -> None:
            connection_lost(protocol, exc)
            lost.set()

        monkeypatch.setattr(http_protocol.HttpProtocol, "connection_lost", notice)
        return lost

    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
    def test_is_cut_off(
        self,
        loop_factory: Callable[[], asyncio.AbstractEventLoop],
        lost: asyncio.Event,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(http_protocol, "_WRITE_TIMEOUT_S", 0.05)

        async def scenario() -> None:
            service: Any = EchoService()
            async with served(service) as url:
                _, writer = await connect(url)
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                writer.write(PAGE * PAGES)
                async with asyncio.timeout(10):
                    await lost.wait()
                writer.transport.abort()

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(scenario())
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    async def test_gets_everything_once_it_reads(self, url: str) -> None:
        reader, writer = await connect(url)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(PAGE * PAGES)
        await asyncio.sleep(0.2)  # until all buffers are full
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(20):
            for _ in range(PAGES):
                assert (await read_answer(reader)).status == 200
        writer.close()


class TestPeerThatAsksForNothingMore:
    @pytest.mark.parametrize("rest", [b"", b"\r\n", b"x"], ids=["nothing", "an empty line", "a piece of the body"])
    async def test_is_let_go(self, hasty: Hasty, rest: bytes) -> None:
        """Also when it goes on with bytes that begin no request."""
        reader, writer = await connect(await hasty(0.05))
        length = len(rest.strip()) * 2
        writer.write(f"GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
        assert (await read_answer(reader)).status == 404
        writer.write(rest)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    async def test_is_not_meant_once_it_speaks_websocket(self, hasty: Hasty) -> None:
        reader, writer = await connect(await hasty(1.0))
        for target, headers, status in (("/v1/models", {}, 200), ("/v1/realtime?model=gpt-realtime", UPGRADE, 101)):
            lines = [f"GET {target} HTTP/1.1", "Host: localhost", *(f"{name}: {headers[name]}" for name in headers)]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            assert (await read_answer(reader)).status == status
        header = await reader.readexactly(2)
        await reader.readexactly(header[1])
        await asyncio.sleep(1.5)
        writer.write(b"\x81\x82" + bytes(4) + b"{}")
        async with asyncio.timeout(5):
            assert await reader.readexactly(4) == b"\x81\x02{}"
        writer.close()
