"""What hostile clients do, one function a kind. Each opens what it needs, does its worst, and is gone again.

All are bounded: in frames, in bytes and in time.
"""

import asyncio
import base64
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Final

from client import Client, ServerFull, frame

sys.path.append(str(Path(__file__).parent.parent))

from fuzz import mutation, seeds  # only now they can be found

MIB: Final = 1024 * 1024


class Attacker:
    """One hostile person: attack after attack, in an order that `seed` decides. `counts` is shared."""

    def __init__(self, port: int, path: str, seed: int, counts: Counter[str]) -> None:
        self.port = port
        self.path = path
        self.rng = Random(seed)
        self.counts = counts

    async def attack(self, until: Callable[[], bool]) -> None:
        kinds: list[tuple[Callable[[Attacker], Awaitable[None]], int]] = list(KINDS.items())
        while not until():
            (kind, _), *_ = self.rng.choices(kinds, [weight for _, weight in kinds])
            self.counts["attacks"] += 1
            with contextlib.suppress(OSError):  # refused or cut off: what it came for
                await kind(self)

    async def connect(self) -> Client:
        client = await Client.connect(self.port, self.path)
        client.on_event = self._event
        return client

    def _event(self, payload: bytes, at: float) -> None:
        if payload.startswith(b'{"type":"error"'):
            self.counts["errors answered"] += 1

    def send(self, client: Client, data: bytes, frames: int = 1) -> None:
        self.counts["frames"] += frames
        self.counts["bytes"] += len(data)
        client.send(data)

    async def leave(self, client: Client) -> None:
        """Go without a word, or wait for the server to end it, which reads on for two seconds."""
        if self.rng.random() < 0.5:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(client.closed), 2.5)
        if client.closed.done():
            self.counts["connections ended by the server"] += 1
        client.close()


async def damaged_events(attacker: Attacker) -> None:
    client = await attacker.connect()
    frames = attacker.rng.choice([seeds.GA, seeds.PREVIEW])
    for _ in range(100):
        event = mutation.mutate(attacker.rng, attacker.rng.choice(frames), frames)
        attacker.send(client, text(event))
        if attacker.rng.random() < 0.2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    await attacker.leave(client)


async def large_refused(attacker: Attacker) -> None:
    client = await attacker.connect()
    size = attacker.rng.choice([1, 8, 30]) * MIB
    shape = attacker.rng.choice(
        [
            b'{"type":"input_audio_buffer.append","audio":"%b!"}',
            b'{"type":"nope","x":"%b"}',
            b'{"type":"session.update","session":{"type":"realtime","instructions":"%b"}}',
            b"%b",
        ]
    )
    attacker.send(client, text(shape % (b"A" * size)))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(client.closed), 1.0)
    await attacker.leave(client)


async def unfinished(attacker: Attacker) -> None:
    clients = [await attacker.connect() for _ in range(3)]
    for client in clients:
        first = attacker.rng.choice([0x81, 0x01, 0x82])
        attacker.send(client, bytes([first, 0xFF]) + (32 * MIB).to_bytes(8) + bytes(4) + b"x" * (4 * MIB))
    await asyncio.sleep(attacker.rng.uniform(0, 1))
    for client in clients:
        client.close()


async def broken_frames(attacker: Attacker) -> None:
    client = await attacker.connect()
    broken = [
        b"\xf1\x80" + bytes(4),  # reserved bits
        b"\x81\x05hello",  # no mask
        b"\x80\x80" + bytes(4),  # a continuation of nothing
        b"\x81\x82" + bytes(4) + b"\xff\xfe",  # no UTF-8
        b"\x89\xfe\x00\x80" + bytes(132),  # a long ping
        bytes([0x81, 0xFF]) + (1 << 40).to_bytes(8) + bytes(4),  # a terabyte
        attacker.rng.randbytes(200),
    ]
    attacker.send(client, text(b'{"type":"input_audio_buffer.clear"}') + attacker.rng.choice(broken), 2)
    await asyncio.sleep(0.1)
    await attacker.leave(client)


async def many_small(attacker: Attacker) -> None:
    client = await attacker.connect()
    small = attacker.rng.choice([text(b"{}"), b"\x89\x80" + bytes(4), b"\x82\x80" + bytes(4), text(b"[")])
    for _ in range(10):
        attacker.send(client, small * 500, 500)
        await asyncio.sleep(0)
    await asyncio.sleep(0.3)
    await attacker.leave(client)


