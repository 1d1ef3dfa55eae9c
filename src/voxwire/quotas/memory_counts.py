"""Counts in the memory of one process, which others ask: those of the workers of one server."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from voxwire.quotas.exchange import PLACE_S, OwnCount

#: Names that may be remembered before those are looked for that are over.
_MANY: Final = 4096


@dataclass(slots=True)
class _Period:
    """What each worker has counted in a period."""

    ends: float
    by: dict[str, int] = field(default_factory=dict)


class MemoryCounts:
    """What `SharedCounts` promises, with the teller's name where it matters. Times are of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, place_s: float = PLACE_S) -> None:
        self._clock = clock
        self._place_s = place_s
        self._periods: dict[str, _Period] = {}
        self._places: dict[str, dict[str, float]] = {}
        self._many = _MANY

    def exchange(self, teller: str, counts: Sequence[OwnCount]) -> list[tuple[int, float] | None]:
        """As `SharedCounts.exchange`."""
        now = self._clock()
        return [self._told(teller, count, now) for count in counts]

    def take(self, holder: str, places: Sequence[tuple[str, int]]) -> int | None:
        """As `SharedCounts.take`."""
        now = self._clock()
        for index, (name, most) in enumerate(places):
            held = self._places.get(name, {})
            for gone in [one for one, ends in held.items() if ends <= now]:
                del held[gone]
            if len(held) >= most:
                return index
        self.renew([(holder, name) for name, _ in places])
        return None

    def renew(self, held: Sequence[tuple[str, str]]) -> None:
        """As `SharedCounts.renew`."""
        ends = self._clock() + self._place_s
        for holder, name in held:
            self._places.setdefault(name, {})[holder] = ends

    def leave(self, holder: str, names: Sequence[str]) -> None:
        """As `SharedCounts.leave`."""
        for name in names:
            held = self._places.get(name)
            if held is not None and held.pop(holder, None) is not None and not held:
                del self._places[name]

    def _told(self, teller: str, count: OwnCount, now: float) -> tuple[int, float] | None:
        period = self._periods.get(count.name)
        if period is not None and period.ends <= now:
            period = None
        if period is None:
            if not count.own:
                return None
            self._tidy(now)
            period = self._periods[count.name] = _Period(now + count.left_s)
        period.by[teller] = count.own
        return sum(period.by.values()) - count.own, period.ends - now

    def _tidy(self, now: float) -> None:
        """Forget periods that are over."""
        if len(self._periods) >= self._many:
            self._periods = {name: one for name, one in self._periods.items() if one.ends > now}
            self._many = max(_MANY, 2 * len(self._periods))
