"""The ledger of a spoken message: which of its audio carries which of its characters.

Truncation at a heard point cuts the transcript through it (protocol: conversation, Truncation). Where the engine gives
word times the cut falls between words; elsewhere characters are interpolated inside a chunk.
"""

from bisect import bisect_right

from voxwire.interfaces.engine import Word


class Ledger:
    """Grows chunk by chunk as audio is produced; times in milliseconds from the message's start."""

    __slots__ = ("_bytes_per_ms", "_points", "_words", "size")

    def __init__(self, rate: int) -> None:
        """`rate`: samples a second of the PCM16 audio that will be added."""
        self._bytes_per_ms = rate * 2 / 1000
        self.size = 0
        """Bytes of all audio added."""
        self._points: list[tuple[float, int]] = [(0.0, 0)]
        self._words: tuple[Word, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Length of all audio added."""
        return self.size / self._bytes_per_ms

    @property
    def chars(self) -> int:
        """Characters that the audio added so far carries."""
        return self._points[-1][1]

    def size_at(self, ms: float) -> int:
        """Bytes of PCM16 before `ms`, in whole samples."""
        size = min(self.size, int(ms * self._bytes_per_ms))
        return size - size % 2

    def add(self, size: int, chars_to: int, words: tuple[Word, ...]) -> None:
        """Note `size` more bytes, which end at character `chars_to`."""
        self.size += size
        self._points.append((self.duration_ms, max(chars_to, self.chars)))
        self._words += words

    def chars_at(self, ms: float) -> int:
        """How many characters were heard by `ms`; a word counts once half of it was heard."""
        if ms >= self.duration_ms:
            return self.chars
        heard = [word.end for word in self._words if (word.start_ms + word.end_ms) / 2 <= ms]
        if self._words:
            return max(heard, default=0)
        index = bisect_right(self._points, ms, key=lambda point: point[0])
        (start, chars_from), (end, chars_to) = self._points[index - 1], self._points[index]
        return chars_from + int((chars_to - chars_from) * (ms - start) / (end - start))
