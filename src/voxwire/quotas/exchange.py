"""What servers tell each other of their counts.

Each decides by what it knows, at once, and tells the others beside: an answer never waits for the store. What it knows
of others is some milliseconds old while it counts itself, and half a second at most. A place for a session is asked for
at the store, for a handshake may wait a moment.

Where the store cannot be reached, each server goes on by itself, with the same limits, until it can.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from voxwire.errors import VoxwireError
from voxwire.quotas.counter import Counter
from voxwire.quotas.scope import Scope

logger = logging.getLogger("voxwire.quotas")

#: How old what is known of others may be, in seconds, while sessions run.
_POLL_S: Final = 0.5
#: How long a handshake waits for the store, and how long until a store that was lost is tried again; seconds.
_PATIENCE_S: Final = 0.25
_RETRY_S: Final = 1.0
#: A place is kept for so long without being renewed, and renewed after a third of it; seconds. So long do places of a
#: server that has crashed stay taken.
PLACE_S: Final = 30.0


class SharedCountsLost(VoxwireError):
    """The store of the counts cannot be reached."""


@dataclass(frozen=True, slots=True)
class OwnCount:
    """What this server has counted in a period that ends in `left_s`."""

    name: str
    own: int
    left_s: float


class SharedCounts(Protocol):
    """A store of counts that servers share. All raise SharedCountsLost."""

    async def exchange(self, counts: Sequence[OwnCount]) -> list[tuple[int, float] | None]:
        """Tell what this server has counted; for each what the others have, and in how many seconds the period ends;
        None where nobody has counted anything. To tell it twice makes no difference."""

    async def take(self, holder: str, places: Sequence[tuple[str, int]]) -> int | None:
        """A place at each name, of which there are so many; the index of the first that has none left, or None when
        the holder has all."""

    async def renew(self, held: Sequence[tuple[str, str]]) -> None:
        """Keep places, by holder and name, whether they were lost meanwhile or not."""

    async def leave(self, holder: str, names: Sequence[str]) -> None:
        """Give places back."""

    async def close(self) -> None: ...


class Exchange:
    """Of one server."""

    def __init__(self, counts: SharedCounts, *, place_s: float = PLACE_S) -> None:
        self._counts = counts
        self._renew_s = place_s / 3
        self._held: dict[str, Sequence[Scope]] = {}
        self._changed: set[Scope] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._speaking = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
        self.lost = False
        """Whether the store cannot be reached, so that the counts are this server's alone."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell and learn while the block lasts."""
        task = asyncio.create_task(self._run(), name="share quotas")
        try:
            yield
        finally:
            # Not cancelled: in the middle of a command the client may swallow that, and the task would go on for ever.
            self._stopping.set()
            self._wake.set()
            await asyncio.gather(task, *self._leaving)
            await self._counts.close()

    def tell(self, scopes: Iterable[Scope]) -> None:
        """Something was counted: tell the others soon."""
        self._changed.update(scopes)
        self._wake.set()

    async def learn(self, scopes: Sequence[Scope]) -> None:
        """What others have counted; where the store does not say it in time, what is known has to do."""
        if not self.lost:
            with contextlib.suppress(TimeoutError, SharedCountsLost):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._speak(scopes)

    @asynccontextmanager
    async def place(self, scopes: Sequence[Scope], holder: str) -> AsyncIterator[None]:
        """Hold a place for a session while the block lasts. Raises QuotaExceeded."""
        await self._take(scopes, holder)
        self._held[holder] = scopes
        try:
            yield
        finally:
            del self._held[holder]
            self._leaving.add(task := asyncio.create_task(self._leave(scopes, holder), name="leave a place"))
            task.add_done_callback(self._leaving.discard)

    async def _take(self, scopes: Sequence[Scope], holder: str) -> None:
        places = {scope: most for scope in scopes if (most := scope.quota.concurrent_sessions) is not None}
        if not places or self.lost:
            return
        full = None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                full = await self._counts.take(holder, [(_place(scope), most) for scope, most in places.items()])
        except TimeoutError:
            logger.warning("no place was asked for in time: this server's own count decides")
        except SharedCountsLost as error:
            self._lose(error)
        if full is not None:
            raise list(places)[full].full()

    async def _leave(self, scopes: Sequence[Scope], holder: str) -> None:
        """A place that cannot be given back is free again once it was not renewed."""
        with contextlib.suppress(SharedCountsLost):
            await self._counts.leave(holder, [_place(scope) for scope in scopes])

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        renewed, look_at = clock(), clock() + _POLL_S
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(look_at):
                    await self._wake.wait()
            try:
                # Woken, it tells what has changed; and again and again it looks at all that is in use.
                if clock() < look_at:
                    await self._speak(self._changed)
                else:
                    look_at = clock() + _POLL_S
                    await self._speak(self._changed.union(*self._held.values()))
                if self.lost or clock() - renewed >= self._renew_s:
                    await self._counts.renew(
                        [
                            (holder, _place(scope))
                            for holder, scopes in self._held.items()
                            for scope in scopes
                            if scope.quota.concurrent_sessions is not None
                        ]
                    )
                    renewed = clock()
                self._find()
            except SharedCountsLost as error:
                self._lose(error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_S):
                        await self._stopping.wait()

    async def _speak(self, scopes: Iterable[Scope]) -> None:
        """Tell and learn of these. Raises SharedCountsLost; then they are told again."""
        async with self._speaking:
            told = set(scopes)
            self._changed -= told
            if not self._changed and not self._stopping.is_set():
                self._wake.clear()
            counters = [pair for scope in told for pair in _counters(scope).items()]
            try:
                own = [OwnCount(name, counter.own, counter.left_s) for name, counter in counters]
                learned = await self._counts.exchange(own) if own else []
            except BaseException:
                self._changed |= told
                raise
            for (_, counter), known in zip(counters, learned, strict=True):
                if known is not None:
                    counter.learned(*known)

    def _lose(self, error: SharedCountsLost) -> None:
        if not self.lost:
            logger.error("%s Quotas are counted by each server for itself until it can.", error)
        self.lost = True

    def _find(self) -> None:
        if self.lost:
            logger.warning("Quotas are shared with other servers again.")
        self.lost = False


def _place(scope: Scope) -> str:
    return f"{scope.name}:sessions"


def _counters(scope: Scope) -> Mapping[str, Counter]:
    """Those that are bounded, by the name that servers have for them."""
    quota, found = scope.quota, {}
    if quota.requests_per_minute is not None:
        found[f"{scope.name}:requests"] = scope.requests
    if quota.tokens_per_minute is not None:
        found[f"{scope.name}:tokens"] = scope.tokens
    if quota.audio_seconds_per_day is not None:
        found[f"{scope.name}:audio"] = scope.audio_ms
    return found
