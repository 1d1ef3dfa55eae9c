"""What a connection has received and its application has not yet taken."""

from voxwire.runtime import Notify
from voxwire.transports.asgi import AsgiMessage


class Inbox:
    """A queue of ASGI messages that knows its size. Unbounded by itself: its owner stops reading in time. So few
    messages wait, and a list of them is enough."""

    __slots__ = ("_arrived", "_closed", "_messages", "bytes", "count")

    def __init__(self) -> None:
        self._messages: list[tuple[AsgiMessage, int]] = []
        self._arrived = Notify()
        self._closed = False
        self.count = 0
        """Messages that wait."""
        self.bytes = 0
        """What they hold together."""

    def put(self, message: AsgiMessage, size: int = 0) -> None:
        """Add a message that holds `size` bytes; dropped once nobody takes any more."""
        if not self._closed:
            self._messages.append((message, size))
            self.count += 1
            self.bytes += size
            self._arrived.wake()

    async def take(self) -> AsgiMessage:
        """The next message; waits for it."""
        while not self._messages:
            await self._arrived.wait()
        message, size = self._messages.pop(0)
        self.count -= 1
        self.bytes -= size
        return message

    def close(self) -> None:
        """The application has ended: forget everything, and what still comes."""
        self._closed = True
        self._messages.clear()
        self.count = self.bytes = 0
