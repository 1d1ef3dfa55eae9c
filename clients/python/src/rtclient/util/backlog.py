"""How much a program has left unread, and what happens when it is too much.

The connection is not read while the backlog is full, so TCP slows the service down. It goes on when the program has
read some, or has let go of what held it. A program that waits for one thing, while all that is stored is something
else, would so wait for ever: after a while in which nobody reads anything, those who wait get an exception.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

#: A quarter of an hour of PCM16 in base64.
DEFAULT_LIMIT = 64 * 1024 * 1024

#: Less would not hold the messages that announce a response.
SMALLEST_LIMIT = 1024 * 1024

#: Seconds in which a program that reads at all reads something. Longer is no pause between two chunks.
PATIENCE_S = 30.0

#: What the program lets go of is noticed by looking.
_LOOK_S = 0.5

#: A model's own dictionaries, and its place in a list.
_MODEL_BYTES = 512


class Backlog:
    """Bytes of unread messages in all queues of one client. `overflow` makes the exception from the limit."""

    def __init__(self, limit: int, overflow: Callable[[int], Exception]) -> None:
        self.held = 0
        self._limit: float = limit
        self._overflow = overflow
        self._moved = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether no more should be read from the connection."""
        return self.held >= self._limit

    def add(self, size: int) -> None:
        """A message was stored."""
        self.held += size

    def remove(self, size: int) -> None:
        """A stored message was read."""
        self.held -= size
        self._moved.set()

    def lift(self) -> None:
        """There is no limit any more: the connection is being closed, so what can still come is little."""
        self._limit = float("inf")
        self._moved.set()

    async def room(self) -> None:
        """Wait until there is room for a good number of messages. Raises what `overflow` makes."""
        loop = asyncio.get_running_loop()
        lowest, since = self.held, loop.time()
        while self.held > self._limit * 15 / 16:
            if self.held < lowest:
                lowest, since = self.held, loop.time()
            elif loop.time() - since >= PATIENCE_S:
                raise self._overflow(int(self._limit))
            self._moved.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._moved.wait(), _LOOK_S)


def weigh(message: object) -> int:
    """The memory that a message takes, in bytes and roughly; by a loop, for a service may nest values deeply."""
    total = 0
    rest: list[Any] = [message]
    while rest:
        value = rest.pop()
        total += sys.getsizeof(value)
        if isinstance(value, BaseModel):
            total += _MODEL_BYTES
            rest.extend(value.__dict__.values())
            rest.extend((value.model_extra or {}).values())
        elif isinstance(value, dict):
            rest.extend(value)
            rest.extend(value.values())
        elif isinstance(value, list | tuple | set):
            rest.extend(value)
    return total
