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


class AwakeClock:
    """`loop.time()` less the pauses, and timers by it. One for each loop: `awake_clock()`."""

    __slots__ = ("_late", "_loop", "_now", "_paused", "far")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._now = loop.time
        self._paused = 0.0
        self.far: set[Deadline] = set()
        """Deadlines that are more than a tick away. Nearly all are met, and a timer takes 2 us (ADR 45)."""
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
        for deadline in tuple(self.far):
            deadline.look()

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

    Raises TimeoutError, as that does. `restart` sets it anew, for many steps one after the other. It has a timer
    once it is near; one that is there already and comes sooner stays for that, and looks when it fires.
    """

    __slots__ = ("_cancelling", "_clock", "_due", "_expired", "_fires", "_seconds", "_task", "_timer")

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
        self._clock = awake_clock()
        self._cancelling = task.cancelling()
        self.restart(self._seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clock.far.discard(self)
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
        self._due = due = self._clock.time() + seconds
        if self._timer is not None:
            if self._fires <= due:
                return
            self._timer.cancel()
            self._timer = None
        self._wait(due, seconds)

    def look(self) -> None:
        """Whether it is over: with each tick of the clock while it is far away, and then by its timer."""
        self._timer = None
        due = self._due
        if due is None:
            self._clock.far.discard(self)
        elif (left := due - self._clock.time()) > _EARLY_S:  # set anew since, near by now, or there was a pause
            self._wait(due, left)
        else:
            self._clock.far.discard(self)
            self._expired = True
            self._task.cancel()

    def _wait(self, due: float, left: float) -> None:
        """`left` seconds, until `due`."""
        if left > _TICK_S:
            self._clock.far.add(self)
        else:
            self._clock.far.discard(self)
            self._fires, self._timer = due, self._clock.schedule(due, self.look)
