"""How many answers an endpoint writes at once, where that is known, and whose turn it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voxwire.engines.worker.turns import FairSemaphore
from voxwire.errors import EngineBusy
from voxwire.interfaces.engine import Claim


class Places:
    """Without a number there is a place for everybody: the endpoint has a queue of its own."""

    def __init__(self, number: int | None, longest_wait_s: float) -> None:
        self._room = None if number is None else FairSemaphore(number)
        self._longest_wait_s = longest_wait_s
        self._number = number or 0
        self._taken = 0
        self._waiting = 0

    @property
    def queue(self) -> int:
        """Who comes before one that comes now: those who wait, and where no place is free, those who have one."""
        return self._waiting + (self._taken if self._taken >= self._number else 0)

    @asynccontextmanager
    async def place(self, claim: Claim) -> AsyncIterator[None]:
        """Have a place while the block lasts. Claims take turns. Raises EngineBusy when none becomes free."""
        if self._room is None:
            yield
            return
        await self._enter(self._room, claim)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._room.leave()

    async def _enter(self, room: FairSemaphore, claim: Claim) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await room.enter(claim)
        except TimeoutError:
            raise EngineBusy("llm", self._longest_wait_s) from None
        finally:
            self._waiting -= 1
