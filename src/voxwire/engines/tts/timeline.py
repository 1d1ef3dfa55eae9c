"""Which words are in which piece of audio."""

from math import inf

from voxwire.engines.tts.messages import Piece, SpokenWord


class Timeline:
    """The words of one clause of `length` characters, cut along with its audio.

    Voices report oddities: words of no length, repeated or out of order. Here times and characters
    only ever grow, and stay within the clause.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._words: list[SpokenWord] = []
        self._done = 0

    def word(self, start: int, end: int, start_ms: float, end_ms: float = inf) -> None:
        """A word of these characters. Without `end_ms` it lasts until the next one begins."""
        previous = self._words[-1] if self._words else SpokenWord(0, 0, 0.0, 0.0)
        start, end = max(previous.end, start), min(end, self._length)
        if start >= end:
            return
        start_ms = max(previous.start_ms, start_ms)
        if previous.end_ms > start_ms and self._words:
            self._words[-1] = SpokenWord(previous.start, previous.end, previous.start_ms, start_ms)
        self._words.append(SpokenWord(start, end, start_ms, max(start_ms, end_ms)))

    def piece(self, pcm: bytes, end_ms: float, *, last: bool = False) -> Piece:
        """The piece of audio that ends at `end_ms`; the last one completes whatever is open."""
        completed = []
        while self._done < len(self._words):
            word = self._words[self._done]
            if word.end_ms > end_ms:
                if not last:
                    break
                word = SpokenWord(word.start, word.end, min(word.start_ms, end_ms), end_ms)
            completed.append(word)
            self._done += 1
        begun = [word.end for word in self._words if word.start_ms < end_ms]
        chars_to = self._length if last else max(begun, default=0)
        return Piece(pcm, chars_to, completed)