async def speech_without_end(attacker: Attacker) -> None:
    """Noise as fast as it goes, in turns that are answered, and gone in the middle of the answer."""
    client = await attacker.connect()
    noise = base64.b64encode(attacker.rng.randbytes(48_000)).decode()
    silence = base64.b64encode(bytes(48_000)).decode()
    for audio in (noise, noise, silence, noise):
        attacker.send(client, frame({"type": "input_audio_buffer.append", "audio": audio}))
    attacker.send(client, frame({"type": "input_audio_buffer.commit"}))
    attacker.send(client, frame({"type": "response.create"}))
    await asyncio.sleep(attacker.rng.uniform(0, 1))
    await attacker.leave(client)


async def reads_nothing(attacker: Attacker) -> None:
    client = await attacker.connect()
    client.pause_reading()
    for number in range(5):
        text_item = {"type": "input_text", "text": f"Tell me about {number}, please."}
        item = {"type": "message", "role": "user", "content": [text_item]}
        attacker.send(client, frame({"type": "conversation.item.create", "item": item}))
        attacker.send(client, frame({"type": "response.create", "response": {"conversation": "none"}}))
    await asyncio.sleep(1)
    client.close()


async def half_handshakes(attacker: Attacker) -> None:
    for head in (b"GET /v1/realtime", b"\x16\x03\x01" + bytes(100), b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000, b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", attacker.port)
        attacker.counts["frames"] += 1
        writer.write(head)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()


#: How often each kind comes.
KINDS: Final[dict[Callable[[Attacker], Awaitable[None]], int]] = {
    damaged_events: 6,
    large_refused: 2,
    unfinished: 1,
    broken_frames: 4,
    many_small: 2,
    speech_without_end: 2,
    reads_nothing: 1,
    half_handshakes: 1,
}


def text(payload: bytes) -> bytes:
    """One text frame, whatever it holds."""
    size = len(payload)
    if size < 126:
        head = bytes([0x81, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([0x81, 0xFE]) + size.to_bytes(2)
    else:
        head = bytes([0x81, 0xFF]) + size.to_bytes(8)
    return head + bytes(4) + payload


#: What the server asks those to wait whom it turns away is 5 s; a bystander is in a hurry.
_COME_BACK_S = 1.0


class Bystander:
    """A clean person: question after question, each spoken; `times` are milliseconds to the first sound."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.path = path
        self.times: list[float] = []
        self.failures: list[str] = []
        self.turned_away = 0

    async def ask(self, until: Callable[[], bool], *, pause_s: float = 0.2) -> None:
        while not until():
            try:
                async with asyncio.timeout(60):
                    await self._converse(until, pause_s)
            except ServerFull:  # a polite answer under load, and one comes back as it asks
                self.turned_away += 1
                await asyncio.sleep(_COME_BACK_S)
            except (OSError, TimeoutError) as error:
                self.failures.append(f"{type(error).__name__} {error}")

    async def _converse(self, until: Callable[[], bool], pause_s: float) -> None:
        client = await Client.connect(self.port, self.path)
        events: asyncio.Queue[tuple[bytes, float]] = asyncio.Queue()
        client.on_event = lambda payload, at: events.put_nowait((payload, at))
        loop_time = asyncio.get_running_loop().time
        try:
            for _ in range(10):
                if until():
                    return
                question = {"type": "input_text", "text": "What is twelve times seven?"}
                item = {"type": "message", "role": "user", "content": [question]}
                client.send(frame({"type": "conversation.item.create", "item": item}))
                sent = loop_time()
                client.send(frame({"type": "response.create"}))
                heard = False
                while True:
                    payload, _ = await events.get()
                    if not heard and b"audio.delta" in payload[:60]:
                        heard = True
                        self.times.append((loop_time() - sent) * 1000)
                    if payload.startswith(b'{"type":"error"'):
                        self.failures.append(payload[:200].decode(errors="replace"))
                    if payload.startswith(b'{"type":"response.done"'):
                        status = json.loads(payload)["response"]["status"]
                        if status != "completed":
                            self.failures.append(f"an answer is {status}")
                        break
                await asyncio.sleep(pause_s)
        finally:
            client.close()
