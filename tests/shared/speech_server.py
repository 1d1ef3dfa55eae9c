"""A local imitation of a server with `/audio/speech`: it hums, a little for each letter."""

import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from voxwire.testing.chat_server import ChatServer, ChatStep, Received, chat_server, chunk, head

RATE = 24_000


def hum(text: str, speed: float = 1.0, rate: int = RATE) -> bytes:
    """60 ms for each character."""
    count = int(len(text) * 0.06 * rate / speed)
    tone = 8_000 * np.sin(np.arange(count) * 2 * np.pi * 180 / rate)
    return tone.astype("<i2").tobytes()


def wav(pcm: bytes, rate: int, *, channels: int = 1, bits: int = 16, kind: int = 1, extra: bytes = b"") -> bytes:
    """A WAV file of unknown length, as servers that stream send it."""
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    return b"RIFF\xff\xff\xff\xffWAVE" + extra + b"fmt " + struct.pack("<I", 16) + form + b"data\xff\xff\xff\xff" + pcm


def streamed(body: bytes, *, piece: int = 4801, content_type: str = "audio/pcm") -> list[ChatStep]:
    """A body in pieces, cut in the middle of samples."""
    first = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    pieces = [chunk(body[at : at + piece]) for at in range(0, len(body), piece)]
    return [first, *pieces, b"0\r\n\r\n"]


def speaks(request: Received) -> list[ChatStep]:
    """An honest answer."""
    asked = request.json
    return streamed(hum(asked["input"], asked.get("speed", 1.0)))


def refuses(status: int, body: bytes = b'{"error": {"code": "no", "message": "sk-secret"}}') -> list[ChatStep]:
    return [head(status, "application/json") + body]


Script = Callable[[Received], Any]


@asynccontextmanager
async def speech_server(script: Script = speaks, *, port: int = 0) -> AsyncIterator[ChatServer]:
    """Run one on a port of the loopback, a free one unless it is named."""
    async with chat_server(script, models=("tts-1",), path="/audio/speech", port=port) as server:
        yield server
