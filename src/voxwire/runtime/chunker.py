"""Cutting an engine's speech into the audio deltas of the wire.

The first delta holds 50 to 100 ms, so that speech starts early; later ones at most 200 ms, so that
an interruption wastes little (protocol: responses, Size of deltas). Each delta tells how far into the text it speaks:
by the engine's word times where it gives them, else in proportion within the engine's own chunk.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from math import inf
from typing import Final

from voxwire.audio.resample import Resampler
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import SpokenAudio
from voxwire.interfaces.tts import TtsAudio

#: Least and most milliseconds of the first delta.
_FIRST_MS: Final = (50, 100)
#: The same of later ones: an engine that yields dribs must not flood the wire with frames.
_LATER_MS: Final = (100, 200)


class Chunker:
    """The speech of one message: engine audio in, deltas out. Rates in Hz; positions in output samples."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._resampler = Resampler(rate_in, rate_out)
        self._samples_per_ms = rate_out / 1000
        self._bytes_per_s = 2 * rate_in
        self._waiting = bytearray()
        self._sent = 0
        self._words: deque[Word] = deque()
        self._unsent_words: deque[Word] = deque()
        # Where the text is in the audio: characters rise from point to point.
        self._points: list[tuple[float, int]] = [(0, 0)]

    def duration_s(self, audio: TtsAudio) -> float:
        """How long a stretch of the engine's speech lasts."""
        return len(audio.pcm) / self._bytes_per_s

    def push(self, audio: TtsAudio) -> Iterator[SpokenAudio]:
        """Take a stretch of speech; yields the deltas that it completes."""
        self._waiting += self._resampler.push(audio.pcm)
        if audio.words:
            self._words.extend(audio.words)
            self._unsent_words.extend(audio.words)
        self._note(self._sent + len(self._waiting) // 2, audio.chars_to)
        while chunk := self._next(*(_LATER_MS if self._sent else _FIRST_MS)):
            yield chunk

    def flush(self) -> Iterator[SpokenAudio]:
        """What is left at the end of the message, however short."""
        while chunk := self._next(0, (_LATER_MS if self._sent else _FIRST_MS)[1]):
            yield chunk

    def _next(self, least_ms: int, most_ms: int) -> SpokenAudio | None:
        size = min(len(self._waiting), int(most_ms * self._samples_per_ms) * 2)
        if not size or size < least_ms * self._samples_per_ms * 2:
            return None
        pcm = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._sent += size // 2
        words: list[Word] = []
        while self._unsent_words and self._unsent_words[0].start_ms * self._samples_per_ms < self._sent:
            words.append(self._unsent_words.popleft())
        return SpokenAudio(pcm=pcm, chars_to=self._chars_at(self._sent), words=tuple(words))

    def _note(self, end: int, chars_to: int) -> None:
        """Points for a stretch that ends at sample `end` and character `chars_to`."""
        while self._words and self._words[0].end_ms * self._samples_per_ms < end:
            word = self._words.popleft()
            self._point(word.start_ms * self._samples_per_ms, word.start)
            self._point(word.end_ms * self._samples_per_ms, word.end)
        self._point(end, chars_to)

    def _point(self, at: float, chars: int) -> None:
        last_at, last_chars = self._points[-1]
        if at > last_at:
            self._points.append((at, max(chars, last_chars)))
        elif chars > last_chars:
            self._points[-1] = (last_at, chars)

    def _chars_at(self, at: float) -> int:
        index = bisect_right(self._points, (at, inf))
        start, chars_from = self._points[index - 1]
        if index == len(self._points):
            return chars_from
        end, chars_to = self._points[index]
        del self._points[: index - 1]
        return chars_from + int((chars_to - chars_from) * (at - start) / (end - start))
