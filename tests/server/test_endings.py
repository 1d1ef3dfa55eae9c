"""What was answered leaves before the close frame, and what comes with the handshake is not lost."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import UPGRADE, connect, handshake, read_answer
from raw_websocket import CLOSE, PING, PONG, TARGET, TEXT, RawWebSocket, close, fragments, frame

from voxwire.server.net import websocket_protocol
from voxwire.testing.live_server import serve_process, served

SCRIPT = str(Path(__file__).parent / "serve_fake.py")
UPDATE = json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind."}}).encode()

ENDINGS = {
    "closes": (close(1000, b"bye"), 1000),
    "closes without a code": (close(), 1005),
    "is not masked": (frame(TEXT, b"{}", masked=False), 1002),
    "has a reserved bit": (frame(TEXT, b"{}", rsv=4), 1002),
    "has an unknown opcode": (frame(0x3, b"{}"), 1002),
    "is not UTF-8": (frame(TEXT, b"\xff"), 1007),
    "is not UTF-8 in its first fragment": (frame(TEXT, b"\xff", fin=False), 1007),
    "is too large": (frame(TEXT, b"x", length=2**40), 1009),
}


def code_of(closing: tuple[int, bytes]) -> int:
    opcode, payload = closing
    assert opcode == CLOSE
    return struct.unpack("!H", payload[:2])[0] if payload else 1005


@pytest.fixture(params=["in this loop", "as people run it"])
async def echo(request: pytest.FixtureRequest, serve: Serve) -> AsyncIterator[str]:
    """Two event loops: asyncio's own, and uvloop."""
    if request.param == "in this loop":
        yield await serve()
    else:
        with serve_process("0", "0", command=[SCRIPT]) as process:
            yield process.url


@pytest.mark.parametrize("bad", ENDINGS)
async def test_an_echo_leaves_first(echo: str, bad: str) -> None:
    ending, code = ENDINGS[bad]
    for count in (1, 40):  # in one turn, and in several
        client = await RawWebSocket.open(echo)
        client.send(*(frame(TEXT, b"%d" % number) for number in range(count)), ending)
        _, *echoes, closing = await client.rest()
        assert echoes == [(TEXT, b"%d" % number) for number in range(count)]
        assert code_of(closing) == code


@pytest.mark.parametrize("bad", ENDINGS)
async def test_a_sessions_answer_leaves_first(bad: str) -> None:
    ending, code = ENDINGS[bad]
    async with served() as url:
        client = await RawWebSocket.open(url)
        client.send(frame(TEXT, UPDATE), frame(TEXT, b"no event"), ending)
        *events, closing = await client.rest()
        assert [json.loads(payload)["type"] for _, payload in events] == ["session.created", "session.updated", "error"]
        assert code_of(closing) == code


async def test_who_shuts_down_sending_still_reads(echo: str) -> None:
    client = await RawWebSocket.open(echo)
    client.send(frame(TEXT, b"one"), close(1000))
    client.writer.write_eof()
    assert [payload for opcode, payload in await client.rest() if opcode == TEXT][1:] == [b"one"]


async def test_nothing_after_the_end_is_taken(url: str) -> None:
    client = await RawWebSocket.open(url)
    client.send(frame(TEXT, b"one"), close(1000), frame(TEXT, b"two"), frame(PING, b"p"))
    assert [opcode for opcode, _ in await client.rest()] == [TEXT, TEXT, CLOSE]


async def test_who_reads_nothing_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_protocol, "_LINGER_S", 0.2)
    service = EchoService()
    client = await RawWebSocket.open(await serve(service))
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(frame(TEXT, b"flood 2000"), close(1000))
    async with asyncio.timeout(10):
        while not service.attachments:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)
        while service.attachments:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    client.writer.transport.abort()


class TestTogetherWithTheHandshake:
    async def test_frames_are_taken(self, echo: str) -> None:
        together = frame(TEXT, b"one") + frame(PING, b"p") + b"".join(fragments(TEXT, b"t", b"w", b"o"))
        client = await RawWebSocket.open(echo, together=together)
        client.send(frame(TEXT, b"three"), close(1000))
        frames = await client.rest()
        assert (PONG, b"p") in frames
        assert [payload for opcode, payload in frames if opcode == TEXT][1:] == [b"one", b"two", b"three"]

    async def test_a_large_one(self, url: str) -> None:
        client = await RawWebSocket.open(url, together=frame(TEXT, b"x" * 1_000_000))
        client.send(close(1000))
        assert (TEXT, b'{"text": 1000000}') in await client.rest()

    async def test_a_goodbye(self, echo: str) -> None:
        client = await RawWebSocket.open(echo, together=frame(TEXT, b"one") + close(1000))
        frames = await client.rest()
        assert frames[1] == (TEXT, b"one")
        assert code_of(frames[-1]) == 1000

    async def test_a_refused_one(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        reader, writer = await connect(url)
        lines = [f"GET {TARGET} HTTP/1.1", "Host: localhost", *(f"{n}: {v}" for n, v in UPGRADE.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + frame(TEXT, b"one") + frame(PING) + close(1000))
        async with asyncio.timeout(5):
            assert (await read_answer(reader)).status == 401
            assert await reader.read() == b""
        writer.close()


class TestHandshakesThatCannotBe:
    async def test_http_1_0(self, url: str) -> None:
        reader, writer = await connect(url)
        lines = [f"GET {TARGET} HTTP/1.0", "Host: localhost", *(f"{n}: {v}" for n, v in UPGRADE.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        answer = await read_answer(reader)
        assert (answer.status, answer.error["code"]) == (426, "invalid_request")
        assert "needs HTTP/1.1" in answer.error["message"]
        writer.close()

    @pytest.mark.parametrize(
        ("headers", "body"),
        [({"Content-Length": "5"}, b"hello"), ({"Transfer-Encoding": "chunked"}, b"0\r\n\r\n")],
        ids=["counted", "chunked"],
    )
    @pytest.mark.parametrize("complete", [True, False])
    async def test_a_body(self, url: str, headers: dict[str, str], body: bytes, complete: bool) -> None:
        reader, writer = await connect(url)
        fields = {"Host": "localhost", **UPGRADE, **headers}
        lines = [f"GET {TARGET} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + (body if complete else b""))
        async with asyncio.timeout(5):
            answer = await read_answer(reader)
            assert (answer.status, answer.error["code"]) == (400, "invalid_request")
            assert "has no body" in answer.error["message"]
            assert await reader.read() == b""
        writer.close()

    async def test_no_body_may_be_said(self, url: str) -> None:
        assert (await handshake(url, TARGET, {"Content-Length": "0"})).status == 101


async def test_a_rude_client_is_logged_with_its_code(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "voxwire.access")
    service: Any = EchoService()
    async with served(service) as url:
        client = await RawWebSocket.open(url)
        client.send(frame(TEXT, b"\xff"))
        await client.rest()
    assert "close=1007" in caplog.text
