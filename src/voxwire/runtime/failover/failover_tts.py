"""A synthesiser made of several: the next one goes on at the character up to which the one that fails has spoken."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from msgspec.structs import replace

from voxwire.audio.resample import Resampler
from voxwire.awake import Deadline
from voxwire.errors import EngineError
from voxwire.interfaces.engine import Word
from voxwire.interfaces.tts import TtsAudio, TtsCapabilities, TtsConfig, TtsEngine, TtsStream
from voxwire.runtime.engine_calls import broke_contract, timed_out
from voxwire.runtime.failover.failover_llm import models_of
from voxwire.runtime.failover.members import Attempt, Members, TakeoverTimes


class FailoverTts:
    """A `TtsEngine` of several, with the voices and the rate of the first. What the others make is resampled; where
    they do not have a voice, they speak with one of their own."""

    def __init__(self, members: Members, patience: TakeoverTimes) -> None:
        self.members = members
        self.wait_s = patience.tts_s
        self._capabilities: TtsCapabilities | None = None

    @property
    def capabilities(self) -> TtsCapabilities:
        if self._capabilities is not None:
            return self._capabilities
        every = [cast("TtsCapabilities", engine.capabilities) for engine in self.members.engines]
        label = " or ".join(dict.fromkeys(c.info.label for c in every))
        return replace(every[0], info=replace(every[0].info, label=label))

    @property
    def models(self) -> tuple[str, ...]:
        return models_of(self.members)

    async def start(self) -> None:
        await self.members.start()
        self._capabilities = self.capabilities  # they stay as they are, whoever starts later

    async def close(self) -> None:
        await self.members.close()

    def open(self, config: TtsConfig) -> "FailoverTtsStream":
        if config.voice not in self.capabilities.voices:
            raise EngineError("tts", "unknown_voice", f"There is no voice named {config.voice!r}.")
        return FailoverTtsStream(self, config)


class FailoverTtsStream:
    """One spoken answer, of one synthesiser or of several in turn."""

    def __init__(self, engine: FailoverTts, config: TtsConfig) -> None:
        self._engine = engine
        self._config = config
        self._unspoken = ""
        self._spoken = 0
        self._spoken_ms = 0.0
        self._worded = 0
        self._worded_ms = 0.0
        """Where the last word ends that has a time."""
        self._flushed = False
        self._cancelled = False
        self._changed = asyncio.Event()
        self._current: TtsStream | None = None
        self._limit: Deadline | None = None
        self._patience_s: float | None = None

    async def feed(self, text: str) -> None:
        if not self._flushed and not self._cancelled:
            self._unspoken += text
            self._changed.set()

    async def flush(self) -> None:
        self._flushed = True
        self._changed.set()
        if self._limit is not None:
            self._limit.restart(self._patience_s)

    async def cancel(self) -> None:
        self._cancelled = True
        self._changed.set()
        if self._current is not None:
            await self._current.cancel()

    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        for attempt in self._engine.members.attempts():
            self._patience_s = None if attempt.last else self._engine.wait_s
            try:
                async with aclosing(self._spoken_by(attempt)) as stretches:
                    async for audio in stretches:
                        yield audio
                        if self._cancelled:
                            return
                if not self._cancelled:
                    attempt.worked()
            except Exception as error:
                if self._cancelled:
                    return
                attempt.failed(error)

    async def _spoken_by(self, attempt: Attempt) -> AsyncGenerator[TtsAudio, None]:
        """What one synthesiser makes of all text that was not spoken yet."""
        engine: TtsEngine = attempt.engine
        voices = engine.capabilities.voices
        voice = self._config.voice if self._config.voice in voices else min(voices)
        resampler = Resampler(engine.capabilities.rate, self._engine.capabilities.rate)
        self._current = stream = engine.open(replace(self._config, voice=voice))
        base, base_ms = self._spoken, self._spoken_ms
        feeder = asyncio.create_task(self._feed(stream))
        try:
            if self._cancelled:
                return
            stretches = aiter(stream)
            while (audio := await self._next(stretches)) is not None:
                yield self._shifted(audio, resampler, base, base_ms)
            if any(c.isalnum() for c in self._unspoken) and not self._cancelled:
                raise broke_contract("tts", "ended before all of its text was spoken")
        finally:
            feeder.cancel()
            self._current = None
            await stream.cancel()

    async def _feed(self, stream: TtsStream) -> None:
        """Hand over the text that is there, and what comes; then say that it was all."""
        begin = self._spoken
        fed = 0
        while True:
            self._changed.clear()
            text = self._unspoken[max(0, begin + fed - self._spoken) :]
            flushed = self._flushed
            if text:
                fed += len(text)
                await stream.feed(text)
            elif flushed:
                await stream.flush()
                return
            else:
                await self._changed.wait()

    async def _next(self, stretches: AsyncIterator[TtsAudio]) -> TtsAudio | None:
        """Silence counts once the text is complete, as it does for the runtime."""
        try:
            async with Deadline(self._patience_s if self._flushed else None) as self._limit:
                return await anext(stretches, None)
        except TimeoutError:
            raise timed_out("tts", self._engine.wait_s) from None
        finally:
            self._limit = None

    def _shifted(self, audio: TtsAudio, resampler: Resampler, base: int, base_ms: float) -> TtsAudio:
        """A stretch with its place in all text and all sound of the answer."""
        pcm = resampler.push(audio.pcm)
        begin = self._spoken
        end = min(max(base + audio.chars_to, begin), begin + len(self._unspoken))
        self._unspoken = self._unspoken[end - begin :]
        self._spoken = end
        self._spoken_ms += len(pcm) / 2 / self._engine.capabilities.rate * 1000
        words = []
        for word in audio.words:
            start, start_ms = base + word.start, base_ms + word.start_ms
            if start >= self._worded and start_ms >= self._worded_ms:  # else the voice before has begun with it
                self._worded, self._worded_ms = base + word.end, base_ms + word.end_ms
                words.append(
                    Word(text=word.text, start=start, end=self._worded, start_ms=start_ms, end_ms=self._worded_ms)
                )
        return TtsAudio(pcm=pcm, chars_from=begin, chars_to=end, words=tuple(words))
