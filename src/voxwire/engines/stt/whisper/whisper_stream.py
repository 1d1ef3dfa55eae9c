"""One utterance that Whisper reads: when, how much of it, and what the listener is told.

While somebody speaks, what there is so far is read again and again. Words of two readings in a row are certain. What
was said to be certain is never taken back: if the last reading says something else, it is done again, and has to begin
with them. At a probe and at the end everything is read; if nobody spoke between the two, once. What is too long for one
reading is cut at a pause.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec.structs import replace

from voxwire.engines.stt.whisper.loudness import Loudness
from voxwire.engines.stt.whisper.messages import HeardWord, Read
from voxwire.engines.stt.whisper.readers import Readers
from voxwire.engines.stt.whisper.readings import Agreement, joined_words, whisper_final
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal, SttInterim, SttPartial

_BYTES_PER_MS: Final = 32
#: What is longer than this is cut, somewhere in its last part: a reading takes 30 s, and hears silence at their end.
_LONGEST: Final = 28_000 * _BYTES_PER_MS
_LAST_PART: Final = 10_000 * _BYTES_PER_MS
#: Audio that waits to be read, beside what one reading takes.
_WAITING: Final = 60_000 * _BYTES_PER_MS


class UtteranceSettings(NamedTuple):
    """What an operator, a session and its language say of an utterance."""

    partial_ms: int
    language: str | None
    hints: str


class _Read(NamedTuple):
    """All words up to a position of the piece."""

    end: int
    words: list[HeardWord]


class WhisperStream:
    """A `ProbedSttStream`. Errors come out of the iteration alone.

    Positions are bytes of the piece that is read now; `_gone` is what was cut off before it, whose words are final.
    """

    def __init__(self, readers: Readers, config: SttConfig, utterance: UtteranceSettings) -> None:
        self._readers = readers
        self._claim = config.claim
        self._details = config.word_times or config.logprobs
        self._step = utterance.partial_ms * _BYTES_PER_MS
        self._language, self._hints = utterance.language, utterance.hints
        self._piece = bytearray()
        self._loudness = Loudness()
        self._agreement = Agreement()
        self._seen = 0
        self._whole: _Read | None = None
        self._gone = 0
        self._done: list[HeardWord] = []
        self._probes: deque[int] = deque()
        self._committed = False
        self._over = False
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._events: deque[SttEvent] = deque()
        self._readable = asyncio.Event()
        self._partial: asyncio.Task[None] | None = None
        self._runner = asyncio.get_running_loop().create_task(self._run())
        self._runner.add_done_callback(self._ended)
        if not config.claim.background:
            readers.streams.add(self)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be heard."""
        return self._over or self._runner.done()

    async def push(self, pcm: bytes) -> None:
        """Hear PCM16 mono. Waits while a minute of audio is waiting to be read."""
        if self._over or self._committed:
            return
        self._piece += pcm
        self._loudness.add(pcm)
        self._changed.set()
        while len(self._piece) > _LONGEST + _WAITING and not self.over:
            self._taken.clear()
            await self._taken.wait()

    async def probe(self) -> None:
        self._probes.append(self._gone + len(self._piece))
        self._hurry()

    async def commit(self) -> None:
        self._committed = True
        self._hurry()

    async def cancel(self) -> None:
        self._over = True
        self._events.clear()
        self._runner.cancel()
        if self._partial:
            self._partial.cancel()
        self._readable.set()
        self._taken.set()

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        while not self._over:
            if self._events:
                event = self._events.popleft()
                yield event
                if isinstance(event, SttFinal):
                    return
            elif self._runner.done():
                self._runner.result()  # raises why it broke
                return
            else:
                self._readable.clear()
                await self._readable.wait()

    # --- inside ---

    def _ended(self, runner: asyncio.Task[None]) -> None:
        if not runner.cancelled():
            runner.exception()  # the iteration raises it, where there is one
        self._readable.set()
        self._taken.set()

    def _hurry(self) -> None:
        """Somebody waits now: what nobody waits for is given up."""
        self._changed.set()
        if self._partial:
            self._partial.cancel()

    def _say(self, event: SttEvent) -> None:
        """A partial that nobody has taken yet is replaced by the next one."""
        if self._events and isinstance(event, SttPartial) and isinstance(self._events[-1], SttPartial):
            self._events.pop()
        self._events.append(event)
        self._readable.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            end = self._probes[0] - self._gone if self._probes else len(self._piece)
            if end > _LONGEST:
                await self._cut()
            elif self._probes:
                whole = await self._read_whole(end)
                self._probes.popleft()
                self._say(SttInterim(text=joined_words([*self._done, *whole.words])))
            elif self._committed:
                whole = await self._read_whole(end)
                self._say(whisper_final([*self._done, *self._later(whole.words)], details=self._details))
                return
            elif self._due(end):
                await self._read_on()
            else:
                await self._changed.wait()

    def _due(self, end: int) -> bool:
        """Whether so much more was said that it is worth a reading."""
        if not self._step or end - self._seen < self._step:
            return False
        if self._loudness.only_quiet(self._seen, end):
            return False  # looked at again with the next audio: a word may have begun
        return True

    async def _read_on(self) -> None:
        """Say what was heard so far, unless somebody waits for something else before that is known."""
        self._partial = asyncio.get_running_loop().create_task(self._read_partial())
        try:
            await self._partial
        except asyncio.CancelledError:
            if self._runner.cancelling():
                raise
        finally:
            self._partial = None

    async def _read_partial(self) -> None:
        end = 0

        def request() -> Read:
            nonlocal end
            end = min(len(self._piece), _LONGEST)
            return self._request(end)

        reading = await self._readers.read(request, self._claim, awaited=False)
        self._seen, self._whole = end, None
        words = self._agreement.join(reading.words)
        if words is None:
            return  # it contradicts what was said already; the next one, with more sound, may not
        self._agreement.read(words)
        if text := joined_words([*self._done, *words]):
            self._say(SttPartial(text=text, stable=len(joined_words([*self._done, *self._agreement.certain]))))

    async def _read_whole(self, end: int) -> _Read:
        """All words up to there: those that were read already, if nobody has spoken since."""
        if self._whole is None or not self._loudness.only_quiet(self._whole.end, end):
            words = await self._read_words(end, details=self._details)
            self._seen, self._whole = end, _Read(end, words)
            self._agreement.read(words)
        return self._whole

    async def _read_words(self, end: int, *, details: bool) -> list[HeardWord]:
        """The words up to there. They go on from the certain ones, if need be with a second reading that has to."""
        for begun in ([], self._agreement.tokens):
            request = partial(self._request, end, begun=begun, whole=True, details=details)
            reading = await self._readers.read(request, self._claim, awaited=True)
            words = self._agreement.join(reading.words)
            # What is told in detail has to be what was read.
            if words is not None and not (details and joined_words(words) != joined_words(reading.words)):
                return words
        return reading.words

    async def _cut(self) -> None:
        """Read what fits into a reading. The words up to a pause are final; what is behind it is read again."""
        cut = self._loudness.cut(_LONGEST - _LAST_PART, _LONGEST)
        words = await self._read_words(_LONGEST, details=True)
        words = [word for word in words if word.start_ms + word.end_ms < 2 * cut / _BYTES_PER_MS]
        self._done += self._later(words)
        self._agreement = Agreement(self._agreement.certain[len(words) :])
        self._whole, self._seen = None, 0
        del self._piece[:cut]
        self._loudness.drop(cut)
        self._gone += cut
        self._taken.set()

    def _later(self, words: list[HeardWord]) -> list[HeardWord]:
        """Words of this piece, with their times in the utterance."""
        before_ms = self._gone / _BYTES_PER_MS
        return [replace(word, start_ms=word.start_ms + before_ms, end_ms=word.end_ms + before_ms) for word in words]

    def _request(self, end: int, *, begun: Sequence[int] = (), whole: bool = False, details: bool = False) -> Read:
        return Read(
            bytes(self._piece[:end]),
            begun=list(begun),
            language=self._language,
            hints=self._hints,
            whole=whole,
            details=details,
        )
