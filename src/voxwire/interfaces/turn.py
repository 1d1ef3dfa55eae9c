"""The end of a turn: has somebody who is silent finished, or are they thinking? And who speaks during an answer: do
they only listen?"""

from enum import Enum, auto
from typing import Protocol

import msgspec

from voxwire.interfaces.engine import Engine, EngineInfo


class TurnSign(Enum):
    """What a pause looks like, from the surest end of a turn to the surest middle of one."""

    FINISHED = auto()
    """There is nothing to add: "yes, please"."""
    LIKELY = auto()
    """A whole sentence, or the voice of one who has finished."""
    OPEN = auto()
    """It can be either."""
    HESITANT = auto()
    """There may well be more: digits are read out, or the voice is that of one who goes on."""
    UNFINISHED = auto()
    """There must be more: "I would like to", "um"."""


class Remark(Enum):
    """What the words so far of somebody who speaks during an answer are."""

    BACK_CHANNEL = auto()
    """Words of a listener, and no others: "mm-hm", "I see"."""
    BEGINNING = auto()
    """With more they may become such: the "I" of "I see"."""
    SPEECH = auto()
    """More than that."""


class TurnCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    info: EngineInfo


class TurnEngine(Engine, Protocol):
    """A turn model: one vote about the end of a turn, asked when speech has paused."""

    @property
    def capabilities(self) -> TurnCapabilities:
        """The same for the engine's whole life."""
        ...

    async def score(self, audio: bytes, text: str) -> float:
        """How likely it is, from 0 to 1, that the speaker has finished.

        `audio` is PCM16 mono at 16 kHz: the turn so far, its last 8 seconds where it is longer, with the silence after
        the last word. `text` is what was understood so far, "" where that is not known. The answer is worth having for
        about 50 ms.

        Closed: by cancelling the task that waits; the work stops or its result is dropped. Broken: EngineError, and
        silence alone decides.
        """
        ...
