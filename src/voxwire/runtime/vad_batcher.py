"""Speech detection for all sessions of the process, batch by batch.

A session opens a lane for its tape, and says when the tape has windows. Windows of all lanes are resampled
and scored together, because scoring 32 of them costs a few times what scoring one costs. An engine that reads tapes by
itself (`ScoresTapes`) is asked once a pass; for others the windows are cut and resampled here. The rules:

- One pass a loop turn, at most `max_batch` windows a pass. Draining everything at once would hold
  the loop for seconds after a large append or a stall (ADR 5).
- A pass goes along the line. Each lane gives as many windows as all lanes in line can give alike, but at
  least those of a frame of 100 ms, and then it waits in line again. What room is left goes to those who have
  more; but for a few windows the pass is not made longer. (With 800 sessions, three visits for a frame of 100 ms
  and a look at the whole line after each pass were a fifth of what a session cost.) In NumPy the windows of
  one lane cost a step each, and windows of many lanes one together: there a lane may have to come again.
- When another half a pass is waiting it follows at once. Otherwise the batcher rests and gathers, 24
  times as long as the passes since the last rest took, but at most `gather_s`: a pass wakes the process, which
  costs about as much as a small one does. (With 150 sessions in frames of 100 ms, rests of nine times the
  passes cost a fifth more processor time for a session.)
- An idle batcher starts at once: a lone session waits for nothing.
- Scores stay on the tape. Its session is told in the pass in which one came that changes something, or whatever came
  while somebody is waiting for the backlog to shrink. Who has more windows waits in line again.
- While a thread works on a session its lane is held: a tape is used by one thread at a time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import Tape
from voxwire.audio.windows import WindowResampler
from voxwire.errors import EngineError
from voxwire.interfaces.vad import ScoresTapes, VadEngine

OnWake = Callable[[], None]
OnError = Callable[[Exception], None]

#: Windows of one pass, with an engine that reads tapes by itself and with others: a millisecond or two.
_NATIVE_BATCH: Final = 64
_BATCH: Final = 32
#: Windows that a lane gives in any case, with the one and with the others.
_NATIVE_SHARE: Final = 4
_SHARE: Final = 1
#: Of passes in so much time one lag is told.
_LAG_EVERY_S: Final = 0.1
#: What a lane holds that is closed.
_EMPTY: Final = Tape(AudioFormat.PCM16)


class Lane:
    """One session's way into the detection: `queue`, `hold`, `watched` and `close`; the rest is for the batcher.

    What is on the tape and not yet scored is bounded by the session, which is not read from while its backlog is large.
    """

    __slots__ = (
        "_enqueue", "_epoch", "_held", "_new_state", "_on_error", "_on_wake", "_state", "closed", "queued", "since",
        "tape", "watched",
    )  # fmt: skip

    def __init__(
        self,
        tape: Tape,
        *,
        on_wake: OnWake,
        on_error: OnError,
        enqueue: Callable[["Lane"], None],
        new_state: Callable[[], Any],
    ) -> None:
        self.tape = tape
        self._on_wake = on_wake
        self._on_error = on_error
        self._enqueue = enqueue
        self._new_state = new_state
        self._epoch = -1
        self._state: Any = None
        self._held = False
        self.closed = False
        self.watched = False
        """Whether somebody waits for the backlog to shrink: its owner is woken by every pass then."""
        self.queued = False
        self.since = 0.0
        """When it came into the line, by `perf_counter`."""

    def queue(self) -> None:
        """The tape has windows to score. May be said as often as one likes, and has no effect once closed or while
        held."""
        if not (self.queued or self._held) and self.tape.ready:
            self._enqueue(self)

    def hold(self) -> None:
        """Leave the tape alone until `release`, for a thread works on its session."""
        self._held = True

    def release(self) -> None:
        """The loop has the tape again."""
        self._held = False
        self.queue()

    def close(self) -> None:
        """Drop what is waiting; no callback comes any more. Idempotent."""
        self.closed = True
        self.tape = _EMPTY

    @property
    def ready(self) -> int:
        """Windows that the next pass may take."""
        return 0 if self._held else self.tape.ready

    @property
    def state(self) -> Any:
        """The engine's memory of the epoch that is on. A new epoch forgets all that came before."""
        if self._epoch != self.tape.epoch:
            self._epoch, self._state = self.tape.epoch, self._new_state()
        return self._state

    def wake(self) -> None:
        """There is something to follow, or somebody who waits."""
        if not self.closed:
            try:
                self._on_wake()
            except Exception as error:
                self.fail(error)

    def fail(self, error: Exception) -> None:
        """Close, and tell the owner why; the loop's exception handler, when the owner has closed already."""
        tell = _report if self.closed else self._on_error
        self.close()
        tell(error)


def _nobody(seconds: float) -> None:
    """Is told, and does nothing."""


