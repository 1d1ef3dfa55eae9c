"""A transport in memory: what the client received, and a client that can stop reading."""

import asyncio
from typing import Any

import msgspec

from voxwire.events.closing import CloseReason
from voxwire.interfaces.transport import TransportClosed

Event = dict[str, Any]


class MemoryTransport:
    """Implements `voxwire.interfaces.transport.Transport`; frames are kept as decoded JSON in `events`.

    `writes` counts the frames of each `send` or `send_now`. `reading.clear()` makes the client stop reading: `send`
    waits until it is set again, and `send_now` sends nothing.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.writes: list[int] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.gone = False
        self.closed: tuple[CloseReason, str] | None = None
        self._more = asyncio.Event()

    async def send(self, *frames: bytes) -> None:
        if self.gone:
            raise TransportClosed
        await self.reading.wait()
        self._receive(frames)

    def send_now(self, *frames: bytes) -> bool:
        if self.gone or not self.reading.is_set():
            return False
        self._receive(frames)
        return True

    def _receive(self, frames: tuple[bytes, ...]) -> None:
        self.writes.append(len(frames))
        self.events += [msgspec.json.decode(frame) for frame in frames]
        self._more.set()

    async def close(self, reason: CloseReason, message: str) -> None:
        self.closed = reason, message
        self._more.set()

    # --- for tests ----------------------------------------------------------------------------------

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def all(self, type: str) -> list[Event]:
        return [event for event in self.events if event["type"] == type]

    async def wait_for(self, type: str, count: int = 1, *, timeout: float = 10.0) -> Event:
        """The `count`-th event of this type, from the start of the connection; waits until it is there."""
        async with asyncio.timeout(timeout):
            while len(self.all(type)) < count:
                self._more.clear()
                await self._more.wait()
        return self.all(type)[count - 1]

    async def wait_closed(self, *, timeout: float = 10.0) -> tuple[CloseReason, str]:
        async with asyncio.timeout(timeout):
            while self.closed is None:
                self._more.clear()
                await self._more.wait()
        return self.closed
