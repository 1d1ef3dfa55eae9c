"""How many people a recogniser can follow at once, learnt from what it costs."""

import os
from typing import Final, Protocol
from weakref import WeakSet

from voxwire.engines.worker.turns import FairSemaphore

#: The weight of one step in the measure; and the same when it is cheaper than thought: an utterance's first second is,
#: so that ten who begin at once looked as if twenty-six could be followed.
_LEARNING: Final = 0.02
_LEARNING_CHEAP: Final = 0.002
#: The share of the processors that may be spoken for, so that some is left for voices and the loop.
_SHARE: Final = 0.8


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Listening(Protocol):
    """One utterance."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be heard."""
        ...


class Hearing:
    """Who speaks to one recogniser, and what that costs.

    `gate` lets in as many steps of work as there are places, those first that somebody waits for.
    """

    def __init__(self, places: int, cost: float, always: float) -> None:
        """`cost` is what a second of speech takes of a place until it is measured; `always` speakers a place are
        let in whatever was measured: how late they are heard then decides."""
        self.gate = FairSemaphore(places)
        self.streams: WeakSet[Listening] = WeakSet()
        self._cost = cost
        self._always = always

    def describe(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        speaking = sum(not stream.over for stream in self.streams)
        capacity = self.gate.places * max(_SHARE / self._cost, self._always)
        return speaking, capacity, self.gate.late_s

    def worked(self, audio_s: float, seconds: float) -> None:
        """A step of so much audio took so long: what a speaker costs is learnt from it."""
        if audio_s > 0:
            change = seconds / audio_s - self._cost
            self._cost += (_LEARNING if change > 0 else _LEARNING_CHEAP) * change
