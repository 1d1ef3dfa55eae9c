"""Whether speech during an answer interrupts it (protocol: turns, Interruption guard).

Where nothing is asked for, every sound of speech does, at once. Else the speech is a suspicion first: the answer says
no more, nobody is told, and the recogniser listens. It becomes an interruption when it has lasted long enough and
enough of it was understood; if it ends before, it was none.
"""

from collections.abc import Collection
from enum import Enum, auto
from typing import Final

from voxwire.interfaces.turn import Remark
from voxwire.session.limits import Capabilities, Limits

#: Who has spoken for so long wants to speak, whatever of it was understood.
LONG_MS: Final = 1000

#: What does not interrupt: of speech that has paused, and of speech of which more may come.
_PASSES: Final = (Remark.BACK_CHANNEL,)
_MAY_PASS: Final = (Remark.BACK_CHANNEL, Remark.BEGINNING)


class Guess(Enum):
    """What speech during an answer is, as far as can be said."""

    OPEN = auto()
    INTERRUPTION = auto()
    NONE = auto()


class Guard:
    """The rule. Without state: everything is handed in."""

    def __init__(self, limits: Limits, capabilities: Capabilities) -> None:
        self._speech_ms = limits.interrupt_speech_ms
        self._words = limits.interrupt_words
        self._pass = limits.back_channels_pass
        self._remark = capabilities.remark

    @property
    def watches(self) -> bool:
        """Whether speech has to prove anything."""
        return bool(self._speech_ms or self._words or self._pass)

    @property
    def reads(self) -> bool:
        """Whether words count."""
        return bool(self._words or self._pass)

    def while_speaking(self, spoken_ms: float, words: str, language: str | None) -> Guess:
        """Speech of `spoken_ms` that goes on; of `words` more may come."""
        if spoken_ms < self._speech_ms:
            return Guess.OPEN
        if not self.reads or spoken_ms >= LONG_MS or self._says_enough(words, language, _MAY_PASS):
            return Guess.INTERRUPTION
        return Guess.OPEN

    def after_speaking(self, spoken_ms: float, words: str | None, language: str | None) -> Guess:
        """Speech of `spoken_ms` that has paused. `words` None: nobody can say, so its length alone counts."""
        if spoken_ms < self._speech_ms:
            return Guess.NONE
        if not self.reads or words is None or spoken_ms >= LONG_MS or self._says_enough(words, language, _PASSES):
            return Guess.INTERRUPTION
        return Guess.NONE

    def _says_enough(self, words: str, language: str | None, passing: Collection[Remark]) -> bool:
        enough = len(words.split()) >= max(self._words, 1)
        return enough and not (self._pass and self._remark(words, language) in passing)
