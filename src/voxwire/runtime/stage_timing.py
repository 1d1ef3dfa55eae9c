"""Times of one piece of an engine's work, taken while it goes on."""

from asyncio import CancelledError
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Final, Self

from voxwire.errors import EngineError
from voxwire.runtime.observer import SessionObserver, SessionObservers, StageWork


class StageTimings:
    """Those of one session. `engine_of` says which engine serves a stage now."""

    def __init__(
        self, observer: SessionObserver | None = None, engine_of: Callable[[str], str] = lambda stage: ""
    ) -> None:
        self._observer = observer or SessionObservers()
        self._engine_of = engine_of

    def begin(self, stage: str, number: int) -> "StageTiming":
        """Work of `stage` begins, for the utterance or answer of this number."""
        return StageTiming(stage, number, self._report)

    def _report(self, timing: "StageTiming", failure: str | None, cancelled: bool) -> None:
        work = StageWork(
            stage=timing.stage,
            engine=self._engine_of(timing.stage),
            number=timing.number,
            begun=timing.begun,
            asked=timing.asked,
            first=timing.first,
            ended=monotonic(),
            busy_s=timing.busy_s,
            audio_s=timing.audio_s,
            failure=failure,
            cancelled=cancelled,
        )
        self._observer.worked(work)


class StageTiming:
    """Begins when it is made, and ends with `done`, or else with the block that it is used for."""

    __slots__ = ("_report", "asked", "audio_s", "begun", "busy_s", "first", "number", "stage")

    def __init__(self, stage: str, number: int, report: Callable[["StageTiming", str | None, bool], None]) -> None:
        self.stage: Final = stage
        self.number: Final = number
        self.begun = self.asked = monotonic()
        self.first: float | None = None
        self.busy_s = 0.0
        self.audio_s = 0.0
        self._report: Callable[[StageTiming, str | None, bool], None] | None = report

    def reached(self) -> None:
        """Something came; only the first counts."""
        if self.first is None:
            self.first = monotonic()

    def wanted(self) -> None:
        """From now on somebody waits for the end."""
        self.asked = monotonic()

    def done(self, failure: str | None = None, *, cancelled: bool = False) -> None:
        """The work has ended; only the first time counts."""
        if self._report is not None:
            report, self._report = self._report, None
            report(self, failure, cancelled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if error is None or isinstance(error, CancelledError | GeneratorExit):
            self.done(cancelled=error is not None)
        else:
            self.done(error.code if isinstance(error, EngineError) else "internal_error")
