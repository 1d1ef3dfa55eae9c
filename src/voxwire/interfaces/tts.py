"""Text to speech: a synthesiser speaks one answer at a time, while its text still comes."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from voxwire.interfaces.engine import Claim, Engine, EngineInfo, Word


class TtsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`voice` is a name of `TtsCapabilities.voices`; `speed` 0.25 to 1.5, 1 is natural."""

    voice: str
    speed: float = 1.0
    claim: Claim = msgspec.field(default_factory=Claim)


class TtsAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch of speech.

    `pcm` is PCM16 mono at the engine's rate; it voices the characters `chars_from` to `chars_to` of
    all text fed so far. `words` are timed from the start of the stream, empty when unknown.
    """

    pcm: bytes
    chars_from: int
    chars_to: int
    words: tuple[Word, ...] = ()


class TtsCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` in Hz. `voices` maps the names that clients use to what the engine calls them."""

    info: EngineInfo
    rate: int
    voices: dict[str, str]


class TtsStream(Protocol):
    """One spoken answer. One task feeds while another iterates."""

    async def feed(self, text: str) -> None:
        """Add text to be spoken; pieces of words may come separately. Waits when the engine is far behind.

        Closed or broken: does nothing; why it broke, the iteration says.
        """

    async def flush(self) -> None:
        """No more text comes. Closed or broken: does nothing."""

    async def cancel(self) -> None:
        """Close: stop within 100 ms of audio and free the engine. Idempotent; never raises."""

    def __aiter__(self) -> AsyncIterator[TtsAudio]:
        """Speech, in order and without gaps in its characters; nothing where there is nothing to say.

        Ended: when all of the text was spoken after the flush. Closed: stops. Broken: EngineError.
        """
        ...


class TtsEngine(Engine, Protocol):
    """A synthesiser. Any number of answers may be spoken at once; those beyond its room wait for it."""

    @property
    def capabilities(self) -> TtsCapabilities:
        """The same for the engine's whole life."""
        ...

    def open(self, config: TtsConfig) -> TtsStream:
        """Begin an answer. Returns at once; room for it is taken in the background.

        Raises EngineError for a config that the engine cannot serve.
        """
        ...
