"""Open connections: frames, closing from both sides, peers that misbehave."""

import asyncio
import contextlib
import json
import logging
import struct
import time
from collections import Counter
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import UPGRADE, connect, read_answer
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosedError

from voxwire.events.closing import CloseReason
from voxwire.server.net import http_protocol, websocket_protocol
from voxwire.server.net.websocket_frames import FrameCutter
from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"
MIB = 1024 * 1024


def open_socket(url: str, **options: object) -> websocket:
    return websocket(url.replace("http", "ws", 1) + GA, max_size=None, compression=None, **options)  # type: ignore[arg-type]


async def closed(client: ClientConnection) -> tuple[int, str]:
    """Read until the connection ends; close code and reason."""
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionClosedError):  # what codes that mean a failure raise
            async for _ in client:
                pass
        await client.wait_closed()
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


async def raw_websocket(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket whose frames are ours to write, past the greeting."""
    reader, writer = await connect(url)
    lines = [f"GET {GA} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in UPGRADE.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert (await read_answer(reader)).status == 101
    header = await reader.readexactly(2)
    await reader.readexactly(header[1])
    return reader, writer


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, length: int | None = None) -> bytes:
    """A client frame with a mask of zeros; `length` claims another size."""
    size = len(payload) if length is None else length
    head = bytes([opcode | (0x80 if fin else 0)])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    return head + bytes(4) + payload


async def close_code(reader: asyncio.StreamReader) -> int:
    """The code of the close frame that comes next."""
    async with asyncio.timeout(5):
        header = await reader.readexactly(2)
        assert header[0] == 0x88
        code: int = struct.unpack("!H", (await reader.readexactly(header[1]))[:2])[0]
        return code


class TestFrames:
    async def test_text(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            for text in ("{}", "ümläut ☕", ""):
                await client.send(text)
                assert await client.recv() == text

    async def test_many_arrive_in_order(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            for number in range(500):
                await client.send(str(number))
            assert [int(await client.recv()) for _ in range(500)] == list(range(500))

    async def test_binary_is_passed_on_as_such(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            await client.send(b"\x00\xff")
            assert json.loads(await client.recv()) == {"binary": 2}

    async def test_fragments(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            await client.send(["{", '"a":', "1}"])
            assert await client.recv() == '{"a":1}'

    async def test_fifteen_mib_of_audio_in_one_frame(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            size = 20 * MIB + 100
            await client.send("x" * size)
            assert json.loads(await client.recv()) == {"text": size}
            await client.send("still here")
            assert await client.recv() == "still here"

    async def test_invalid_utf8(self, url: str, caplog: pytest.LogCaptureFixture) -> None:
        reader, writer = await raw_websocket(url)
        writer.write(frame(0x1, b"\xff\xfe"))
        assert await close_code(reader) == 1007
        writer.close()
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

    async def test_broken_framing(self, url: str) -> None:
        reader, writer = await raw_websocket(url)
        writer.write(b"\xf1\x80" + bytes(4))  # reserved bits
        assert await close_code(reader) == 1002
        writer.close()

    async def test_pings_are_answered(self, url: str) -> None:
        async with open_socket(url) as client:
            async with asyncio.timeout(5):
                await (await client.ping())

    @pytest.mark.parametrize("opcode", [0x1, 0x9, 0xA], ids=["texts", "pings", "pongs"])
    async def test_many_small_ones_leave_the_others_their_turns(
        self, url: str, opcode: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between any two turns of the loop some frames are taken, not all that came."""
        turns, in_one_turn = 0, Counter[int]()

        def count() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(count)

        measure = FrameCutter._measure

        def counting(cutter: FrameCutter, data: bytes, at: int) -> tuple[int, int]:
            in_one_turn[turns] += 1
            return measure(cutter, data, at)

        loop = asyncio.get_running_loop()
        _, writer = await raw_websocket(url)
        monkeypatch.setattr(FrameCutter, "_measure", counting)
        loop.call_soon(count)
        writer.write(frame(opcode) * 5000)
        async with asyncio.timeout(20):
            while sum(in_one_turn.values()) < 5000:  # noqa: ASYNC110 - turns are what is counted
                await asyncio.sleep(0)
        assert max(in_one_turn.values()) < 64
        writer.transport.abort()

    async def test_the_server_pings_and_expects_nothing(self, serve: Serve) -> None:
        url = await serve(websocket={"ping_interval_s": 0.05})
        reader, writer = await raw_websocket(url)
        async with asyncio.timeout(5):
            for _ in range(4):  # unanswered
                header = await reader.readexactly(2)
                assert header[0] == 0x89
                await reader.readexactly(header[1])
        writer.close()

    async def test_pongs_do_not_hurry_the_next_pings(self, serve: Serve) -> None:
        reader, writer = await raw_websocket(await serve(websocket={"ping_interval_s": 0.1}))
        async with asyncio.timeout(5):
            await reader.readexactly(2)
            began = time.monotonic()
            for _ in range(3):
                writer.write(frame(0xA) * 2)
                assert await reader.readexactly(2) == b"\x89\x00"
        assert time.monotonic() - began > 0.25
        writer.close()


class TestTooLarge:
    async def test_the_client_learns_why(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            sending = asyncio.ensure_future(client.send("x" * (33 * MIB)))
            code, _ = await closed(client)
            assert code == 1009
            await asyncio.gather(sending, return_exceptions=True)

    async def test_a_claimed_size_is_enough(self, url: str) -> None:
        reader, writer = await raw_websocket(url)
        writer.write(frame(0x1, b"x", length=2**40))
        assert await close_code(reader) == 1009
        writer.close()

    async def test_in_the_middle_of_an_answer(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        service = EchoService()
        reader, writer = await raw_websocket(await serve(service))
        writer.write(frame(0x1, b"flood 2000"))
        await reader.readexactly(100_000)
        writer.write(frame(0x1, b"x", length=2**40))
        async with asyncio.timeout(10):
            await reader.read()
            while service.attachments:  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.01)
        writer.close()
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

    async def test_many_small_fragments(self, serve: Serve) -> None:
        url = await serve(websocket={"max_message_bytes": 1000})
        reader, writer = await raw_websocket(url)
        writer.write(frame(0x1, b"x" * 600, fin=False) + frame(0x0, b"x" * 600, fin=False))
        assert await close_code(reader) == 1009
        writer.close()

    async def test_a_message_of_very_many_fragments(self, url: str) -> None:
        reader, writer = await raw_websocket(url)
        fragments = (frame(0x0, fin=False) + frame(0x0, b"xy", fin=False)) * 500
        writer.write(frame(0x1, b"ab", fin=False) + fragments + frame(0x9))
        assert await reader.readexactly(2) == b"\x8a\x00"
        writer.write(frame(0x0))
        header = await reader.readexactly(2)
        assert json.loads(await reader.readexactly(header[1])) == {"text": 1002}
        writer.close()

    async def test_the_connection_ends_although_the_client_stays(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(websocket_protocol, "_DROP_S", 0.05)
        reader, writer = await raw_websocket(url)
        writer.write(frame(0x1, b"x", length=2**40))
        assert await close_code(reader) == 1009
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


class TestClosing:
    @pytest.mark.parametrize(
        ("reason", "code", "message"),
        [
            ("EXPIRED", 1001, "over"),
            ("STOPPING", 1001, "ü" * 60),
            ("NOT_READING", 1008, "a.b"),
            ("INTERNAL_ERROR", 1011, ""),
            ("RESTARTING", 1012, "soon"),
        ],
    )
    async def test_from_our_side(self, url: str, reason: str, code: int, message: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            await client.send(f"close {reason} {message}")
            assert await closed(client) == (code, message)

    async def test_long_reasons_are_cut_at_a_character(self, url: str) -> None:
        async with open_socket(url) as client:
            await client.recv()
            await client.send("close EXPIRED " + "ü" * 100)
            assert await closed(client) == (1001, "ü" * 61)

    async def test_from_the_clients_side(self, serve: Serve) -> None:
        service = EchoService()
        async with open_socket(await serve(service)) as client:
            await client.recv()
            assert service.attachments
        await self._empty(service)

    async def test_without_a_word(self, serve: Serve) -> None:
        service = EchoService()
        _, writer = await raw_websocket(await serve(service))
        writer.transport.abort()
        await self._empty(service)

    @pytest.mark.parametrize(("farewell", "code"), [(frame(0x8), 1005), (frame(0x8, b"\x03\xe8"), 1000), (b"", 1006)])
    async def test_the_log_says_how(self, farewell: bytes, code: int, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "voxwire.access")
        service: Any = EchoService()
        async with served(service) as url:
            _, writer = await raw_websocket(url)
            writer.write(farewell)
            writer.close()
            await self._empty(service)
        assert f"close={code}" in caplog.text

    async def test_a_bug_of_ours_is_1011(self, url: str, caplog: pytest.LogCaptureFixture) -> None:
        async with open_socket(url) as client:
            await client.recv()
            await client.send("crash")
            assert (await closed(client))[0] == 1011
        assert "asked to crash" in caplog.text

    @staticmethod
    async def _empty(service: EchoService) -> None:
        async with asyncio.timeout(5):
            while service.attachments:  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.01)


class TestPeerThatDoesNotRead:
    async def test_is_paused_and_costs_nobody_else(self, serve: Serve) -> None:
        service = EchoService()
        url = await serve(service)
        slow, writer = await self._deaf(url)
        writer.write(frame(0x1, b"flood 2000"))  # 125 MiB, far beyond every buffer
        async with open_socket(url) as other:
            await other.recv()
            began = time.monotonic()
            for number in range(100):
                await other.send(str(number))
                assert await other.recv() == str(number)
            assert time.monotonic() - began < 5
        assert len(service.attachments) == 1
        writer.transport.abort()
        del slow

    async def test_is_cut_off_when_it_takes_no_close_frame(self, serve: Serve) -> None:
        service = EchoService()
        url = await serve(service)
        _, writer = await self._deaf(url)
        writer.write(frame(0x1, b"flood 2000"))
        async with asyncio.timeout(10):
            while not service.attachments:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            (attachment,) = service.attachments
            await self._full(service)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await attachment.transport.close(CloseReason.NOT_READING, "reads too slowly")
            while service.attachments:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        writer.transport.abort()

    async def test_is_cut_off_when_it_breaks_the_rules_besides(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(websocket_protocol, "_DROP_S", 0.05)
        monkeypatch.setattr(websocket_protocol, "_LINGER_S", 0.1)
        service = EchoService()
        _, writer = await self._deaf(await serve(service))
        writer.write(frame(0x1, b"flood 2000"))
        await self._full(service)
        writer.write(frame(0x1, b"x", length=2**40))
        async with asyncio.timeout(10):
            while service.attachments:  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.01)
        writer.transport.abort()

    async def test_gets_no_more_pongs_than_it_reads(self, url: str) -> None:
        reader, writer = await self._deaf(url)
        pings = frame(0x9, bytes(125)) * 8000
        for _ in range(32):
            writer.write(pings)
            await writer.drain()
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        writer.write(frame(0x1, b"the end"))
        received = b""
        async with asyncio.timeout(50):
            while not received.endswith(b"the end"):
                received += await reader.read(MIB)
        assert len(received) < 16 * MIB  # what the kernel holds, of 31 MiB
        writer.write(frame(0x9, b"again"))
        assert await reader.readexactly(7) == b"\x8a\x05again"
        writer.close()

    async def test_gets_no_more_pings(self, serve: Serve) -> None:
        service = EchoService()
        _, writer = await self._deaf(await serve(service, websocket={"ping_interval_s": 0.01}))
        (attachment,) = service.attachments
        transport = attachment.transport._express._transport  # type: ignore[attr-defined]
        writer.write(frame(0x1, b"flood 2000"))
        await self._full(service)
        waiting = transport.get_write_buffer_size()
        await asyncio.sleep(0.2)
        assert transport.get_write_buffer_size() == waiting > 0
        writer.transport.abort()

    async def test_gets_nothing_at_once(self, serve: Serve) -> None:
        service = EchoService()
        _, writer = await self._deaf(await serve(service))
        (attachment,) = service.attachments
        express = attachment.transport._express  # type: ignore[attr-defined]
        assert express.send_texts_now((b"first",))
        writer.write(frame(0x1, b"flood 2000"))
        await self._full(service)
        waiting = express._transport.get_write_buffer_size()
        assert not express.send_texts_now((b"more",))
        assert express._transport.get_write_buffer_size() == waiting > 0
        writer.transport.abort()
        await attachment.closed.wait()
        assert not express.send_texts_now((b"late",))

    @staticmethod
    async def _full(service: EchoService) -> None:
        """Until no buffer on the way to the one client takes any more."""
        async with asyncio.timeout(10):
            while not service.attachments:  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.01)
            (attachment,) = service.attachments
            express = attachment.transport._express  # type: ignore[attr-defined]
            before = -1
            while express._writable.is_set() or express._transport.get_write_buffer_size() != before:
                before = express._transport.get_write_buffer_size()
                await asyncio.sleep(0.05)

    @staticmethod
    async def _deaf(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await raw_websocket(url)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        return reader, writer


class TestHead:
    """Request line and headers are bounded in size and in time."""

    async def test_endless_headers(self, url: str) -> None:
        reader, writer = await connect(url)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        answer = asyncio.ensure_future(read_answer(reader))
        async with asyncio.timeout(10):
            while not answer.done():
                writer.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
                await asyncio.sleep(0)
        assert (await answer).status == 431
        writer.close()

    @pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 431), (200_000, 431)])
    async def test_headers_that_come_at_once(self, url: str, size: int, status: int) -> None:
        reader, writer = await connect(url)
        start, end = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Filler: ", b"\r\n\r\n"
        writer.write(start + b"x" * (size - len(start) - len(end)) + end)
        assert (await read_answer(reader)).status == status
        writer.close()

    async def test_slow_headers(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.05)
        reader, writer = await connect(url)
        writer.write(b"GET / HTTP/1.1\r\nHost: loc")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    async def test_silent_connection(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.05)
        reader, writer = await connect(url)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    async def test_a_websocket_outlives_the_deadline(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.1)
        async with open_socket(url) as client:
            await client.recv()
            await asyncio.sleep(0.3)
            await client.send("still here")
            assert await client.recv() == "still here"

    async def test_no_http(self, url: str) -> None:
        reader, writer = await connect(url)
        writer.write(b"\x16\x03\x01 this is TLS\r\n\r\n")
        answer = await read_answer(reader)
        assert (answer.status, answer.error["code"]) == (400, "invalid_request")
        writer.close()
