"""Spans of what an observer is told: one for each turn, below that of its session, with one for each engine's work.

A span is made when what it tells of is over, with the times that were noted: nothing of this lies on the way of audio.
The span of a session is sent when the session ends, those of its turns when each is over.
"""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from voxwire import __version__
from voxwire.events.response import TokenUsage
from voxwire.runtime import SessionFacts, StageWork, TraceParent, TurnFacts
from voxwire.telemetry import span_names as names

#: Turns of a session whose late work still finds its place, and pieces of work that wait for their turn. More of the
#: latter are drafts that were dropped.
_MOST_TURNS: Final = 16
_MOST_WAITING: Final = 16
#: How long a collector may take for the last spans of the process.
_LAST_SPANS_S: Final = 2.0

_trace_id: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)


class ChosenTraceIds(RandomIdGenerator):
    """Gives a session the trace that its log lines name."""

    def generate_trace_id(self) -> int:
        chosen = _trace_id.get()
        return super().generate_trace_id() if chosen is None else int(chosen, 16)


class SpanObserver:
    """An `Observer` that makes spans. `close` sends what is left."""

    def __init__(self, provider: TracerProvider) -> None:
        """`provider` has `ChosenTraceIds`."""
        self._provider = provider
        self._tracer = provider.get_tracer("voxwire", __version__)

    def session(self, facts: SessionFacts) -> "_SessionSpans":
        return _SessionSpans(self._tracer, facts)

    def refused(self, reason: str) -> None:
        """No span."""

    def over_quota(self, limit: str) -> None:
        """No span."""

    def vad_lag(self, seconds: float) -> None:
        """No span."""

    def loop_lag(self, seconds: float) -> None:
        """No span."""

    def close(self) -> None:
        """Send what is left. Waits for the collector, but not long, so it is for a thread."""
        # It tries again and again for ten seconds; the process is not to wait for a collector that is gone.
        sending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(_LAST_SPANS_S)


class _SessionSpans:
    """A `SessionObserver` that makes spans."""

    def __init__(self, tracer: Tracer, facts: SessionFacts) -> None:
        self._tracer = tracer
        self._clock_ns = time.time_ns() - time.monotonic_ns()
        chosen = _trace_id.set(facts.arrival.trace_id)
        try:
            self._span = tracer.start_span(
                names.SESSION,
                context=_context_of(facts.arrival.parent),
                kind=SpanKind.SERVER,
                attributes={
                    names.CONVERSATION_ID: facts.session_id,
                    names.DEPLOYMENT: facts.deployment,
                    names.PRINCIPAL: facts.principal.id,
                    names.TRANSPORT: facts.arrival.transport,
                },
            )
        finally:
            _trace_id.reset(chosen)
        self._common = {names.CONVERSATION_ID: facts.session_id, names.DEPLOYMENT: facts.deployment}
        self._context = set_span_in_context(self._span, Context())
        self._turns: OrderedDict[int, Context] = OrderedDict()
        self._waiting: defaultdict[int, list[StageWork]] = defaultdict(list)

    def worked(self, work: StageWork) -> None:
        if (context := self._turns.get(work.number)) is not None:
            self._stage(work, context)
            return
        self._waiting[work.number].append(work)
        if len(self._waiting) > _MOST_WAITING:
            self._without_turn(next(iter(self._waiting)))

    def answered(self, turn: TurnFacts) -> None:
        attributes: dict[str, Any] = {
            **self._common,
            names.RESPONSE_ID: turn.response_id,
            names.FINISH_REASONS: (turn.end,),
            names.TURN_END: turn.end,
        }
        if turn.first_audio is not None:
            attributes[names.FIRST_AUDIO_S] = round(turn.first_audio - turn.created, 6)
        if turn.usage is not None:
            attributes |= {names.INPUT_TOKENS: turn.usage.input_tokens, names.OUTPUT_TOKENS: turn.usage.output_tokens}
        context = self._make(names.TURN, self._context, turn.begun, turn.ended, attributes, turn.failure)
        for number in (*turn.utterances, turn.generation):
            if number is not None:
                self._turns[number] = context
                for work in self._waiting.pop(number, ()):
                    self._stage(work, context)
        while len(self._turns) > _MOST_TURNS:
            self._turns.popitem(last=False)

    def streamed(self, heard_s: float, spoken_s: float) -> None:
        """No span."""

    def used(self, usage: TokenUsage) -> None:
        """Told of each turn already."""

    def checked(self, check: str, action: str) -> None:
        """No span."""

    def ended(self) -> None:
        for number in tuple(self._waiting):
            self._without_turn(number)
        self._span.end()

    def _without_turn(self, number: int) -> None:
        for work in self._waiting.pop(number):
            self._stage(work, self._context)

    def _stage(self, work: StageWork, context: Context) -> None:
        attributes: dict[str, Any] = {
            **self._common,
            names.OPERATION_NAME: names.OPERATIONS[work.stage],
            names.PROVIDER_NAME: "voxwire",
            names.REQUEST_MODEL: work.engine,
            names.ENGINE: work.engine,
        }
        if work.cancelled:
            attributes[names.CANCELLED] = True
        name = names.STAGES.get(work.stage, work.stage)
        self._make(name, context, work.begun, work.ended, attributes, work.failure, work.first)

    def _make(
        self,
        name: str,
        context: Context,
        begun: float,
        ended: float,
        attributes: Mapping[str, Any],
        failure: str | None,
        first: float | None = None,
    ) -> Context:
        """A span that is over; returns the context for those below it."""
        span = self._tracer.start_span(name, context=context, start_time=self._ns(begun), attributes=dict(attributes))
        if first is not None:
            span.add_event(names.FIRST_ITEM, timestamp=self._ns(first))
        if failure is not None:
            span.set_attribute(names.ERROR_TYPE, failure)
            span.set_status(Status(StatusCode.ERROR))
        span.end(self._ns(ended))
        return set_span_in_context(span, Context())

    def _ns(self, at: float) -> int:
        """Of a monotonic moment: nanoseconds since 1970."""
        return self._clock_ns + int(at * 1e9)


def _context_of(parent: TraceParent | None) -> Context:
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    remote = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(remote), Context())
