"""Turn detection from speech scores (protocol: turns, Turn detection).

    SILENT ──score ≥ threshold──▶ SPEAKING ──quiet──▶ Trailing ──long enough──▶ SILENT
                                     ▲──score ≥ threshold──┘

Time is audio handed in: one score is one window of 32 ms. A score below the threshold by the
hysteresis begins silence; only a score at the threshold ends it, so that a voice trailing off does
not hold the turn open for ever.

On the way to the end a silence is told twice: as a hush, in which words may be asked for, and as a pause, which may be
the end.

How long is long enough, `server_vad` says in its settings. Under `semantic_vad` it depends on what the pause looks
like (`TurnSign`): somebody else judges that once the pause is told, and `judge` brings the answer.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf, nextafter
from typing import Final, Literal

from voxwire.audio.tape import NEVER, TICKS_PER_MS, WINDOW_TICKS
from voxwire.events.session_config import Eagerness, ServerVad, TurnDetection
from voxwire.interfaces.turn import TurnSign

#: How far a score must fall below the threshold to count as silence; Silero's own streaming rule.
HYSTERESIS: Final = 0.15
#: A score this low is silence under any threshold, or turns under a low one would never end; as Silero.
SILENCE_FLOOR: Final = 0.01
#: Threshold under semantic detection, which has no setting for it.
SEMANTIC_THRESHOLD: Final = 0.5
#: Audio before speech that a turn keeps under semantic detection.
SEMANTIC_PADDING_MS: Final = 300
_MEDIUM_MS: Final = (300, 450, 600, 900, 4000)
_WAITS_MS: Final = {
    Eagerness.HIGH: (200, 250, 300, 500, 2000),
    Eagerness.MEDIUM: _MEDIUM_MS,
    Eagerness.AUTO: _MEDIUM_MS,
    Eagerness.LOW: (600, 900, 1200, 1800, 8000),
}
#: The silence that ends a turn, by eagerness and by what the pause looks like (protocol: turns, Semantic turn
#: detection). A pause that nobody can judge is an open one.
SEMANTIC_WAITS_MS: Final = {
    eagerness: dict(zip(TurnSign, waits, strict=True)) for eagerness, waits in _WAITS_MS.items()
}


class Boundary(Enum):
    """What a window decided."""

    STARTED = "started"
    HUSHED = "hushed"
    """The silence may become a pause: what was said can be read meanwhile. Said once, if at all."""
    PAUSED = "paused"
    """The silence may be the end of the turn; said once, if at all."""
    RESUMED = "resumed"
    """It was a hush or a pause, and no more."""
    STOPPED = "stopped"


class SpeechState(Enum):
    """Whether somebody is speaking, where nothing more has to be known."""

    SILENT = "silent"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True)
class Trailing:
    """Quiet since the tick `since`: the end of the turn, if it goes on. `told` is what was said of it."""

    since: int
    told: Literal[Boundary.HUSHED, Boundary.PAUSED] | None = None


class TurnDetector:
    """Decides window by window whether somebody is speaking."""

    def __init__(self, settings: TurnDetection, pause_ms: int | None = None, hush_ms: int | None = None) -> None:
        """`pause_ms` of silence are a pause, and `hush_ms` a hush where nobody judges pauses; None asks for none to be
        told. Who goes on after one pauses often: each further one has to be longer by as much, where nobody judges it.
        """
        self._pause_ms = pause_ms
        self._hush_ms = hush_ms
        self._pauses = 1
        self.state: SpeechState | Trailing = SpeechState.SILENT
        self._waits: dict[TurnSign, int] | None = None
        self._sign = TurnSign.OPEN
        self.speech_end = 0
        """The tick at which the speech of the last turn ended: where its silence began."""
        self.configure(settings)

    def configure(self, settings: TurnDetection) -> None:
        """Take new settings without losing the present turn."""
        if isinstance(settings, ServerVad):
            self.threshold = settings.threshold
            self.padding_ms = settings.prefix_padding_ms
            self._silence_ms = settings.silence_duration_ms
            self._waits = None
        else:
            self.threshold = SEMANTIC_THRESHOLD
            self.padding_ms = SEMANTIC_PADDING_MS
            self._waits = SEMANTIC_WAITS_MS[settings.eagerness]
        self._quiet = max(self.threshold - HYSTERESIS, SILENCE_FLOOR)
        self._unmoved_speech = self._quiet, inf
        self._unmoved_silence = -inf, self.threshold or nextafter(0, 1)

    @property
    def padding_ticks(self) -> int:
        return self.padding_ms * TICKS_PER_MS

    @property
    def asks(self) -> bool:
        """Whether a pause that was told waits for `judge`."""
        return self._waits is not None

    @property
    def hushed(self) -> bool:
        """Whether the silence was told, as a hush or as a pause."""
        return isinstance(self.state, Trailing) and self.state.told is not None

    @property
    def paused(self) -> bool:
        """Whether the silence was told as a pause."""
        return isinstance(self.state, Trailing) and self.state.told is Boundary.PAUSED

    @property
    def unmoved(self) -> tuple[float, float]:
        """Scores between these two, both excluded, change nothing but the length of a silence: `undecided` says how
        many of them."""
        return self._unmoved_speech if self.state is SpeechState.SPEAKING else self._unmoved_silence

    def undecided(self, followed: int) -> int:
        """Of scores that are `unmoved` from the tick `followed` on, the how-manieth decides something: the silence is
        told then, or ends the turn."""
        state = self.state
        if not isinstance(state, Trailing):
            return NEVER
        lacking = state.since + self._next_due_ms(state) * TICKS_PER_MS - followed
        return max(1, -(-lacking // WINDOW_TICKS))

    def _next_due_ms(self, state: Trailing) -> int:
        """The length of the silence at which the next thing follows from it."""
        due, longer = self.silence_ms, 1 if self.asks else self._pauses
        if self._pause_ms is not None and state.told is not Boundary.PAUSED:
            due = min(due, self._pause_ms * longer)
        if self._hush_ms is not None and state.told is None and not self.asks:
            due = min(due, self._hush_ms * longer)
        return due

    @property
    def silence_ms(self) -> int:
        """The silence that ends the turn, as things look."""
        return self._silence_ms if self._waits is None else self._waits[self._sign]

    def judge(self, sign: TurnSign | None) -> None:
        """What the present pause looks like; it counts for no other."""
        self._sign = sign or TurnSign.OPEN

    def reset(self) -> None:
        """Nobody is speaking: after a commit or a clear by hand."""
        self.state = SpeechState.SILENT

    def step(self, score: float, window_end: int) -> Boundary | None:
        """Take the score of the window that ends at tick `window_end`."""
        state = self.state
        if score >= self.threshold and score > 0:
            self.state = SpeechState.SPEAKING
            self._sign = TurnSign.OPEN
            if state is SpeechState.SILENT:
                self._pauses = 1
                return Boundary.STARTED
            if isinstance(state, Trailing) and state.told is not None:
                self._pauses += 1
                return Boundary.RESUMED
            return None
        if state is SpeechState.SILENT:
            return None
        if not isinstance(state, Trailing):
            if score > self._quiet:
                return None
            self.state = state = Trailing(window_end - WINDOW_TICKS)
        if self.ends(window_end):
            return Boundary.STOPPED
        return self._told(state, (window_end - state.since) / TICKS_PER_MS)

    def ends(self, followed: int) -> bool:
        """Whether the silence up to the tick `followed` ends the turn; the turn is over then."""
        state = self.state
        if not isinstance(state, Trailing) or followed - state.since < self.silence_ms * TICKS_PER_MS:
            return False
        self.speech_end = state.since
        self.state = SpeechState.SILENT
        return True

    def _told(self, state: Trailing, silent_ms: float) -> Literal[Boundary.HUSHED, Boundary.PAUSED] | None:
        """What is to be said of a silence that has become so long."""
        longer = 1 if self.asks else self._pauses
        told: Literal[Boundary.HUSHED, Boundary.PAUSED] | None = None
        if self._pause_ms is not None and silent_ms >= self._pause_ms * longer:
            told = None if state.told is Boundary.PAUSED else Boundary.PAUSED
        elif self._hush_ms is not None and silent_ms >= self._hush_ms * longer and not self.asks:
            told = None if state.told else Boundary.HUSHED
        if told is not None:
            self.state = Trailing(state.since, told)
        return told
