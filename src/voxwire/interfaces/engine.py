"""What is common to engines of every kind: their life, what a person is told of one, words with their times, whose
work it is."""

from typing import Final, Literal, Protocol

import msgspec

EngineKind = Literal["vad", "stt", "llm", "tts", "turn"]

#: What a person calls an engine of each kind. A kind is also the stage of an `EngineError`.
ENGINE_TITLES: Final[dict[str, str]] = {
    "vad": "speech detector",
    "stt": "speech recogniser",
    "llm": "language engine",
    "tts": "speech synthesiser",
    "turn": "turn model",
}


class Engine(Protocol):
    """The life of an engine. It is made of its options, started once, used, and closed."""

    async def start(self) -> None:
        """Warm up. Nothing is asked of the engine before.

        Raises ConfigurationError for what an operator has to mend, and EngineError when it cannot work now. It is
        closed then, and another one is made and tried later. May be cancelled at any time; then it is closed, too.
        """

    async def close(self) -> None:
        """End every process, connection and stream. Nothing is asked of the engine after it.

        Idempotent, also after a start that failed, or never was.
        """


class Word(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A word and when it is heard, in milliseconds from the start of its stream.

    `start` and `end` are character offsets into the stream's text, `end` exclusive.
    """

    text: str
    start: int
    end: int
    start_ms: float
    end_ms: float


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told about an engine; `label` says plainly what answers.

    `notice` is a warning shown wherever a user meets the engine ("demo-grade, US English").
    """

    name: str
    label: str
    licence: str
    notice: str | None = None


class Claim(msgspec.Struct):
    """Whose work it is. Where an engine has less room than is asked for, principals are served in turn, and of each its
    owners; what somebody waits for comes before `background` work.

    `owner` and `principal` are opaque: an owner is a session, a principal who holds it, perhaps with many others. Work
    in the background may come to be waited for, as that for a draft: so look at `background` anew for each place, and
    keep no copy.
    """

    owner: str = ""
    background: bool = False
    principal: str = ""

    def aside(self, background: bool) -> "Claim":
        """The claim of a part of this work, which nobody waits for if that holds for all of it, or is said here."""
        return Claim(self.owner, self.background or background, self.principal)


#: The claim of work that is nobody's in particular. It is shared: do not change it.
ANYBODY: Final = Claim()
