"""The audio of a client that is not committed yet, and the clock that it is (protocol: turns, Audio time).

Time is audio handed in. The clock counts ticks of 1/24 000 s, so a sample is a whole number of
ticks in every format: one for PCM16, three for G.711. Every tick appended is at any moment
buffered, committed, cleared or discarded (docs/architecture.md, invariant 7).
"""

from typing import Final

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import TICKS_PER_MS

#: From this many bytes on, a commit of everything gives the buffer itself away: a copy of 60 MiB held the loop for
#: 35 ms. Less is copied, for a buffer is up to an eighth larger than what is in it.
_HANDED_OVER: Final = 1024 * 1024


class InputBuffer:
    """Uncommitted audio in one wire format, from tick `start` to tick `end` of the session."""

    def __init__(self, format: AudioFormat) -> None:
        self.format = format
        self.start = 0
        self.committed = 0
        self.cleared = 0
        self.discarded = 0
        self._data = bytearray()

    @property
    def end(self) -> int:
        """The clock: ticks appended in the session so far."""
        return self.start + self._ticks(len(self._data))

    @property
    def size(self) -> int:
        """Bytes buffered."""
        return len(self._data)

    @property
    def duration_ms(self) -> float:
        """Milliseconds buffered."""
        return len(self._data) / self.format.bytes_per_ms

    def size_of(self, ticks: int) -> int:
        """Bytes of a number of ticks."""
        return ticks * self.format.bytes_per_ms // TICKS_PER_MS

    def append(self, audio: bytes) -> None:
        self._data += audio

    def read(self, start: int, end: int) -> bytes:
        """The audio between two ticks of the buffer."""
        with memoryview(self._data) as data:  # a slice of the bytearray itself would copy twice
            return bytes(data[self._offset(start) : self._offset(end)])

    def commit(self, start: int, end: int) -> bytes | bytearray:
        """Take the audio between two ticks; what lies before it is discarded, the rest stays."""
        self.discard_before(start)
        self.committed += end - start
        if end == self.end and len(self._data) >= _HANDED_OVER:
            data, self._data = self._data, bytearray()
            self.start = end
            return data
        taken = self.read(start, end)
        self._drop(end)
        return taken

    def clear(self) -> None:
        self.cleared += self.end - self.start
        self._drop(self.end)

    def discard_before(self, tick: int) -> None:
        """Forget audio that no turn can need any more."""
        if tick > self.start:
            self.discarded += tick - self.start
            self._drop(tick)

    def change_format(self, format: AudioFormat) -> None:
        """Go on in another format; what is buffered in the old one is discarded."""
        self.discard_before(self.end)
        self.format = format

    def _drop(self, tick: int) -> None:
        # CPython moves the front of a bytearray by an offset, so this does not copy the rest.
        del self._data[: self._offset(tick)]
        self.start = tick

    def _ticks(self, size: int) -> int:
        return size * TICKS_PER_MS // self.format.bytes_per_ms

    def _offset(self, tick: int) -> int:
        return self.size_of(tick - self.start)
