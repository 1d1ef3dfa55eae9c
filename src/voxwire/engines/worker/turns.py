"""Who is served next where there is less room than is asked for."""

import asyncio
import itertools
import time
from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

from voxwire.interfaces.engine import Claim

_T = TypeVar("_T")

#: Owners whose last turn is remembered: more than wait at once, and a few kilobytes. One that is forgotten
#: counts as new, and so is served a little early.
_REMEMBERED: Final = 1024


class Turns(Generic[_T]):
    """A queue in which owners take turns, however much each of them asks for.

    What somebody waits for comes before what is done in the background. Within either, the owner whose last
    turn is longest ago is next, one that never had any before all; within an owner the order of asking holds.
    """

    def __init__(self) -> None:
        self._now: dict[str, deque[_T]] = {}
        self._background: dict[str, deque[_T]] = {}
        self._served: OrderedDict[str, int] = OrderedDict()
        self._count = itertools.count(1)

    def __bool__(self) -> bool:
        return bool(self._now or self._background)

    def __iter__(self) -> "itertools.chain[_T]":
        """Everything that waits, in no particular order."""
        waiting = (*self._now.values(), *self._background.values())
        return itertools.chain.from_iterable(waiting)

    @property
    def urgent(self) -> bool:
        """Whether the next is something that somebody waits for."""
        return bool(self._now)

    def add(self, claim: Claim, entry: _T) -> None:
        queues = self._background if claim.background else self._now
        queues.setdefault(claim.owner, deque()).append(entry)

    def remove(self, claim: Claim, entry: _T) -> None:
        """Give up waiting; nothing when it waits no more."""
        for queues in (self._now, self._background):  # a claim may have changed since
            queue = queues.get(claim.owner)
            if queue is not None and entry in queue:
                queue.remove(entry)
                if not queue:
                    del queues[claim.owner]

    def take(self) -> _T:
        """The next to be served. Raises IndexError when nobody waits."""
        queues = self._now or self._background
        if not queues:
            raise IndexError("nobody waits")
        owner = min(queues, key=lambda owner: self._served.get(owner, 0))
        queue = queues[owner]
        entry = queue.popleft()
        if not queue:
            del queues[owner]
        self._served[owner] = next(self._count)
        self._served.move_to_end(owner)
        if len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)
        return entry


class FairSemaphore:
    """Lets so many through at once, those who wait in turn (`Turns`)."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._free = places
        self._waiting: Turns[asyncio.Future[None]] = Turns()
        self._since: dict[asyncio.Future[None], float] = {}

    @property
    def late_s(self) -> float:
        """How long who has waited longest waits now, in seconds."""
        return time.monotonic() - min(self._since.values()) if self._since else 0.0

    async def enter(self, claim: Claim) -> None:
        """Wait for a place; then `leave` it."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(claim, place)
        self._since[place] = time.monotonic()
        self._let_in()
        try:
            await place
        except BaseException:
            self._waiting.remove(claim, place)
            if place.done() and not place.cancelled():
                self.leave()  # let in at the very moment in which we gave up
            raise
        finally:
            del self._since[place]

    def leave(self) -> None:
        self._free += 1
        self._let_in()

    def _let_in(self) -> None:
        while self._free and self._waiting:
            place = self._waiting.take()
            if not place.done():
                self._free -= 1
                place.set_result(None)
