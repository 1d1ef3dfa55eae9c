"""When the interpreter looks for what reference counts do not free.

A full collection looks at every container of every session: 226 ms with 800 sessions that speak, in which nobody gets a
word, and as each turn leaves something to remember, one came every half a minute. So what has lived through a
collection of all generations is set aside (`gc.freeze`), and the next one looks at what was made since.

Reference counts free a session with all that it holds (tests/session/test_no_cycles.py and
tests/server/test_memory.py), wherever it stands. A cycle made of what was set aside stays for a while: everything is
looked at when nobody is connected, whom it could make wait, or else after ten minutes.
"""

import gc
from collections.abc import Callable
from time import monotonic
from typing import Final

#: The interpreter's own are (700, 10, 10). What was looked at is set aside, so smaller steps are not more work, and
#: each is shorter.
_THRESHOLDS: Final = (700, 5, 2)
_OLDEST: Final = 2
#: How often everything is looked at, while nobody is connected and while somebody is.
_IDLE_S: Final = 30.0
_BUSY_S: Final = 600.0


class Collector:
    """Of one process: the settings of the interpreter are. Between `begin` and `end`, `look` is called now and then."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()
        self._before = gc.get_threshold()
        self._more = False

    def begin(self) -> None:
        """What start-up made lives as long as the process."""
        gc.set_threshold(*_THRESHOLDS)
        gc.callbacks.append(self._collected)
        gc.collect()
        self._more = False

    def end(self) -> None:
        """Leave the interpreter as it was."""
        gc.callbacks.remove(self._collected)
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def look(self, *, idle: bool) -> None:
        """Look at everything, if it is time; `idle`: nobody is connected."""
        now = self._clock()
        if self._more and now - self._looked_at >= (_IDLE_S if idle else _BUSY_S):
            self._looked_at = now
            gc.unfreeze()
            gc.collect()
            self._more = False

    def _collected(self, phase: str, details: dict[str, int]) -> None:
        """The interpreter begins to collect a generation, or has collected it."""
        if phase == "stop" and details["generation"] == _OLDEST:
            gc.freeze()
            self._more = True