class VadBatcher:
    """Scores the windows of all lanes on the running event loop. Owns no task, only a loop handle."""

    def __init__(
        self,
        engine: VadEngine,
        *,
        max_batch: int | None = None,
        gather_s: float = 0.01,
        busy_share: float = 0.04,
        on_lag: Callable[[float], None] = _nobody,
    ) -> None:
        """`max_batch` is 64 for an engine that reads tapes, else 32. `busy_share` is the share of the time that passes
        may take before they have to be shared more. `on_lag` is told how long the first in line has waited, in seconds:
        the longest of the passes of a tenth of a second."""
        self._engine = engine
        self._reader = engine if isinstance(engine, ScoresTapes) else None
        self._resamplers = {format: WindowResampler(format) for format in AudioFormat}
        self._max_batch = max_batch or (_BATCH if self._reader is None else _NATIVE_BATCH)
        self._share = _SHARE if self._reader is None else _NATIVE_SHARE
        self._gather_s = gather_s
        self._rest_of = 1 / busy_share - 1
        self._rest_until = 0.0
        self._spent_s = 0.0
        self._ready: deque[Lane] = deque()
        self._handle: asyncio.Handle | None = None
        self._on_lag = on_lag
        self._lag = 0.0
        self._lag_due = 0.0

    def open(self, tape: Tape, on_wake: OnWake, on_error: OnError | None = None) -> Lane:
        """A new lane, for the tape of one session; it forgets the tape when it is closed.

        `on_wake()` is called on the loop after a pass that has put scores of which the tape says that they wake.
        `on_error(error)` is called at most once, and the lane is closed then: with an `EngineError`
        when the engine failed, or with what `on_wake` raised. Left out, the loop's exception
        handler is told.
        """
        if self._reader is not None and not isinstance(tape, self._reader.tapes):
            self._reader = None  # all sessions have tapes of one kind, so the engine cannot read the others either
        return Lane(
            tape,
            on_wake=on_wake,
            on_error=on_error or _report,
            enqueue=self._enqueue,
            new_state=self._engine.new_state,
        )

    def close(self) -> None:
        """Stop; what is waiting is dropped. Idempotent."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self._ready:
            self._ready.popleft().close()

    def _enqueue(self, lane: Lane) -> None:
        lane.queued = True
        lane.since = perf_counter()
        self._ready.append(lane)
        if self._handle is None:
            loop = asyncio.get_running_loop()
            resting = loop.time() < self._rest_until
            self._handle = loop.call_at(self._rest_until, self._pass) if resting else loop.call_soon(self._pass)

    def _pass(self) -> None:
        """Score one batch. The next pass is arranged before anybody is told, so that callbacks find things in order."""
        self._handle = None
        taken = self._collect()
        failure: EngineError | None = None
        if taken:
            started = perf_counter()  # uvloop's own clock stands still during a callback
            failure = self._try_to_score(taken)
            now = perf_counter()
            self._spent_s += now - started
            self._note_lag(now - next(iter(taken)).since, now)
        self._arrange()
        for lane in taken:
            if failure is not None:
                lane.fail(failure)
            elif lane.tape.wakes or lane.watched:
                lane.wake()

    def _note_lag(self, seconds: float, now: float) -> None:
        """To tell a histogram takes 10 us, and with 150 sessions there are a hundred passes a second."""
        self._lag = max(self._lag, seconds)
        if now >= self._lag_due:
            self._on_lag(self._lag)
            self._lag, self._lag_due = 0.0, now + _LAG_EVERY_S

    def _arrange(self) -> None:
        """The next pass, or a rest."""
        loop = asyncio.get_running_loop()
        if self._much_waits:
            self._handle = loop.call_soon(self._pass)
            return
        self._rest_until = loop.time() + min(self._spent_s * self._rest_of, self._gather_s)
        self._spent_s = 0.0
        if self._ready:
            self._handle = loop.call_at(self._rest_until, self._pass)

    @property
    def _much_waits(self) -> bool:
        """Whether half a pass does. Looks at no more lanes than it has to: there may be a thousand in line."""
        lacking = self._max_batch / 2
        for lane in self._ready:
            lacking -= lane.ready
            if lacking <= 0:
                return True
        return False

    def _collect(self) -> dict[Lane, int]:
        """One batch: how many windows of which lane, in the order of the line."""
        line, room = self._ready, self._max_batch
        taken: dict[Lane, int] = {}
        while line and (not taken or room >= len(line) or room > self._max_batch / 2):
            share = max(self._share, room // len(line))
            for _ in range(len(line)):
                if not room:
                    break
                lane = line.popleft()
                before = taken.get(lane, 0)
                left = lane.ready - before
                if count := min(left, share, room):
                    taken[lane] = before + count
                    room -= count
                lane.queued = left > count
                if lane.queued:
                    line.append(lane)
        return taken

    def _try_to_score(self, taken: dict[Lane, int]) -> EngineError | None:
        """Put the scores on the tapes, or say why there are none. No function that the error passed through keeps it in
        a variable: it would hold itself and the audio."""
        try:
            if self._reader is None:
                self._score_windows(taken)
            else:
                tapes = [lane.tape for lane in taken]
                self._reader.score_tapes([lane.state for lane in taken], tapes, [*taken.values()])
        except Exception as error:
            return _failed(error)
        return None

    def _score_windows(self, taken: dict[Lane, int]) -> None:
        """Cut, resample once for each format, score everything together, put."""
        rounds = range(max(taken.values()))
        lanes = [lane for done in rounds for lane, count in taken.items() if count > done]
        stretches = [lane.tape.cut() for lane in lanes]
        windows = [b""] * len(lanes)
        members: dict[AudioFormat, list[int]] = {}
        for row, lane in enumerate(lanes):
            members.setdefault(lane.tape.format, []).append(row)
        for format, rows in members.items():
            resampled = self._resamplers[format]([stretches[row] for row in rows])
            for row, window in zip(rows, resampled, strict=True):
                windows[row] = window
        scores = self._engine.score([lane.state for lane in lanes], windows)
        for lane, score in zip(lanes, scores, strict=True):
            lane.tape.put(score)


def _failed(cause: Exception) -> EngineError:
    failure = EngineError("vad", "vad_failed", "Speech detection failed.")
    failure.__cause__ = cause
    return failure


def _report(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "Speech detection failed", "exception": error})
