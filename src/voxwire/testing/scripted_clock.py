"""A clock that stands still until a test moves it."""

import heapq
import itertools
from collections.abc import Callable
from typing import Any


class ScriptedTimer:
    def __init__(self, callback: Callable[[], Any]) -> None:
        self.callback: Callable[[], Any] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ScriptedClock:
    """Implements `voxwire.runtime.contracts.Clock`; `timers_set` counts what was asked for."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.timers_set = 0
        self._timers: list[tuple[float, int, ScriptedTimer]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], Any], /) -> ScriptedTimer:
        timer = ScriptedTimer(callback)
        self.timers_set += 1
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass, calling what becomes due, in order."""
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        self.now = end
