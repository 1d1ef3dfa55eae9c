"""A WebSocket client that costs the generator as little as possible.

Frames are built once and shared by all sessions: the masking key is zero, so the payload goes out
as it is. Only the head of a server frame is parsed; callers look at the payload if they need to.
"""

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from time import perf_counter
from typing import cast

import msgspec

from address import Address


def frame(event: dict[str, object]) -> bytes:
    """`event` as one masked text frame."""
    return _masked(0x81, msgspec.json.encode(event))


def _masked(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


def append_frames(pcm: bytes, frame_ms: int) -> list[bytes]:
    """PCM16 at 24 kHz as ready-made append frames of `frame_ms`."""
    step = 48 * frame_ms
    return [
        frame({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm[at : at + step]).decode()})
        for at in range(0, len(pcm) - step + 1, step)
    ]


class ServerFull(ConnectionError):
    """The server has no room for another session at the moment, and says so."""


class Client(asyncio.Protocol):
    """One session. `on_event(payload, received_at)` is called for every text frame of the server."""

    def __init__(self, address: Address) -> None:
        self.on_event: Callable[[bytes, float], None] = lambda payload, at: None
        self.closed = asyncio.get_running_loop().create_future()
        self._address = address
        self._buffer = bytearray()
        self._upgraded = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport

    @classmethod
    async def connect(cls, port: int, path: str) -> "Client":
        return await cls.open(Address("127.0.0.1", port, path))

    @classmethod
    async def open(cls, address: Address) -> "Client":
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(address), address.host, address.port)
        await client._upgraded
        return client

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.abort()

    def pause_reading(self) -> None:
        """Read nothing from now on."""
        cast("asyncio.ReadTransport", self._transport).pause_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports write, but are not registered as asyncio.WriteTransport.
        self._transport = cast("asyncio.WriteTransport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        lines = (
            f"GET {self._address.path} HTTP/1.1",
            f"Host: {host}:{self._address.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *self._address.headers,
        )
        self._transport.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._upgraded.done():
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            status = bytes(buffer[: buffer.find(b"\r\n")])
            if b" 101 " not in status:
                refusal = ServerFull if b" 503 " in status else ConnectionError
                self._upgraded.set_exception(refusal(status.decode()))
                self._transport.abort()
                return
            del buffer[: end + 4]
            self._upgraded.set_result(None)
        now = perf_counter()
        while (payload := self._next_frame()) is not None:
            if payload:
                self.on_event(payload, now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._upgraded.done():
            self._upgraded.set_exception(ConnectionError("closed during the handshake"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _next_frame(self) -> bytes | None:
        """The next text payload; empty for a control frame; None when none is complete."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, size, start = buffer[0] & 15, buffer[1] & 127, 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, start = int.from_bytes(buffer[2:4]), 4
        elif size == 127:
            if len(buffer) < 10:
                return None
            size, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + size:
            return None
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        if opcode == 9:  # a server that hears no pong takes the session for dead
            self.send(_masked(0x8A, payload))
        return payload if opcode == 1 else b""
