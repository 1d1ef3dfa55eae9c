"""Text to speech: a synthesiser speaks one answer at a time, while its text still comes."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from voxwire.interfaces.engine import Claim, EngineInfo, Word


class TtsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`voice` is a name of `TtsCapabilities.voices`; `speed` 0.25 to 1.5, 1 is natural."""

    voice: str
    speed: float = 1.0
    claim: Claim = Claim()


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
    word_times: bool = False


class TtsStream(Protocol):
    """One spoken answer. Iterating yields audio and ends after `flush()` was spoken out; raises EngineError."""

    async def feed(self, text: str) -> None:
        """Add text to be spoken; pieces of words may come separately."""

    async def flush(self) -> None:
        """No more text comes."""

    async def cancel(self) -> None:
        """Stop within 100 ms of audio; idempotent."""

    def __aiter__(self) -> AsyncIterator[TtsAudio]: ...


class TtsEngine(Protocol):
    @property
    def capabilities(self) -> TtsCapabilities: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def open(self, config: TtsConfig) -> TtsStream: ...
