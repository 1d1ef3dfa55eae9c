"""When the interpreter looks for what reference counts do not free.

A full collection looks at every container of every session: 226 ms with 800 sessions that speak, in which nobody gets a
word, and as each turn leaves something to remember, one came every half a minute. The smaller ones between took a
fiftieth of the time, mostly for what had been looked at before. So what has lived through a collection is set aside
(`gc.freeze`), and each container is looked at once.

Reference counts free a session with all that it holds (tests/session/test_no_cycles.py and
tests/server/test_memory.py), wherever it stands. A cycle made of what was set aside stays for a while: everything is
looked at when nobody is connected, whom it could make wait, or else after ten minutes, or after a million containers
more.
"""

import gc
from collections.abc import Callable
from time import monotonic
from typing import Final

#: Containers more than at the last collection that make another one. The interpreter's own 700 find few more that are
#: gone already, and many that live a second longer.
_MORE: Final = 10_000
#: How often everything is looked at, while nobody is connected and while somebody is; and after how many collections.
_IDLE_S: Final = 30.0
_BUSY_S: Final = 600.0
_MOST_COLLECTIONS: Final = 100


class Collector:
    """Of one process: the settings of the interpreter are. Between `begin` and `end`, `look` is called now and then."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()
        self._before = gc.get_threshold()
        self._collections = 0

    def begin(self) -> None:
        """What start-up made lives as long as the process."""
        gc.set_threshold(_MORE, *self._before[1:])
        gc.callbacks.append(self._collected)
        gc.collect()
        self._collections = 0

    def end(self) -> None:
        """Leave the interpreter as it was."""
        gc.callbacks.remove(self._collected)
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def look(self, *, idle: bool) -> None:
        """Look at everything, if it is time; `idle`: nobody is connected."""
        now = self._clock()
        late = now - self._looked_at >= (_IDLE_S if idle else _BUSY_S)
        if (self._collections and late) or self._collections >= _MOST_COLLECTIONS:
            self._looked_at = now
            gc.unfreeze()
            gc.collect()
            self._collections = 0

    def _collected(self, phase: str, details: dict[str, int]) -> None:
        """The interpreter begins to collect, or has collected."""
        if phase == "stop":
            gc.freeze()
            self._collections += 1
