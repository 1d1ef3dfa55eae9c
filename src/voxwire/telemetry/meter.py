"""Counts what an observer is told."""

from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Final

from prometheus_client import Counter, Histogram

from voxwire.events.response import TokenUsage
from voxwire.runtime import SessionFacts, StageWork, TurnFacts
from voxwire.telemetry.metrics import Metrics

#: Values that one label may have; from then on all further ones are `_OTHER`. Deployments can be made without end.
_MOST_VALUES: Final = 200
_OTHER: Final = "(other)"


class LabelValues:
    """The values of one label, which stay few."""

    def __init__(self, most: int = _MOST_VALUES) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= self._most:
                return _OTHER
            self._known.add(value)
        return value


class Meter:
    """An `Observer` that counts."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._reasons = LabelValues()
        self._limits = LabelValues()
        self._names = LabelValues()
        self._deployments: dict[str, _DeploymentMeter] = {}
        self.vad_lag: Final[Callable[[float], None]] = metrics.vad_lag.observe
        self.loop_lag: Final[Callable[[float], None]] = metrics.loop_lag.observe

    def session(self, facts: SessionFacts) -> "_SessionMeter":
        name = self._names(facts.deployment)
        meter = self._deployments.get(name)
        if meter is None:
            meter = self._deployments[name] = _DeploymentMeter(self._metrics, name)
        return _SessionMeter(self._metrics, meter, facts.arrival.transport)

    def refused(self, reason: str) -> None:
        self._metrics.rejected.labels(self._reasons(reason)).inc()

    def over_quota(self, limit: str) -> None:
        self._metrics.over_quota.labels(self._limits(limit)).inc()


class _EngineMeter:
    """The series of one engine of a deployment."""

    def __init__(self, metrics: Metrics, deployment: str, stage: str, engine: str) -> None:
        self._failures = metrics.failures
        self._labels = deployment, stage, engine
        self._codes = LabelValues(30)
        self._stage = stage
        self._first = metrics.first_item.labels(*self._labels)
        self._whole = metrics.requests.labels(*self._labels, "whole")
        self._finish = metrics.requests.labels(*self._labels, "finish") if stage == "stt" else None
        self._factor = metrics.realtime_factor.labels(deployment, engine) if stage == "tts" else None

    def count(self, work: StageWork) -> None:
        if work.first is not None:
            self._first.observe(work.first - work.begun)
        if work.failure is not None:
            self._failures.labels(*self._labels, self._codes(work.failure)).inc()
        elif not work.cancelled:
            self._whole.observe(work.ended - work.begun)
            if self._finish is not None and work.asked > work.begun:
                self._finish.observe(work.ended - work.asked)
        if self._factor is not None and work.audio_s:
            self._factor.observe(work.busy_s / work.audio_s)


class _DeploymentMeter:
    """The series of one deployment. What was asked for once is kept: looking a label up costs more than counting."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        engines = LabelValues(50)
        self.name: Final = name
        self.first_audio: Final[Histogram] = metrics.first_audio.labels(name)
        self.heard: Final[Counter] = metrics.audio.labels(name, "input")
        self.spoken: Final[Counter] = metrics.audio.labels(name, "output")
        self.turn: Final[Callable[[str], Counter]] = cache(lambda end: metrics.turns.labels(name, end))
        self.engine: Final[Callable[[str, str], _EngineMeter]] = cache(
            lambda stage, engine: _EngineMeter(metrics, name, stage, engine)
        )
        self.engine_name: Final = engines
        self._checks: Final = metrics.content_checks
        self._check_names: Final = LabelValues(50)
        self._tokens: Final = {
            field: metrics.tokens.labels(name, *field.split("_"))
            for field in ("input_text", "input_audio", "cached_text", "cached_audio", "output_text", "output_audio")
        }

    def checked(self, check: str, action: str) -> None:
        self._checks.labels(self.name, self._check_names(check), action).inc()

    def used(self, usage: TokenUsage) -> None:
        for field, counter in self._tokens.items():
            if tokens := getattr(usage, field):
                counter.inc(tokens)


class _SessionMeter:
    """A `SessionObserver` that counts."""

    def __init__(self, metrics: Metrics, deployment: _DeploymentMeter, transport: str) -> None:
        self._deployment = deployment
        self._active = metrics.sessions_active.labels(transport, deployment.name)
        self._duration = metrics.session_duration.labels(transport, deployment.name)
        self._began = monotonic()
        self.used: Final[Callable[[TokenUsage], None]] = deployment.used
        self._active.inc()

    def worked(self, work: StageWork) -> None:
        deployment = self._deployment
        deployment.engine(work.stage, deployment.engine_name(work.engine)).count(work)

    def answered(self, turn: TurnFacts) -> None:
        self._deployment.turn(turn.end).inc()
        if turn.first_audio is not None:
            self._deployment.first_audio.observe(turn.first_audio - turn.created)

    def streamed(self, heard_s: float, spoken_s: float) -> None:
        self._deployment.heard.inc(heard_s)
        self._deployment.spoken.inc(spoken_s)

    def checked(self, check: str, action: str) -> None:
        self._deployment.checked(check, action)

    def ended(self) -> None:
        self._active.dec()
        self._duration.observe(monotonic() - self._began)
