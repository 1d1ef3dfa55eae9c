"""Speech to text with pocketsphinx: the recogniser of the embedded profile.

It needs no download and no GPU, and is far from today's neural recognisers: demo quality, US English.
What makes it useful is that it is told what to expect: beside the general reading it offers one in the
sentences that the language engine understands, where the sound supports it.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.engines.options import check_names, pool_size
from voxwire.engines.stt.hearing import Hearing, cores
from voxwire.engines.stt.pocketsphinx.messages import (
    DECODERS_KEPT,
    Begin,
    DecoderReply,
    Interim,
    Learn,
    NeedPhrases,
    Partial,
    Phrases,
    Result,
)
from voxwire.engines.stt.pocketsphinx.words import plain
from voxwire.engines.stt.worker_stream import LEASE_S, WorkerSttStream
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import EngineError
from voxwire.interfaces.engine import Claim, EngineInfo, Word
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEvent, SttFinal, SttInterim, SttPartial

#: Sentences of one set; more are ignored. Building the decoder for so many takes about a second.
_MAX_PHRASES: Final = 20_000
#: A decoder takes a sixth of a core while somebody speaks: so many speakers have one each before the next waits
#: for a place. Each costs 20 MB.
_UTTERANCES_PER_CORE: Final = 8
#: Processor seconds that a second of speech takes, until it is measured.
_COST: Final = 0.15
#: Speakers a core that are let in whatever was measured.
_ALWAYS_TRIED: Final = 4.0

PhrasesStream = Stream[DecoderReply]

_REPLIES: Final[msgspec.msgpack.Decoder[DecoderReply]] = msgspec.msgpack.Decoder(DecoderReply)


def engine(options: Mapping[str, Any]) -> "PocketsphinxStt":
    """The engine; `size` in the options is the number of utterances heard at once. Raises ConfigurationError."""
    check_names("pocketsphinx", options, ("size",))
    return PocketsphinxStt(size=pool_size("pocketsphinx", options))


class PocketsphinxStt:
    """An `SttEngine`. Each utterance has a process of its own while somebody speaks; as many as there are
    processors decode at any moment, those first whose speaker has finished.
    """

    def __init__(self, *, size: int | None = None) -> None:
        self._capabilities = SttCapabilities(
            info=EngineInfo(
                name="pocketsphinx",
                label="pocketsphinx, a small recogniser",
                licence="BSD-2-Clause",
                notice="Demo-grade, US English only: expect mistakes outside the sentences the assistant knows.",
            ),
            languages=("en",),
            rates=(SPEECH_RATE, *{format.rate for format in AudioFormat}),  # the worker resamples
            interims=True,
        )
        self._prepared: dict[str, None] = {}
        spec = WorkerSpec(
            stage="stt",
            name="pocketsphinx",
            service="voxwire.engines.stt.pocketsphinx.worker:PocketsphinxService",
            forks=True,
            capacity=size or _UTTERANCES_PER_CORE * cores(),
        )
        self.listening = Hearing(cores(), _COST, _ALWAYS_TRIED)
        self.pool: WorkerPool[DecoderReply] = WorkerPool(spec, _REPLIES, size=1)

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Raises ConfigurationError when pocketsphinx is not installed."""
        await self.pool.start()

    async def close(self) -> None:
        await self.pool.close()

    async def prepare(self, config: SttConfig) -> None:
        """Have the decoder for these sentences built; half a second for ten thousand."""
        phrases = await _phrases_of(config)
        if phrases.key and phrases.key not in self._prepared:
            self._prepared[phrases.key] = None
            if len(self._prepared) > DECODERS_KEPT:
                del self._prepared[next(iter(self._prepared))]
            await self._teach(phrases)

    async def _teach(self, phrases: "_PhraseSet") -> None:
        lease = await self.pool.lease(LEASE_S, Claim(background=True))
        try:
            await lease.send(Learn(phrases.key, phrases.sentences))
            async for _ in lease:
                pass
        finally:
            lease.cancel()

    def open(self, config: SttConfig) -> "PocketsphinxStream":
        """Begin an utterance. Raises EngineError for a language other than English."""
        if config.language is not None and config.language.partition("-")[0].lower() != "en":
            raise EngineError("stt", "unsupported_language", "This recogniser understands only English (en).")
        return PocketsphinxStream(self, config)

    def hearing(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        return self.listening.describe()


class _PhraseSet(msgspec.Struct, frozen=True):
    """Sentences of plain words, and a name for them; the name of none is empty."""

    key: str
    sentences: list[str]


async def _phrases_of(config: SttConfig) -> _PhraseSet:
    """Twenty thousand sentences take tenths of a second: not on the loop."""
    return await asyncio.to_thread(_phrase_set, config.phrases, config.prompt or "")


@lru_cache(maxsize=8)
def _phrase_set(phrases: tuple[str, ...], prompt: str) -> _PhraseSet:
    """What to expect. A prompt counts as sentences too: people give the words to listen for."""
    spoken = dict.fromkeys(words for text in (*phrases[:_MAX_PHRASES], *_clauses(prompt)) if (words := plain(text)))
    sentences = list(spoken)[:_MAX_PHRASES]
    if not sentences:
        return _PhraseSet("", [])
    return _PhraseSet(hashlib.blake2b("\n".join(sentences).encode(), digest_size=16).hexdigest(), sentences)


def _clauses(prompt: str) -> list[str]:
    for mark in ".!?;:,\n":
        prompt = prompt.replace(mark, "\n")
    return prompt.split("\n")


class PocketsphinxStream(WorkerSttStream[DecoderReply]):
    """One utterance."""

    def __init__(self, engine: PocketsphinxStt, config: SttConfig) -> None:
        self._phrases = _PhraseSet("", [])
        super().__init__(engine.pool, engine.listening, config)

    async def opening(self) -> Begin:
        self._phrases = await _phrases_of(self._config)
        return Begin(self._phrases.key, self._rate)

    async def answer(self, reply: DecoderReply, lease: PhrasesStream) -> SttEvent | None:
        match reply:
            case NeedPhrases():
                await lease.send(Phrases(self._phrases.sentences))
                return None
            case Partial(text=text, stable=stable):
                return SttPartial(text=text, stable=stable)
            case Interim(text=text, alternatives=alternatives):
                return SttInterim(text=text, alternatives=tuple(alternatives))
            case Result():
                return _final(reply)


def _final(result: Result) -> SttFinal:
    """The words as one text, each with its place in it."""
    timed = []
    at = 0
    for word in result.words:
        end = at + len(word.text)
        timed.append(Word(text=word.text, start=at, end=end, start_ms=word.start_ms, end_ms=word.end_ms))
        at = end + 1
    return SttFinal(
        text=" ".join(word.text for word in result.words),
        alternatives=tuple(result.alternatives),
        words=tuple(timed),
    )
