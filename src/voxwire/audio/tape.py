"""The audio of a client that is not committed yet, kept once: for the session, and for the detector of speech.

**Time** is audio handed in (protocol: turns, Audio time). The clock counts ticks of 1/24 000 s, so a sample is a whole
number of ticks in every format: one for PCM16, three for G.711. Every tick appended is at any moment buffered,
committed, cleared or discarded (docs/architecture.md, invariant 7).

**Windows.** While an epoch of detection is on, the audio is also a stream of windows of 32 ms. Four positions move
along it, and never pass each other:

    start … followed ≤ scored ≤ cut ≤ end

    append      moves `end`
    cut         gives the detector the next window, with the audio before it that the resampler's filter needs
    put         the score of the oldest window that was cut and has none
    follow      gives the session the score of the next window, in the order of the windows
    pass_over   the same for scores that change nothing, all in one call

What lies between `followed` and `end` and makes no whole window waits for more audio. The filter's history of a window
is the sound right before it. Where the epoch has just begun, it is silence. The bytes of that history are kept though
they may be committed or discarded already.

**Waking.** Most scores change nothing. `expect` says which ones do, and `wakes` says that one of these is there, or
that enough others are. Who scores looks at it after `put`, and lets the session follow.

Another implementation in C may stand behind this interface (`voxwire.audio.tapes`). Both behave alike, to the byte.
A tape is used by one thread at a time. It does no I/O, and computes nothing of the sound.
"""

from typing import Final

from voxwire.audio.pcm import PCM_RATE, WINDOW_MS, AudioFormat

TICKS_PER_MS: Final = PCM_RATE // 1000
WINDOW_TICKS: Final = WINDOW_MS * TICKS_PER_MS
#: Ticks of sound before a window that the filter to 16 kHz reads: 47 samples of PCM16, 31 of G.711.
HISTORY_TICKS: Final = {AudioFormat.PCM16: 47, AudioFormat.ULAW: 93, AudioFormat.ALAW: 93}
#: From this many bytes on, a commit of everything gives the buffer itself away: a copy of 60 MiB held the loop for
#: 35 ms. Less is copied, for a buffer is up to an eighth larger than what is in it.
_HANDED_OVER: Final = 1024 * 1024
_SILENCE: Final = {AudioFormat.PCM16: b"\x00", AudioFormat.ULAW: b"\xff", AudioFormat.ALAW: b"\xd5"}
#: More windows than any tape holds.
NEVER: Final = 2**31 - 1


def to_ms(tick: int) -> int:
    """A tick as whole milliseconds of the wire."""
    return tick // TICKS_PER_MS


