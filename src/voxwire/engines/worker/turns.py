"""Who is served next where there is less room than is asked for."""

import asyncio
import itertools
import time
from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

from voxwire.interfaces.engine import Claim

_T = TypeVar("_T")
_K = TypeVar("_K")

#: Principals, and owners, whose last turn is remembered: more than wait at once, and some kilobytes. One that is
#: forgotten counts as new, and so is served a little early.
_REMEMBERED: Final = 1024


class Turns(Generic[_T]):
    """A queue in which principals take turns, however many owners they have, and owners, however much they ask for.

    What somebody waits for comes before what is done in the background. Within either, the principal whose last turn
    is longest ago is next, one that never had any before all; of its owners in the same way one; within an owner the
    order of asking holds.
    """

    def __init__(self) -> None:
        self._now: _Waiting[_T] = {}
        self._background: _Waiting[_T] = {}
        self._principals = _LastTurns[str]()
        self._owners = _LastTurns[tuple[str, str]]()

    def __bool__(self) -> bool:
        return bool(self._now or self._background)

    def __iter__(self) -> "itertools.chain[_T]":
        """Everything that waits, in no particular order."""
        principals = (*self._now.values(), *self._background.values())
        return itertools.chain.from_iterable(queue for owners in principals for queue in owners.values())

    @property
    def urgent(self) -> bool:
        """Whether the next is something that somebody waits for."""
        return bool(self._now)

    def add(self, claim: Claim, entry: _T) -> None:
        waiting = self._background if claim.background else self._now
        waiting.setdefault(claim.principal, {}).setdefault(claim.owner, deque()).append(entry)

    def remove(self, claim: Claim, entry: _T) -> None:
        """Give up waiting; nothing when it waits no more."""
        for waiting in (self._now, self._background):  # a claim may have changed since
            queue = waiting.get(claim.principal, {}).get(claim.owner)
            if queue is not None and entry in queue:
                queue.remove(entry)
                _tidy(waiting, claim.principal, claim.owner)

    def take(self) -> _T:
        """The next to be served. Raises IndexError when nobody waits."""
        waiting = self._now or self._background
        if not waiting:
            raise IndexError("nobody waits")
        principal = min(waiting, key=self._principals.last)
        owner = min(waiting[principal], key=lambda owner: self._owners.last((principal, owner)))
        entry = waiting[principal][owner].popleft()
        _tidy(waiting, principal, owner)
        self._principals.note(principal)
        self._owners.note((principal, owner))
        return entry


#: Principals, their owners, and what each of them has asked for.
_Waiting = dict[str, dict[str, deque[_T]]]


def _tidy(waiting: _Waiting[_T], principal: str, owner: str) -> None:
    """Forget who waits no more."""
    if not waiting[principal][owner]:
        del waiting[principal][owner]
        if not waiting[principal]:
            del waiting[principal]


class _LastTurns(Generic[_K]):
    """Who had a turn when, counted in turns."""

    def __init__(self) -> None:
        self._turns: OrderedDict[_K, int] = OrderedDict()
        self._count = itertools.count(1)

    def __len__(self) -> int:
        return len(self._turns)

    def last(self, who: _K) -> int:
        """0 for one that never had any."""
        return self._turns.get(who, 0)

    def note(self, who: _K) -> None:
        """It has its turn."""
        self._turns[who] = next(self._count)
        self._turns.move_to_end(who)
        if len(self._turns) > _REMEMBERED:
            self._turns.popitem(last=False)


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
