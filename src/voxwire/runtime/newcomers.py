"""Who has just come, and how many of them are likely to speak at once.

After a restart hundreds of idle programs come back in the same second, and nothing tells them from a crowd but what
they do next. So the first ones count as speakers, and those after them as much as the ones before have spoken.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

#: Who has sent no audio after so long is not about to speak; seconds.
_SILENT_S: Final = 1.0
#: Whose audio has come for so long without speech in it is listening; seconds.
_LISTENING_S: Final = 5.0
#: What newcomers did is remembered for so long and of so many: the next ones may be of another kind.
_MEMORY_S: Final = 30.0
_MEMORY: Final = 200


class Newcomer:
    """One session that has just begun. What it does after it has been judged makes no difference."""

    __slots__ = ("_among",)

    def __init__(self, among: "Newcomers") -> None:
        self._among = among

    def sends(self) -> None:
        """Its first audio has come."""
        self._among.sends(self)

    def speaks(self) -> None:
        """It has spoken."""
        self._among.speaks(self)

    def left(self) -> None:
        """It has ended, and will not speak."""
        self._among.forget(self)


class Newcomers:
    """Those of whom nobody knows yet. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._quiet: dict[Newcomer, float] = {}
        self._sending: dict[Newcomer, float] = {}
        self._talking: dict[Newcomer, float] = {}
        self._judged: deque[tuple[float, bool]] = deque()
        self._spoke = 0

    def arrive(self) -> Newcomer:
        newcomer = Newcomer(self)
        self._quiet[newcomer] = self._clock()
        return newcomer

    def speakers(self, speaking: int) -> float:
        """How many are likely to speak now, where `speaking` are heard to: those who have just spoken go on counting,
        for they pause and go on, and of the others as many as spoke of those before them; all, as long as none has
        been judged."""
        now = self._clock()
        for group, bound_s in ((self._quiet, _SILENT_S), (self._sending, _LISTENING_S)):
            while group and (known_at := next(iter(group.values())) + bound_s) < now:
                self._judge(next(iter(group)), known_at, spoke=False)
        while self._talking and now - next(iter(self._talking.values())) > _LISTENING_S:
            del self._talking[next(iter(self._talking))]
        while self._judged and (len(self._judged) > _MEMORY or now - self._judged[0][0] > _MEMORY_S):
            self._spoke -= self._judged.popleft()[1]
        unknown = len(self._quiet) + len(self._sending)
        return max(speaking, len(self._talking)) + unknown * (1 + self._spoke) / (1 + len(self._judged))

    def sends(self, newcomer: Newcomer) -> None:
        if self._quiet.pop(newcomer, None) is not None:
            self._sending[newcomer] = self._clock()

    def speaks(self, newcomer: Newcomer) -> None:
        now = self._clock()
        if self._judge(newcomer, now, spoke=True):
            self._talking[newcomer] = now

    def _judge(self, newcomer: Newcomer, at: float, *, spoke: bool) -> bool:
        known = newcomer not in self._quiet and newcomer not in self._sending
        if not known:
            self.forget(newcomer)
            self._judged.append((at, spoke))
            self._spoke += spoke
        return not known

    def forget(self, newcomer: Newcomer) -> None:
        for group in (self._quiet, self._sending, self._talking):
            group.pop(newcomer, None)
