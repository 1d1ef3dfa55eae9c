"""What was used of one limit in its period, such as the tokens of a minute.

A period begins with the first use, and not with the clock's minute: so servers need no clock that they agree on.
"""

import math
from collections.abc import Callable
from typing import Final

#: A period ends here a moment after it has ended where it is shared: what was counted in it is not told once more.
_GRACE_S: Final = 0.05


class Counter:
    """Counts in whole numbers. `own` is what this server has counted, and what the others have was `learned`. `clock`
    is monotonic, in seconds."""

    __slots__ = ("_clock", "_ends", "_others", "_own", "_period", "period_s")

    def __init__(self, period_s: float, clock: Callable[[], float]) -> None:
        self.period_s = period_s
        self._clock = clock
        self._ends = -math.inf
        self._own = 0
        self._others = 0
        self._period = 0

    @property
    def used(self) -> int:
        """By all servers, in the period that runs."""
        self._look()
        return self._own + self._others

    @property
    def own(self) -> int:
        """Of that, what this server has counted; never below nothing."""
        self._look()
        return self._own

    @property
    def left_s(self) -> float:
        """Until everything may be used again, in seconds."""
        return self.period_s if self.idle else self._ends - self._clock()

    @property
    def idle(self) -> bool:
        """Whether no period runs."""
        self._look()
        return self._ends == -math.inf

    def add(self, amount: int) -> int:
        """Count so much; the number of the period in which it was, for `take_back`."""
        self._look()
        if self._ends == -math.inf:
            self._ends = self._clock() + self.period_s
        self._own += amount
        return self._period

    def take_back(self, amount: int, period: int) -> None:
        """Of what was counted in this period, so much was not used after all; nothing when that is over."""
        self._look()
        if period == self._period:
            self._own -= amount

    def learned(self, others: int, left_s: float) -> None:
        """Other servers have counted so much, in a period that ends in `left_s`."""
        self._look()
        self._others = others
        self._ends = self._clock() + left_s + _GRACE_S

    def _look(self) -> None:
        """Whether the period is over."""
        if self._clock() >= self._ends != -math.inf:
            self._ends = -math.inf
            self._own = self._others = 0
            self._period += 1
