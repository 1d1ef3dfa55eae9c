"""Time in which the event loop ran.

A laptop sleeps, a virtual machine is moved, a debugger stops the process: afterwards all deadlines have passed
at once, although nobody had a moment to meet them. So deadlines here count the time in which the loop ran.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

#: The loop is looked after this often. What it is late by more than `_LATE_S` was a pause, and does not count.
_TICK_S: Final = 0.5
_LATE_S: Final = 1.0
#: Loops fire a little early.
_EARLY_S: Final = 0.001
#: A deadline looks this often whether it is over.
_LOOK_S: Final = 10.0


class AwakeClock:
    """`loop.time()` less the pauses, and timers by it. One for each loop: `awake_clock()`."""

    __slots__ = ("_late", "_loop", "_now", "_paused")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._now = loop.time
        self._paused = 0.0
        self._late = self._now() + _TICK_S + _LATE_S
        self._tick()

    def time(self) -> float:
        """Seconds in which the loop ran, from some point on."""
        now = self._now()
        if now > self._late:
            self._paused += now - self._late + _LATE_S
            self._late = now + _TICK_S + _LATE_S
        return now - self._paused

    def call_at(self, when: float, callback: Callable[[], object]) -> "AwakeTimer":
        """Call back when `time()` has reached `when`."""
        return AwakeTimer(self, when, callback)

    def _tick(self) -> None:
        self.time()
        self._late = self._now() + _TICK_S + _LATE_S
        self._loop.call_later(_TICK_S, self._tick)

    def schedule(self, when: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """The loop's own timer for a moment of this clock; too early if there is a pause before it."""
        return self._loop.call_at(when + self._paused, callback)


class AwakeTimer:
    """A call to come; made by `AwakeClock.call_at`."""

    __slots__ = ("_callback", "_clock", "_handle", "_when")

    def __init__(self, clock: AwakeClock, when: float, callback: Callable[[], object]) -> None:
        self._clock = clock
        self._when = when
        self._callback = callback
        self._handle = clock.schedule(when, self._fire)

    def cancel(self) -> None:
        self._handle.cancel()

    def _fire(self) -> None:
        if self._clock.time() < self._when - _EARLY_S:  # there was a pause since
            self._handle = self._clock.schedule(self._when, self._fire)
        else:
            self._callback()


_clocks: dict[asyncio.AbstractEventLoop, AwakeClock] = {}


def awake_clock() -> AwakeClock:
    """The clock of the running loop."""
    loop = asyncio.get_running_loop()
    clock = _clocks.get(loop)
    if clock is None:
        for old in [old for old in _clocks if old.is_closed()]:
            del _clocks[old]
        clock = _clocks[loop] = AwakeClock(loop)
    return clock


class Deadline:
    """`async with Deadline(seconds):` is `asyncio.timeout` by the awake clock; None waits without end.

    Raises TimeoutError, as that does. `restart` sets it anew. A timer that is there already and comes sooner stays for
    that, and looks when it fires: two timers took 5 us, so that this takes less than one for many steps of work. It
    looks at least every `_LOOK_S`: so a deadline that is nearer than the last one mostly needs no timer of its own.
    """

    __slots__ = ("_cancelling", "_due", "_expired", "_fires", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._fires = 0.0
        self._due: float | None = None
        self._expired = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self.restart(self._seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        task = self._task
        del self._task  # which may end with an error that holds the functions in which this deadline is
        # Of several cancellations that met, one was not ours: it goes on as such.
        if self._expired and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def restart(self, seconds: float | None) -> None:
        """So much from now on; None for no end."""
        if seconds is None or self._expired:
            self._due = None
            return
        clock = awake_clock()
        now = clock.time()
        self._due = due = now + seconds
        if self._timer is not None:
            if self._fires <= due:
                return
            self._timer.cancel()
        self._set_timer(clock, min(due, now + _LOOK_S))

    def _set_timer(self, clock: AwakeClock, fires: float) -> None:
        self._fires, self._timer = fires, clock.schedule(fires, self._look)

    def _look(self) -> None:
        self._timer = None
        due = self._due
        if due is None:
            return
        clock = awake_clock()
        if (now := clock.time()) < due - _EARLY_S:  # set anew since, or there was a pause
            self._set_timer(clock, min(due, now + _LOOK_S))
        else:
            self._expired = True
            self._task.cancel()
