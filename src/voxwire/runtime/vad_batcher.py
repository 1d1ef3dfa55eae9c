"""Speech detection for all sessions of the process, batch by batch.

A session opens a lane and pushes whole windows into it. Windows of all lanes are resampled
and scored together, because scoring 32 of them costs a few times what scoring one costs. The rules:

- One pass a loop turn, at most `max_batch` windows a pass. Draining everything at once would hold
  the loop for seconds after a large append or a stall (ADR 5).
- A pass takes a window of every lane in line, then a second one of each, and so on: the network's
  memory goes window by window, so windows of one lane cost a step each, and windows of many lanes
  one together. A round that does not fit begins only while the pass is less than half full.
- When another half a pass is waiting it follows at once. Otherwise the batcher rests and gathers, nine
  times as long as the passes since the last rest took, but at most `gather_s`: detection takes a
  tenth of the time, then larger batches. (With 150 sessions in frames of 100 ms, batches of 20 at a
  fixed rest of 4 ms, and a quarter more processor time for a session.)
- An idle batcher starts at once: a lone session waits for nothing.
- The scores of a usual frame of 100 ms, up to 4, are handed out together, however many passes they
  took. Who has more windows waits in line again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.windows import WindowResampler
from voxwire.errors import EngineError, InvariantError
from voxwire.interfaces.vad import VadEngine

OnScores = Callable[[int, tuple[float, ...]], None]
OnError = Callable[[Exception], None]

#: Scores that are handed out together.
_TOGETHER: Final = 4


class Lane:
    """One session's way into the detection: `push` and `close`; the rest is for the batcher.

    Scores come in the order of the windows. What was pushed and is not yet scored is bounded by the
    session, which is not read from while its backlog is large.
    """

    __slots__ = (
        "_audio", "_closed", "_enqueue", "_format", "_new_state", "_on_error", "_on_scores", "_resamplers",
        "_scores", "epoch", "queued", "resampler", "since", "state", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        *,
        on_scores: OnScores,
        on_error: OnError,
        enqueue: Callable[["Lane"], None],
        new_state: Callable[[], Any],
        resamplers: Mapping[AudioFormat, WindowResampler],
    ) -> None:
        self._on_scores = on_scores
        self._on_error = on_error
        self._enqueue = enqueue
        self._new_state = new_state
        self._resamplers = resamplers
        self._audio = bytearray()  # the filter's history, then the windows still to be scored
        self._scores: list[float] = []
        self._closed = False
        self._format = AudioFormat.PCM16
        self.resampler = resamplers[self._format]
        self.epoch = -1
        self.state: Any = None
        self.waiting = 0
        """Windows left to score."""
        self.queued = False
        self.since = 0.0
        """When it came into the line, by `perf_counter`."""

    def push(self, epoch: int, audio: bytes, format: AudioFormat) -> None:
        """Take whole windows. A new epoch forgets all that came before. Ignored once closed."""
        if self._closed:
            return
        if epoch != self.epoch:
            self.epoch, self.state = epoch, self._new_state()
            self._format, self.resampler = format, self._resamplers[format]
            self._audio = bytearray(self.resampler.silence)
            self._scores = []
            self.waiting = 0
        if format is not self._format:
            raise InvariantError(f"format of epoch {epoch}", expected=self._format.value, actual=format.value)
        if len(audio) % self.resampler.window_bytes:
            expected = f"whole windows of {self.resampler.window_bytes} bytes"
            raise InvariantError("audio to analyse", expected=expected, actual=f"{len(audio)} bytes")
        self._audio += audio
        self.waiting += len(audio) // self.resampler.window_bytes
        if not self.queued:
            self._enqueue(self)

    def close(self) -> None:
        """Drop what is waiting; no callback comes any more. Idempotent."""
        self._closed = True
        self._audio.clear()
        self.waiting = 0

    def cut(self) -> bytearray:
        """Take the next window, with the history before it."""
        stretch = self._audio[: self.resampler.stretch_bytes]
        del self._audio[: self.resampler.window_bytes]
        self.waiting -= 1
        return stretch

    def take(self, score: float) -> None:
        """The score of the window that was cut."""
        self._scores.append(score)

    def deliver(self) -> None:
        """Hand out the scores once they are all there, or as many as belong together."""
        if self._closed or not self._scores or (self.waiting and len(self._scores) < _TOGETHER):
            return
        scores, self._scores = tuple(self._scores), []
        try:
            self._on_scores(self.epoch, scores)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Close, and tell the owner why; the loop's exception handler, when the owner has closed already."""
        tell = _report if self._closed else self._on_error
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
        max_batch: int = 32,
        gather_s: float = 0.02,
        busy_share: float = 0.1,
        on_lag: Callable[[float], None] = _nobody,
    ) -> None:
        """`busy_share` is the share of the time that passes may take before they have to be shared more. `on_lag` is
        told of each pass how long the first in its line has waited, in seconds."""
        self._engine = engine
        self._resamplers = {format: WindowResampler(format) for format in AudioFormat}
        self._max_batch = max_batch
        self._gather_s = gather_s
        self._rest_of = 1 / busy_share - 1
        self._rest_until = 0.0
        self._spent_s = 0.0
        self._ready: deque[Lane] = deque()
        self._handle: asyncio.Handle | None = None
        self._on_lag = on_lag

    def open(self, on_scores: OnScores, on_error: OnError | None = None) -> Lane:
        """A new lane, for one session.

        `on_scores(epoch, scores)` is called on the loop with the scores of the next windows.
        `on_error(error)` is called at most once, and the lane is closed then: with an `EngineError`
        when the engine failed, or with what `on_scores` raised. Left out, the loop's exception
        handler is told.
        """
        return Lane(
            on_scores=on_scores,
            on_error=on_error or _report,
            enqueue=self._enqueue,
            new_state=self._engine.new_state,
            resamplers=self._resamplers,
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
        rows, stretches = self._collect()
        failure: EngineError | None = None
        scored: list[tuple[Lane, float]] = []
        if rows:
            started = perf_counter()  # uvloop's own clock stands still during a callback
            outcome = self._try_to_score(rows, stretches)
            now = perf_counter()
            self._spent_s += now - started
            self._on_lag(now - min(lane.since for lane in rows))
            if isinstance(outcome, EngineError):
                failure = outcome
            else:
                scored = outcome
        self._arrange()
        for lane, score in scored:
            lane.take(score)
        for lane in dict.fromkeys(rows):
            if failure is None:
                lane.deliver()
            else:
                lane.fail(failure)

    def _arrange(self) -> None:
        """The next pass, or a rest."""
        loop = asyncio.get_running_loop()
        if sum(lane.waiting for lane in self._ready) >= self._max_batch / 2:
            self._handle = loop.call_soon(self._pass)
            return
        self._rest_until = loop.time() + min(self._spent_s * self._rest_of, self._gather_s)
        self._spent_s = 0.0
        if self._ready:
            self._handle = loop.call_at(self._rest_until, self._pass)

    def _collect(self) -> tuple[list[Lane], list[bytearray]]:
        """One batch: a lane and a stretch of audio for each row; windows of one lane are in order."""
        rows: list[Lane] = []
        stretches: list[bytearray] = []
        called = [self._ready.popleft() for _ in range(min(len(self._ready), self._max_batch))]
        giving = [lane for lane in called if lane.waiting]
        while giving:
            rows += giving
            stretches += [lane.cut() for lane in giving]
            giving = [lane for lane in giving if lane.waiting]
            room = self._max_batch - len(rows)
            if len(giving) > room:
                giving = giving[:room] if room > self._max_batch / 2 else []
        for lane in called:
            lane.queued = lane.waiting > 0
            if lane.queued:
                self._ready.append(lane)
        return rows, stretches

    def _try_to_score(self, rows: list[Lane], stretches: list[bytearray]) -> list[tuple[Lane, float]] | EngineError:
        """Lanes with their scores, or why there are none. No function that the error passed through keeps it in
        a variable: it would hold itself and the audio."""
        try:
            return list(zip(rows, self._score(rows, stretches), strict=True))
        except Exception as error:
            return _failed(error)

    def _score(self, rows: list[Lane], stretches: list[bytearray]) -> list[float]:
        """Resample, once for each format, then score everything together."""
        members: dict[WindowResampler, list[int]] = {}
        for row, lane in enumerate(rows):
            members.setdefault(lane.resampler, []).append(row)
        windows = [b""] * len(rows)
        for resampler, its_rows in members.items():
            resampled = resampler([stretches[row] for row in its_rows])
            for row, window in zip(its_rows, resampled, strict=True):
                windows[row] = window
        return self._engine.score([lane.state for lane in rows], windows)


def _failed(cause: Exception) -> EngineError:
    failure = EngineError("vad", "vad_failed", "Speech detection failed.")
    failure.__cause__ = cause
    return failure


def _report(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "Speech detection failed", "exception": error})
