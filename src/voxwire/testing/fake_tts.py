"""Synthesisers for tests: a hum for every character, at once or as fast as speech."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, MutableSequence
from typing import Final

from voxwire.errors import EngineError
from voxwire.interfaces.engine import EngineInfo, Word
from voxwire.interfaces.tts import TtsAudio, TtsCapabilities, TtsConfig

#: The ten voice names of the API (protocol: sessions, Voice).
FAKE_VOICES: Final = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
#: A quiet square wave: not silence, so that a test can tell speech from nothing.
_HUM: Final = b"\x00\x04" * 4 + b"\x00\xfc" * 4


class FakeTts:
    """Speaks every character for `char_ms`, in chunks of `chunk_ms`.

    `pace` 1.0 yields audio as fast as it is heard, so that an interruption finds it speaking; 0 at
    once. `patient` waits for the end of the text. `fails_after` chunks the `failure` is raised; `stalled`
    never yields anything.
    """

    def __init__(
        self,
        *,
        rate: int = 24_000,
        char_ms: float = 60.0,
        chunk_ms: float = 100.0,
        pace: float = 0.0,
        word_times: bool = False,
        patient: bool = False,
        stalled: bool = False,
        failure: Exception | None = None,
        fails_after: int = 0,
        voices: Iterable[str] = FAKE_VOICES,
    ) -> None:
        self.capabilities = TtsCapabilities(
            info=EngineInfo(name="fake-tts", label="a hum", licence="Apache-2.0"),
            rate=rate,
            voices={voice: voice for voice in voices},
        )
        self.char_ms = char_ms
        self.word_times = word_times
        self.chunk_ms = chunk_ms
        self.pace = pace
        self.patient = patient
        self.stalled = stalled
        self.failure = failure
        self.fails_after = fails_after
        self.streams: MutableSequence[FakeTtsStream] = []
        self.started = 0
        self.closed = 0

    async def start(self) -> None:
        self.started += 1

    async def close(self) -> None:
        self.closed += 1

    def open(self, config: TtsConfig) -> "FakeTtsStream":
        if config.voice not in self.capabilities.voices:
            raise EngineError("tts", "unsupported_voice", f"There is no voice {config.voice!r}.")
        stream = FakeTtsStream(self, config)
        self.streams.append(stream)
        return stream


class FakeTtsStream:
    """One spoken answer; `text` is all that was fed, `spoken` how much of it was voiced."""

    def __init__(self, engine: FakeTts, config: TtsConfig) -> None:
        self.config = config
        self.char_ms = engine.char_ms / config.speed
        self.text = ""
        self.spoken = 0
        self.flushed = False
        self.cancelled = False
        self._engine = engine
        self._changed = asyncio.Event()

    async def feed(self, text: str) -> None:
        self.text += text
        self._changed.set()

    async def flush(self) -> None:
        self.flushed = True
        self._changed.set()

    async def cancel(self) -> None:
        self.cancelled = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        engine = self._engine
        chunk_chars = max(1, round(engine.chunk_ms / self.char_ms))
        chunks = 0
        while not self.cancelled:
            if engine.failure is not None and chunks >= engine.fails_after:
                raise engine.failure
            chars = min(chunk_chars, len(self.text) - self.spoken) if self.text.strip() else 0
            if engine.stalled or not chars or (engine.patient and not self.flushed):
                if self.flushed and not engine.stalled:
                    return
                self._changed.clear()
                await self._changed.wait()
                continue
            if engine.pace:
                await asyncio.sleep(chars * self.char_ms / 1000 * engine.pace)
                if self.cancelled:
                    return
            chunks += 1
            yield self._voice(chars)

    def _voice(self, chars: int) -> TtsAudio:
        engine = self._engine
        begin, end = self.spoken, self.spoken + chars
        self.spoken = end
        samples = self._sample(end) - self._sample(begin)
        return TtsAudio(
            pcm=(_HUM * (samples // 8 + 1))[: 2 * samples],
            chars_from=begin,
            chars_to=end,
            words=self._words(begin, end) if engine.word_times else (),
        )

    def _words(self, begin: int, end: int) -> tuple[Word, ...]:
        """Words that begin in this stretch; each is as long as its characters so far known."""
        found = []
        for word in re.finditer(r"\S+", self.text):
            if begin <= word.start() < end:
                start_ms, end_ms = word.start() * self.char_ms, word.end() * self.char_ms
                timed = Word(text=word[0], start=word.start(), end=word.end(), start_ms=start_ms, end_ms=end_ms)
                found.append(timed)
        return tuple(found)

    def _sample(self, chars: int) -> int:
        return int(chars * self.char_ms * self._engine.capabilities.rate / 1000)
