"""Speech to text: a recogniser hears one utterance at a time, and says what it heard."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from voxwire.events.server import LogProb
from voxwire.interfaces.engine import Claim, Engine, EngineInfo, Word


class SttConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One utterance, in audio of `rate` samples a second.

    `phrases` are sentences or words likely to be said; `prompt` is free text. `word_times` and
    `logprobs` ask for what an engine does only when somebody wants it: when each word was heard, and how likely it is.
    """

    rate: int = 16_000
    language: str | None = None
    phrases: tuple[str, ...] = ()
    prompt: str | None = None
    word_times: bool = False
    logprobs: bool = False
    claim: Claim = msgspec.field(default_factory=Claim)


class SttPartial(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """What was heard so far; the first `stable` characters will not change any more."""

    text: str
    stable: int = 0


class SttFinal(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """What was heard. Empty text means no words.

    `alternatives` are readings in sentences that were expected (`SttConfig.phrases`, `prompt`), likeliest first,
    offered where the sound supports them: the first is taken, or the first that the language engine understands,
    where it can judge (`voxwire.interfaces.expectations`). Most recognisers have none. `logprobs` are those of
    `text`, None where the recogniser has none.
    """

    text: str
    alternatives: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    logprobs: tuple[LogProb, ...] | None = None


class SttInterim(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """What an `SttFinal` would say if the utterance had ended where it was probed."""

    text: str
    alternatives: tuple[str, ...] = ()


SttEvent = SttPartial | SttInterim | SttFinal


class SttCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`languages` are ISO-639-1 codes, empty for "any".

    `rates` are the samples a second that it takes. Audio of the wire, at 24 or 8 kHz, is handed over as
    it is where they name its rate, and else resampled on the loop to the first of them.
    `interims`: every stream is a `ProbedSttStream`.
    """

    info: EngineInfo
    languages: tuple[str, ...] = ()
    rates: tuple[int, ...] = (16_000,)
    interims: bool = False


class SttStream(Protocol):
    """One utterance. One task pushes while another iterates."""

    async def push(self, pcm: bytes) -> None:
        """Hear PCM16 mono at the rate of the config; waits when the engine is behind.

        Closed or broken: does nothing; why it broke, the iteration says.
        """

    async def commit(self) -> None:
        """The utterance is complete; the final follows. Nothing is pushed after it. Closed or broken: does nothing."""

    async def cancel(self) -> None:
        """Close: stop and free the engine. Idempotent; never raises."""

    def __aiter__(self) -> AsyncIterator[SttEvent]:
        """Partials, then exactly one `SttFinal` after the commit.

        Ended: after the final. Closed: stops, without a final. Broken: EngineError, also for a config that the engine
        cannot serve.
        """
        ...


class ProbedSttStream(SttStream, Protocol):
    """A stream that can be asked for its words before the utterance is over: an answer may be begun with them.

    If the commit follows the probe and no audio lies between, the final says the same, and comes at once: the words
    were read already. A turn that ends in the pause in which it was probed ends so: its silence is not handed over.
    """

    async def probe(self) -> None:
        """Say what was heard so far: one `SttInterim` follows for each call, in their order, until the commit.

        The utterance goes on, and more audio may be pushed at once. Closed or broken: does nothing.
        """


class SttEngine(Engine, Protocol):
    """A recogniser. Any number of utterances may be open at once; those beyond its room wait for it."""

    @property
    def capabilities(self) -> SttCapabilities:
        """The same for the engine's whole life."""
        ...

    async def prepare(self, config: SttConfig) -> None:
        """Utterances with this configuration are likely: load or build what they need, once.

        Returns when ready; a hint, so an engine with nothing to prepare returns at once, and a
        failure shows in the utterance itself. Raises EngineError.
        """

    def open(self, config: SttConfig) -> SttStream:
        """Begin an utterance. Returns at once; room for it is taken in the background.

        Raises EngineError for a config that the engine cannot serve (`unsupported_language`).
        """
        ...