class Tape:
    """Uncommitted audio in one format of the wire, from tick `start` to tick `end` of the session.

    The reference, in pure Python. All positions are ticks, all audio is of the wire. Reading an attribute changes
    nothing. Scores are kept as doubles, exactly as they were put.
    """

    __slots__ = (
        "_began", "_bytes_per_ms", "_cut", "_data", "_first", "_high", "_history", "_keep", "_low", "_most", "_scores",
        "_stretch_bytes", "cleared", "committed", "discarded", "end", "epoch", "followed", "format", "start", "wakes",
    )  # fmt: skip

    format: AudioFormat
    """Of what is appended from now on."""
    start: int
    """The first tick that is buffered."""
    end: int
    """The clock: ticks appended in the session so far."""
    followed: int
    """The end of the last window that was followed; or where windows begin, before the first."""
    epoch: int
    """The number of the epoch that is on; 0 for none."""
    wakes: bool
    """Whether the session has to follow now. Only `put` sets it; `follow` of the last score, `expect` and `begin`
    take it back."""
    committed: int
    """Ticks that were committed so far; so `cleared`, `discarded`."""
    cleared: int
    discarded: int

    def __init__(self, format: AudioFormat) -> None:
        """Nothing is appended, no epoch is on, every score wakes."""
        self.start = self.end = self.followed = self.committed = self.cleared = self.discarded = 0
        self._data = bytearray()
        self._first = self._cut = self._began = 0
        self._scores: list[float] = []
        self.epoch = 0
        self._set_format(format)
        self.expect(0.0, 0.0, 1, -1)

    # --- audio ------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes buffered."""
        return self._bytes(self.end - self.start)

    def append(self, audio: bytes) -> int:
        """Add whole samples at the end. Returns `ready`. Raises ValueError for half a sample, and nothing is added."""
        if len(audio) % self.format.sample_bytes:
            raise ValueError(f"{len(audio)} bytes are not a whole number of samples")
        self._data += audio
        self.end += len(audio) * TICKS_PER_MS // self._bytes_per_ms
        return self.ready

    def read(self, start: int, end: int) -> bytes:
        """A copy of the audio between two ticks. Raises ValueError for ticks that are not buffered."""
        if not self.start <= start <= end <= self.end:
            raise ValueError(f"ticks {start} to {end} of {self.start} to {self.end}")
        with memoryview(self._data) as data:  # a slice of the bytearray itself would copy twice
            return bytes(data[self._bytes(start - self._first) : self._bytes(end - self._first)])

    def commit(self, start: int, end: int) -> bytes | bytearray:
        """Take the audio between two ticks, which is the caller's then. What lies before it is discarded, the rest
        stays. Windows go on as they were. Raises ValueError for ticks that are not buffered, and nothing is taken.

        What is taken is a copy. But 1 MiB and more up to `end`, with no older audio in windows to come, is handed over
        as it is, without a copy: a bytearray.
        """
        if not self.start <= start <= end <= self.end:
            raise ValueError(f"ticks {start} to {end} of {self.start} to {self.end}")
        self.discarded += start - self.start
        self.committed += end - start
        self.start = start
        if end == self.end and self._bytes(end - start) >= _HANDED_OVER and start <= self._heard_from:
            return self._hand_over()
        taken = self.read(start, end)
        self.start = end
        self._trim()
        return taken

    def clear(self) -> None:
        """Forget all audio that is buffered."""
        self.cleared += self.end - self.start
        self.start = self.end
        self._trim()

    def discard_before(self, tick: int) -> None:
        """Forget audio that no turn can need any more; nothing where it is gone already. Raises ValueError for a tick
        after `end`. Memory is given back at once, or when less than a quarter of what is held is needed."""
        if tick > self.end:
            raise ValueError(f"tick {tick} of {self.start} to {self.end}")
        if tick > self.start:
            self.discarded += tick - self.start
            self.start = tick
            self._trim()

    def change_format(self, format: AudioFormat) -> None:
        """Go on in another format. What is buffered in the old one is discarded, and no epoch is on: `begin` one."""
        self.discarded += self.end - self.start
        self.start = self._first = self.end
        self._data = bytearray()
        self._set_format(format)
        self.begin(0)

    # --- windows: the session's side ----------------------------------------------------------------

    def begin(self, epoch: int) -> None:
        """Begin an epoch: from `end` on, the audio is a new stream of windows with silence before it. Scores that were
        not followed are gone, and nothing is ready. 0 ends the present epoch: from now on there are no windows."""
        self.epoch = epoch
        self._began = self.end
        self.realign()
        self._trim()

    def realign(self) -> None:
        """The next window begins at `end`, in the same epoch: what is left of an unfinished window is never scored by
        itself, but it is the history of the next one. Scores that were not followed are gone, as for `begin`."""
        self.followed = self._cut = self.end
        self._scores.clear()
        self.wakes = False

    def expect(self, low: float, high: float, most: int, keep: int) -> None:
        """Say what the session waits for; it holds until it is said anew.

        Scores between `low` and `high`, both excluded, change nothing. Any other one wakes, and so do `most` scores
        that were not followed, whatever they are. `NEVER` is more than there ever are, and infinities are allowed:
        `expect(-inf, inf, NEVER, -1)` is "wait", `expect(0.0, 0.0, 1, -1)` is "every score".

        `keep` is how many ticks before the last score are worth keeping as long as nothing wakes: `put` discards what
        lies before. -1: it discards nothing.

        Scores that are there already count as seen: they do not wake.
        """
        self._low, self._high, self._most, self._keep = low, high, most, keep
        self.wakes = False

    @property
    def waiting(self) -> int:
        """Whole windows that were not followed; 0 where no epoch is on."""
        return (self.end - self.followed) // WINDOW_TICKS if self.epoch else 0

    @property
    def unscored(self) -> int:
        """Those of them that have no score yet."""
        return self.waiting - len(self._scores)

    @property
    def scores(self) -> tuple[float, ...]:
        """Those that are there and were not followed, in the order of the windows."""
        return tuple(self._scores)

    def follow(self) -> float | None:
        """The score of the window that begins at `followed`, which is its end from then on. None where there is none
        yet, and nothing has happened."""
        if not self._scores:
            return None
        score = self._scores.pop(0)
        self.followed += WINDOW_TICKS
        if not self._scores:
            self.wakes = False
        return score

    def pass_over(self, low: float, high: float, most: int) -> int:
        """Follow scores as long as they lie between `low` and `high`, both excluded, but at most so many. Returns how
        many these were."""
        passed = 0
        while passed < most and self._scores and low < self._scores[0] < high:
            self.follow()
            passed += 1
        return passed

    # --- windows: the detector's side ---------------------------------------------------------------

    @property
    def ready(self) -> int:
        """Whole windows that were not cut."""
        return (self.end - self._cut) // WINDOW_TICKS if self.epoch else 0

    def cut(self) -> bytes | bytearray:
        """Take the next window: the history, then the window, as bytes of the wire. Raises RuntimeError where none is
        ready."""
        begin, end = self._cut - self._history, self._cut + WINDOW_TICKS
        if end > self.end or not self.epoch:
            raise RuntimeError("no window is ready")
        self._cut = end
        at = (begin - self._first) * self._bytes_per_ms // TICKS_PER_MS
        if begin >= self._began:
            return self._data[at : at + self._stretch_bytes]
        lacking = self._bytes(self._began - begin)
        return _SILENCE[self.format] * lacking + self._data[at + lacking : at + self._stretch_bytes]

    def put(self, score: float) -> None:
        """The score of the oldest window that was cut and has none. Raises RuntimeError where there is no such."""
        scores = self._scores
        scored = self.followed + (len(scores) + 1) * WINDOW_TICKS
        if scored > self._cut:
            raise RuntimeError("no window was cut that has no score")
        scores.append(score)
        if not self._low < score < self._high or len(scores) >= self._most:
            self.wakes = True
        elif self._keep >= 0 and not self.wakes and scored - self._keep > self.start:
            self.discard_before(scored - self._keep)

    # --- inside -------------------------------------------------------------------------------------

    def _set_format(self, format: AudioFormat) -> None:
        self.format = format
        self._history = HISTORY_TICKS[format]
        self._bytes_per_ms = format.bytes_per_ms
        self._stretch_bytes = self._bytes(self._history) + format.window_bytes

    def _bytes(self, ticks: int) -> int:
        return ticks * self._bytes_per_ms // TICKS_PER_MS

    @property
    def _heard_from(self) -> int:
        """The first tick that windows to come are made of, with their history."""
        return max(self._began, self._cut - self._history) if self.epoch else self.end

    @property
    def _needed(self) -> int:
        """The first tick of which the bytes are needed: buffered, or heard in windows to come."""
        return min(self.start, self._heard_from)

    def _trim(self) -> None:
        # CPython moves the front of a bytearray by an offset, so this does not copy the rest.
        needed = self._needed
        if needed > self._first:
            del self._data[: self._bytes(needed - self._first)]
            self._first = needed

    def _hand_over(self) -> bytearray:
        """Everything from `start` on: the buffer itself, and a copy of the history stays."""
        data = self._data
        del data[: self._bytes(self.start - self._first)]
        begin, self.start = self.start, self.end
        self._first = self._needed
        self._data = data[self._bytes(self._first - begin) :]
        return data
