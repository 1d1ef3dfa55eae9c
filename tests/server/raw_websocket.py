"""A WebSocket by hand: frames that no library would write, and what comes back."""

import asyncio
import struct
from typing import Self
from urllib.parse import urlsplit

from http_client import UPGRADE

TARGET = "/v1/realtime?model=gpt-realtime"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KEY = bytes.fromhex("a1b2c3d4")


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True, length: int | None = None
) -> bytes:
    """A client's frame; `length` claims another size."""
    size = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if not masked:
        return head + payload
    mask = int.from_bytes((KEY * (len(payload) // 4 + 1))[: len(payload)])
    return head + KEY + (int.from_bytes(payload) ^ mask).to_bytes(len(payload))


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def fragments(opcode: int, *pieces: bytes) -> list[bytes]:
    """One message in so many frames."""
    last = len(pieces) - 1
    return [frame(opcode if n == 0 else CONT, piece, fin=n == last) for n, piece in enumerate(pieces)]


def handshake(url: str) -> bytes:
    headers = {"Host": urlsplit(url).netloc, **UPGRADE}
    return "\r\n".join([f"GET {TARGET} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items()), "", ""]).encode()


class RawWebSocket:
    """`received` reads frames as `(opcode, payload)`; the server's are neither masked nor fragmented."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, url: str, *, together: bytes = b"") -> Self:
        """Past the handshake; `together` leaves in one write with it."""
        parts = urlsplit(url)
        self = cls(*await asyncio.open_connection(parts.hostname, parts.port))
        self.writer.write(handshake(url) + together)
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        return self

    def send(self, *frames: bytes, chop: int | None = None) -> None:
        """In one write, or in pieces of `chop` octets."""
        data = b"".join(frames)
        for at in range(0, len(data), chop or len(data)):
            self.writer.write(data[at : at + (chop or len(data))])

    async def receive(self) -> tuple[int, bytes]:
        first, size = await self.reader.readexactly(2)
        assert first & 0xF0 == 0x80
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def rest(self) -> list[tuple[int, bytes]]:
        """All frames until both sides have ended the connection, which the server has to do in order."""
        frames = []
        async with asyncio.timeout(20):
            while not self.reader.at_eof():
                frames.append(await self.receive())
                if frames[-1][0] == CLOSE:
                    self.writer.write_eof()
                    assert await self.reader.read() == b""
        self.writer.close()
        return frames
