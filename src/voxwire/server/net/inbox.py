"""What a connection has received and its application has not yet taken."""

import asyncio

from voxwire.transports.asgi import AsgiMessage


class Inbox:
    """A queue of ASGI messages that knows its size. Unbounded by itself: its owner stops reading in time."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[AsgiMessage, int]] = asyncio.Queue()
        self._closed = False
        self.count = 0
        """Messages that wait."""
        self.bytes = 0
        """What they hold together."""

    def put(self, message: AsgiMessage, size: int = 0) -> None:
        """Add a message that holds `size` bytes; dropped once nobody takes any more."""
        if not self._closed:
            self._queue.put_nowait((message, size))
            self.count += 1
            self.bytes += size

    async def take(self) -> AsgiMessage:
        """The next message; waits for it."""
        message, size = await self._queue.get()
        self.count -= 1
        self.bytes -= size
        return message

    def close(self) -> None:
        """The application has ended: forget everything, and what still comes."""
        self._closed = True
        self._queue = asyncio.Queue()
        self.count = self.bytes = 0
