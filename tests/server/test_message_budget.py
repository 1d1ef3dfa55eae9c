"""Messages that are unfinished or wait have one bound for the whole process; who stays small does not notice."""

import asyncio
import json
import random
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from http_client import UPGRADE, connect, read_answer
from websockets.asyncio.client import connect as websocket

from voxwire.dialects.wire_codec import WireCodec
from voxwire.events.client import ClientEvent
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.service import Service
from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"
MIB = 1024 * 1024
LIMIT = 8 * MIB
#: An unfinished message of so much is held by each hostile client.
HELD = 3 * MIB

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def service() -> Service:
    return fake_service(runtime_limits=RuntimeLimits(message_bytes=LIMIT))


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    async with served(service) as url:
        yield url


@asynccontextmanager
async def hostile(url: str) -> AsyncIterator[Streams]:
    """A connection whose frames are ours to write."""
    reader, writer = await connect(url)
    lines = [f"GET {GA} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in UPGRADE.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert (await read_answer(reader)).status == 101
    assert (await event(reader))["type"] == "session.created"
    try:
        yield reader, writer
    finally:
        writer.close()


def head(size: int, first: int = 0x81) -> bytes:
    return struct.pack("!BBQ", first, 0x80 | 127, size) + bytes(4)


async def frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    async with asyncio.timeout(10):
        first, size = await reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await reader.readexactly(8))
        return first & 15, await reader.readexactly(size)


async def event(reader: asyncio.StreamReader) -> dict[str, object]:
    opcode, data = await frame(reader)
    assert opcode == 1
    found: dict[str, object] = json.loads(data)
    return found


async def used(service: Service, expected: int) -> None:
    """Wait until so many bytes are counted."""
    for _ in range(1000):
        if service.budget.used == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{service.budget.used} bytes are counted, not {expected}")


@pytest.mark.parametrize("first", [0x81, 0x82, 0x01], ids=["text", "binary", "fragment"])
async def test_a_large_message_too_many_is_refused_and_the_others_go_on(url: str, service: Service, first: int) -> None:
    held = 2 * HELD + (0 if first == 0x01 else 2 * len(head(0)))
    async with hostile(url) as one, hostile(url) as two, hostile(url) as three:
        for _, writer in (one, two):
            writer.write(head(HELD if first == 0x01 else 2 * HELD, first) + b"a" * HELD)
        await used(service, held)
        reader, writer = three
        writer.write(head(20 * MIB) + b"a" * HELD)
        error = (await event(reader))["error"]
        assert isinstance(error, dict)
        assert (error["type"], error["code"]) == ("server_error", "try_again_later")
        assert "Try again later" in error["message"]
        opcode, reason = await frame(reader)
        assert (opcode, int.from_bytes(reason[:2])) == (8, 1013)
        await used(service, held)  # what it had sent is given up
        async with websocket(url.replace("http", "ws", 1) + GA, compression=None) as bystander:
            await bystander.send('{"type":"input_audio_buffer.clear"}')
            assert json.loads(await bystander.recv())["type"] == "session.created"
            assert json.loads(await bystander.recv())["type"] == "input_audio_buffer.cleared"
        if first == 0x81:
            one[1].write(b"a" * HELD)  # who was there before is let finish, once there is room
            assert (await event(one[0]))["type"] == "error"
            await used(service, held // 2)
    await used(service, 0)


async def test_small_messages_pass_while_nothing_large_does(url: str, service: Service) -> None:
    share = service.budget.share()
    share.hold(2 * LIMIT)
    async with hostile(url) as (reader, writer):
        small = b'{"type":"input_audio_buffer.clear","event_id":"' + b"e" * 400 + b'"}'
        for piece in range(0, len(small), 100):  # in pieces: so it is unfinished for a while
            start = struct.pack("!BBH", 0x81, 0x80 | 126, len(small)) + bytes(4) if piece == 0 else b""
            writer.write(start + small[piece : piece + 100])
            await asyncio.sleep(0)
            await writer.drain()
        assert (await event(reader))["type"] == "input_audio_buffer.cleared"


async def test_a_message_that_waits_for_a_thread_counts(
    url: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    decode = WireCodec.decode

    def wait(codec: WireCodec, frame: str | bytes) -> ClientEvent:
        free.wait(20)
        return decode(codec, frame)

    monkeypatch.setattr(WireCodec, "decode", wait)
    async with hostile(url) as (reader, writer):
        writer.write(head(HELD) + b"a" * HELD)
        try:
            await used(service, HELD)
        finally:
            free.set()
        assert (await event(reader))["type"] == "error"
        await used(service, 0)


async def test_audio_is_not_sent_back_while_there_is_no_room_for_it(url: str, service: Service) -> None:
    async with websocket(url.replace("http", "ws", 1) + GA, compression=None, max_size=None) as client:
        audio = "A" * (2 * MIB)
        item = {"id": "long", "type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
        await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
        while json.loads(await client.recv())["type"] != "conversation.item.done":
            pass
        share = service.budget.share()
        share.hold(LIMIT)
        await client.send('{"type":"conversation.item.retrieve","item_id":"long"}')
        while (answer := json.loads(await client.recv()))["type"] != "error":
            assert answer["type"] != "conversation.item.retrieved"
        assert answer["error"]["code"] == "try_again_later"
        share.hold(0)
        await client.send('{"type":"conversation.item.retrieve","item_id":"long"}')
        while json.loads(await client.recv())["type"] != "conversation.item.retrieved":
            pass
    await used(service, 0)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_connections_do_nothing_stays_counted(url: str, service: Service, seed: int) -> None:
    rng = random.Random(seed)

    async def misbehave() -> None:
        async with hostile(url) as (_, writer):
            for _ in range(rng.randrange(1, 6)):
                size = rng.choice([10, 70_000, MIB])
                match rng.randrange(6):
                    case 0:  # whole, and no event
                        writer.write(head(size) + b"a" * size)
                    case 1:  # ends inside
                        writer.write(head(size + 1) + b"a" * size)
                        break
                    case 2:  # ends between fragments
                        writer.write(head(size, 0x01) + b"a" * size + head(0, 0x00))
                        break
                    case 3:  # breaks the rules behind others
                        writer.write(head(size) + b"a" * size + b"\xf1\x80" + bytes(4))
                    case 4:  # audio, then events that have to wait for its scores
                        writer.write(head(len(_SPEECH)) + _SPEECH + (head(len(_LONG)) + _LONG) * 3)
                    case _:  # a good end
                        writer.write(b"\x88\x80" + bytes(4))
                        break
                await asyncio.sleep(0)
            await asyncio.sleep(rng.choice([0, 0.05]))
            if rng.random() < 0.5:
                writer.transport.abort()

    results = await asyncio.gather(*(misbehave() for _ in range(12)), return_exceptions=True)
    assert all(result is None or isinstance(result, OSError | EOFError) for result in results), results
    await used(service, 0)


_SPEECH = b'{"type":"input_audio_buffer.append","audio":"' + b"A" * 640_000 + b'"}'
_LONG = (
    b'{"type":"conversation.item.create","item":{"type":"message","role":"user",'
    b'"content":[{"type":"input_text","text":"' + b"A" * 500_000 + b'"}]}}'
)
