"""Speaking one message of an answer: text in as it is written, audio deltas out as they are spoken.

The voice gets what is speakable of the text, and counts its characters; deltas count those of the text as it was
written, for a transcript shows that, and a truncation cuts that.
"""

from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Final

from msgspec.structs import replace

from voxwire.interfaces.inputs import Generated, SpokenAudio
from voxwire.interfaces.tts import TtsAudio, TtsStream
from voxwire.runtime.chunker import Chunker
from voxwire.runtime.engine_calls import EngineSteps, close_iterator, tts_errors
from voxwire.runtime.notify import Flag, Notify
from voxwire.runtime.revocable_sink import RevocableSink
from voxwire.runtime.speakable.lines import SpeakableText
from voxwire.runtime.stage_timing import StageTiming, StageTimings

#: Characters the language engine may be ahead of the voice: about ten minutes of speech, so that only
#: a runaway answer ever waits.
_MOST_AHEAD: Final = 8_000
#: Characters that are made speakable at a time: a language engine may hand over a whole book at once.
_AT_A_TIME: Final = 2_000


class Voicing:
    """Drives one stream of the synthesiser. `run` is a task of its own; it ends when all is delivered.
    Its maker must `close` it."""

    def __init__(
        self,
        stream: TtsStream,
        chunker: Chunker,
        generation: int,
        delivery: RevocableSink,
        steps: EngineSteps,
        deadline_s: float,
        timing: StageTiming | None = None,
    ) -> None:
        """`steps` is that of the task that calls `say` and `finish`."""
        self._steps = steps
        self._timing = timing or StageTimings().begin("tts", generation)
        self._stream = stream
        self._chunker = chunker
        self._generation = generation
        self._speakable = SpeakableText()
        self._delivery = delivery
        self._deadline_s = deadline_s
        self._fed = 0
        self._voiced = 0
        self._complete = False
        self._spoken = Flag()
        self._progress = Notify()
        self._awaited: EngineSteps | None = None

    async def say(self, text: str) -> None:
        """Speak this next. Waits while the voice is far behind."""
        for start in range(0, len(text), _AT_A_TIME):
            await self._feed(self._speakable.feed(text[start : start + _AT_A_TIME]))

    async def _feed(self, speakable: str) -> None:
        while self._fed - self._voiced > _MOST_AHEAD:
            self._steps.begin("tts", self._deadline_s)
            await self._progress.wait()
            self._steps.end()
        if speakable:
            self._fed += len(speakable)
            self._steps.begin("tts", self._deadline_s)
            with tts_errors:
                await self._stream.feed(speakable)
            self._steps.end()

    async def finish(self) -> None:
        """No more text comes; returns when every delta was delivered."""
        await self._feed(self._speakable.flush())
        self._complete = True
        self._steps.begin("tts", self._deadline_s)
        with tts_errors:
            await self._stream.flush()
        self._steps.end()
        if self._awaited is not None:
            self._awaited.begin("tts", self._deadline_s)
        await self._spoken.wait()

    async def close(self) -> None:
        """Free the synthesiser. Not part of `run`, for a task that is cancelled early never begins."""
        with tts_errors:
            await self._stream.cancel()

    async def run(self) -> None:
        with self._timing:
            await self._speak()
        self._spoken.set()

    async def _speak(self) -> None:
        stretches = aiter(self._stream)
        try:
            async with EngineSteps() as steps:
                while (stretch := await self._next(stretches, steps)) is not None:
                    self._timing.reached()
                    self._timing.audio_s += self._chunker.duration_s(stretch)
                    await self._deliver(self._chunker.push(stretch))
                    self._voiced = stretch.chars_to
                    self._progress.wake()
            await self._deliver(self._chunker.flush())
        finally:
            await close_iterator("tts", stretches)

    async def _deliver(self, chunks: Iterator[SpokenAudio]) -> None:
        for chunk in chunks:
            await self._delivery.deliver(Generated(self._generation, self._as_written(chunk)))

    def _as_written(self, chunk: SpokenAudio) -> SpokenAudio:
        """The delta with positions in the text as it was written."""
        if self._speakable.unchanged:
            return chunk
        written_at = self._speakable.written_at
        words = tuple(replace(word, start=written_at(word.start), end=written_at(word.end)) for word in chunk.words)
        return replace(chunk, chars_to=written_at(chunk.chars_to), words=words)

    async def _next(self, stretches: AsyncIterator[TtsAudio], steps: EngineSteps) -> TtsAudio | None:
        """The next stretch, None at the end. Silence counts once the text is complete: until then the
        voice may be waiting for the rest of a sentence."""
        has_text = self._fed > self._voiced
        asked = monotonic()
        if self._complete:
            steps.begin("tts", self._deadline_s)
        self._awaited = steps
        try:
            with tts_errors:
                return await anext(stretches, None)
        finally:
            self._awaited = None
            steps.end()
            if has_text:
                self._timing.busy_s += monotonic() - asked
