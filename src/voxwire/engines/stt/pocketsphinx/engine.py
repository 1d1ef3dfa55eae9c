"""Speech to text with pocketsphinx: the recogniser of the embedded profile.

It needs no download and no GPU, and is far from today's neural recognisers: demo quality, US English.
What makes it useful is that it is told what to expect: beside the general reading it offers one in the
sentences that the language engine understands, where the sound supports it.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import Any, Final
from weakref import WeakSet

import msgspec

from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.awake import Deadline
from voxwire.engines.options import check_names, pool_size
from voxwire.engines.stt.pocketsphinx.messages import (
    DECODERS_KEPT,
    Audio,
    Begin,
    DecoderReply,
    EndOfAudio,
    Learn,
    NeedPhrases,
    Partial,
    Phrases,
    Result,
)
from voxwire.engines.stt.pocketsphinx.words import plain
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.engines.worker.turns import FairSemaphore
from voxwire.errors import EngineError
from voxwire.interfaces.engine import Claim, EngineInfo, Word
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEvent, SttFinal, SttPartial

#: Sentences of one set; more are ignored. Building the decoder for so many takes about a second.
_MAX_PHRASES: Final = 20_000
#: How long a complete utterance waits for a free worker (ADR 4).
_LEASE_S: Final = 10.0
#: A decoder takes a sixth of a core while somebody speaks: so many speakers have one each before the next waits
#: for a place. Each costs 20 MB.
_UTTERANCES_PER_CORE: Final = 8
#: Processor seconds that a second of speech takes, until it is measured; the weight of one step in the measure;
#: and the share of the processors that may be spoken for, so that some is left for voices and the loop.
_COST: Final = 0.15
_LEARNING: Final = 0.02
#: The same when it is cheaper than thought: an utterance's first second is, so that ten who begin at once looked as if
#: twenty-six could be followed.
_LEARNING_CHEAP: Final = 0.002
_SHARE: Final = 0.8
#: Speakers a core that are let in whatever was measured: how late they are heard then decides.
_ALWAYS_TRIED: Final = 4.0
#: Audio decoded in one go, some thirty milliseconds of work: so long waits who has just finished speaking.
_STEP_MS: Final = 240
#: Audio that waits for a worker.
_WAITING_S: Final = 60

_REPLIES: Final[msgspec.msgpack.Decoder[NeedPhrases | Partial | Result]] = msgspec.msgpack.Decoder(DecoderReply)


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
        )
        self._prepared: dict[str, None] = {}
        spec = WorkerSpec(
            stage="stt",
            name="pocketsphinx",
            service="voxwire.engines.stt.pocketsphinx.worker:PocketsphinxService",
            forks=True,
            capacity=size or _UTTERANCES_PER_CORE * _cores(),
        )
        self.gate = FairSemaphore(_cores())
        self._streams: WeakSet[PocketsphinxStream] = WeakSet()
        self._cost = _COST
        self.pool: WorkerPool[NeedPhrases | Partial | Result] = WorkerPool(spec, _REPLIES, size=1)

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
        lease = await self.pool.lease(_LEASE_S, Claim(background=True))
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
        stream = PocketsphinxStream(self, config)
        self._streams.add(stream)
        return stream

    def hearing(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        speaking = sum(not stream.over for stream in self._streams)
        capacity = self.gate.places * max(_SHARE / self._cost, _ALWAYS_TRIED)
        return speaking, capacity, self.gate.late_s

    def worked(self, audio_s: float, seconds: float) -> None:
        """A step of so much audio took so long: what a speaker costs is learnt from it."""
        if audio_s > 0:
            change = seconds / audio_s - self._cost
            self._cost += (_LEARNING if change > 0 else _LEARNING_CHEAP) * change


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


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _clauses(prompt: str) -> list[str]:
    for mark in ".!?;:,\n":
        prompt = prompt.replace(mark, "\n")
    return prompt.split("\n")


class PocketsphinxStream:
    """One utterance. Audio waits here until a worker is free; errors come out of the iteration alone."""

    def __init__(self, engine: PocketsphinxStt, config: SttConfig) -> None:
        loop = asyncio.get_running_loop()
        self._engine = engine
        self._pool = engine.pool
        self._config = config
        self._phrases = _PhraseSet("", [])
        self._rate = config.rate
        self._claim = config.claim
        self._step = _STEP_MS * config.rate // 1000 * 2
        self._most_waiting = _WAITING_S * 2 * config.rate
        self._waiting = bytearray()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._committed = False
        self._over = False
        self._limit: Deadline | None = None
        self._lease: asyncio.Future[Stream[NeedPhrases | Partial | Result] | None] = loop.create_future()
        self._feeder = loop.create_task(self._feed())

    @property
    def over(self) -> bool:
        """Whether nothing more is to be heard."""
        return self._over or self._feeder.done()

    async def push(self, pcm: bytes) -> None:
        """Hear PCM16 mono. Waits while a minute of audio is waiting for a worker."""
        self._waiting += pcm
        self._changed.set()
        while len(self._waiting) > self._most_waiting and not self._over:
            self._taken.clear()
            await self._taken.wait()

    async def commit(self) -> None:
        self._committed = True
        self._changed.set()
        if self._limit:
            self._limit.restart(_LEASE_S)

    async def cancel(self) -> None:
        self._over = True
        self._taken.set()
        self._feeder.cancel()
        if not self._lease.done():
            self._lease.set_result(None)
        elif not self._lease.exception() and (lease := self._lease.result()):
            lease.cancel()

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        lease = await asyncio.shield(self._lease)
        if lease is None:
            return
        try:
            async for reply in lease:
                match reply:
                    case NeedPhrases():
                        await lease.send(Phrases(self._phrases.sentences))
                    case Partial(text=text, stable=stable):
                        yield SttPartial(text=text, stable=stable)
                    case Result():
                        yield _final(reply)
                        return
                if self._over:
                    return
        finally:
            lease.cancel()
        if not self._over:
            raise EngineError("stt", "engine_failed", "The recogniser ended without a result.")

    async def _feed(self) -> None:
        """Lease a worker, hand it the audio as it comes, then commit."""
        self._phrases = await _phrases_of(self._config)
        try:
            lease = await self._leased()
        except EngineError as error:
            self._over = True
            self._taken.set()
            self._lease.set_exception(error)
            self._lease.exception()  # the iteration raises it, where there is one
            return
        self._lease.set_result(lease)
        await lease.send(Begin(self._phrases.key, self._rate))
        while self._waiting or not self._committed:
            self._changed.clear()
            if self._waiting:
                await self._decode(lease)
            else:
                await self._changed.wait()
        await self._decode(lease)

    async def _decode(self, lease: Stream[NeedPhrases | Partial | Result]) -> None:
        """Have a step of the waiting audio decoded, or the result worked out, when it is our turn."""
        gate = self._engine.gate
        await gate.enter(Claim(self._claim.owner, background=self._claim.background or not self._committed))
        began = time.monotonic()
        try:
            if self._waiting:
                pcm = bytes(self._waiting[: self._step])
                del self._waiting[: self._step]
                self._taken.set()
                await lease.send(Audio(pcm))
                await lease.taken()
                self._engine.worked(len(pcm) / 2 / self._rate, time.monotonic() - began)
            else:
                await lease.send(EndOfAudio())
                await lease.taken()
        finally:
            gate.leave()

    async def _leased(self) -> Stream[NeedPhrases | Partial | Result]:
        """A worker: before the commit however long it takes, then within a deadline."""
        try:
            async with Deadline(_LEASE_S if self._committed else None) as self._limit:
                return await self._pool.lease(None, self._claim)
        except TimeoutError:
            raise self._pool.refusal(_LEASE_S) from None
        finally:
            self._limit = None


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
