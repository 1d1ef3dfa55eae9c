"""Whether there is room for another session: measured while the server runs, never configured.

Sessions are welcome while the event loop is on time, the recognisers keep up, and those who speak, together with
those who have just come and are likely to, are fewer than the recognisers can follow. Where it is the latter alone
that are too many, the next one waits a moment until they have shown what they do. Principals take turns in that: one
that opens many sessions at once keeps nobody else out.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from voxwire.engines.worker.turns import Turns
from voxwire.interfaces.engine import ANYBODY, Claim
from voxwire.runtime.newcomers import Newcomer, Newcomers

logger = logging.getLogger("voxwire.runtime")

#: Seconds between two looks.
_LOOK_S: Final = 0.25
#: Lateness of the loop, and of the recognisers behind those who speak, beyond which nobody is let in; seconds.
LOOP_LATE_S: Final = 0.25
HEARING_LATE_S: Final = 0.5
#: So many looks in a row: a machine that paused once is not crowded.
_LATE_LOOKS: Final = 2
#: How long a session waits until others have shown whether they speak; seconds. Not so long that those who do are
#: taken for listeners.
_PATIENCE_S: Final = 3.0
#: So long everything has to be well before sessions are welcome again; seconds.
_WELL_S: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    """Who waits for room, until `due`."""

    claim: Claim
    due: float
    place: asyncio.Future[Newcomer | None]


class Load:
    """Watches the loop and the recognisers. `recognisers` tells which there are; only those that know their `hearing`
    count."""

    def __init__(
        self,
        recognisers: Callable[[], Iterable[object]],
        clock: Callable[[], float] = time.monotonic,
        on_look: Callable[[float], None] | None = None,
    ) -> None:
        """`on_look` is told at each look how late the loop was, in seconds."""
        self._on_look = on_look
        self._recognisers = recognisers
        self._clock = clock
        self._newcomers = Newcomers(clock)
        self._waiting: Turns[_Waiter] = Turns()
        self._loop_late_s = 0.0
        self._late_looks = 0
        self._full_since: float | None = None
        self._well_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch(), name="load")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._turn_away(lambda _: True)

    @property
    def full(self) -> bool:
        """Whether new sessions have to come back later."""
        self._judge()
        return self._full_since is not None

    async def admit(self, claim: Claim = ANYBODY) -> Newcomer | None:
        """Ask for room for a session of this principal: at once, or after a moment. None when there is none.

        The result is to be told what the session does.
        """
        if self.full:
            return None
        waiter = _Waiter(claim, self._clock() + _PATIENCE_S, asyncio.get_running_loop().create_future())
        self._waiting.add(claim, waiter)
        self._let_in()
        try:
            return await waiter.place
        except asyncio.CancelledError:
            self._waiting.remove(claim, waiter)
            if waiter.place.done() and not waiter.place.cancelled() and (newcomer := waiter.place.result()) is not None:
                newcomer.left()
            raise

    def _let_in(self) -> None:
        """Those who wait, in turn, as far as there is room."""
        while self._waiting and not self._crowded(self._newcomers.speakers):
            place = self._waiting.take().place
            if not place.done():
                place.set_result(self._newcomers.arrive())

    def _turn_away(self, whom: "Callable[[_Waiter], bool]") -> None:
        for waiter in [waiter for waiter in self._waiting if whom(waiter)]:
            self._waiting.remove(waiter.claim, waiter)
            if not waiter.place.done():
                waiter.place.set_result(None)

    def describe(self) -> dict[str, Any]:
        """For people and monitors: seconds late, people speaking, and how many can be followed at once."""
        hearing = self._hearing()
        return {
            "loop_late_ms": round(self._loop_late_s * 1000),
            "hearing_late_ms": round(max((late for _, _, late in hearing), default=0.0) * 1000),
            "speaking": sum(speaking for speaking, _, _ in hearing),
            "can_follow": min((int(capacity) for _, capacity, _ in hearing), default=None),
        }

    def judge(self, loop_late_s: float) -> None:
        """Take in how late the loop was, and decide anew."""
        self._loop_late_s = loop_late_s
        self._late_looks = self._late_looks + 1 if loop_late_s > LOOP_LATE_S else 0
        now, full = self._clock(), self.full
        self._turn_away(lambda waiter: full or now >= waiter.due)
        self._let_in()

    def _judge(self) -> None:
        now = self._clock()
        if self._crowded():
            self._well_at = now + _WELL_S
            if self._full_since is None:
                self._full_since = now
                logger.warning("no room for new sessions: %s", self.describe())
        elif self._full_since is not None and now >= self._well_at:
            logger.info("room for new sessions again, after %.0f s", now - self._full_since)
            self._full_since = None

    def _crowded(self, likely: Callable[[int], float] = float) -> bool:
        """`likely` says how many count as speakers where so many speak now."""
        if self._late_looks >= _LATE_LOOKS:
            return True
        for speaking, capacity, late_s in self._hearing():
            if late_s > HEARING_LATE_S or likely(speaking) >= max(1.0, capacity):
                return True
        return False

    def _hearing(self) -> list[tuple[int, float, float]]:
        return [engine.hearing() for engine in self._recognisers() if hasattr(engine, "hearing")]

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_S
            await asyncio.sleep(_LOOK_S)
            late_s = max(0.0, loop.time() - due)
            if self._on_look is not None:
                self._on_look(late_s)
            self.judge(late_s)
