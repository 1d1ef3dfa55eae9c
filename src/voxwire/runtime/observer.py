"""What happens in the process, told to whoever watches it: metrics, traces.

Times are seconds of `time.monotonic`. Everything is called on the event loop and returns at once. What comes many
times a second is told in sums.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from voxwire.events.response import TokenUsage
from voxwire.runtime.principal import Principal
from voxwire.runtime.trace_parent import TraceParent


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a session comes about: by which transport, and in whose trace. `trace_id` is that of `parent`, if there is
    one: 32 hexadecimal digits."""

    transport: str = "other"
    trace_id: str | None = None
    parent: TraceParent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session that begins."""

    session_id: str
    deployment: str
    principal: Principal
    arrival: Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWork:
    """One piece of work of an engine, which has ended.

    `number` is the session's of the utterance or the answer. `asked`: since when somebody waited for the end, which is
    the end of the speech for a recogniser, and `begun` for all others. `first`: when the first of it came. `busy_s` is
    how long the engine was waited for while it had something to do, `audio_s` how much speech it made. `failure` is
    the code of an error; `cancelled`: nobody wanted it any more.
    """

    stage: str
    engine: str
    number: int
    begun: float
    asked: float
    ended: float
    first: float | None = None
    busy_s: float = 0.0
    audio_s: float = 0.0
    failure: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFacts:
    """A response has ended, and with it the turn that it answers.

    `begun`: when the speech began that it answers, or the response where there was none; `created`: when the response
    was, which is when the turn was taken as ended. `end` is its status, or the reason for it: `completed`,
    `turn_detected`, `client_cancelled`, `max_output_tokens`, `content_filter`, `failed`. `utterances` and `generation`
    are the numbers of its work.
    """

    response_id: str
    begun: float
    created: float
    ended: float
    first_audio: float | None
    end: str
    utterances: tuple[int, ...]
    generation: int | None
    usage: TokenUsage | None
    failure: str | None = None


class SessionObserver(Protocol):
    """Watches one session."""

    def worked(self, work: StageWork) -> None:
        """An engine has done its work for the session, or failed to, or was told to stop."""

    def answered(self, turn: TurnFacts) -> None:
        """A response has ended. Work that was cancelled may be told after it."""

    def streamed(self, heard_s: float, spoken_s: float) -> None:
        """So many further seconds of audio have come in and gone out."""

    def used(self, usage: TokenUsage) -> None:
        """A response that was asked for has used so much."""

    def checked(self, check: str, action: str) -> None:
        """A check of the content has found something, and this was done: `end` (the answer), `flag`; or it `failed`."""

    def ended(self) -> None:
        """The last that is told."""


class Observer(Protocol):
    """Watches the process."""

    def session(self, facts: SessionFacts) -> SessionObserver | None:
        """A session begins; None: it is not watched."""

    def refused(self, reason: str) -> None:
        """A connection was refused; `reason` is the code of the error."""

    def over_quota(self, limit: str) -> None:
        """Something was refused since this limit was reached."""

    def vad_lag(self, seconds: float) -> None:
        """So late were the oldest windows of a batch of speech detection."""

    def loop_lag(self, seconds: float) -> None:
        """So late was the event loop, looked at four times a second."""


class Observers:
    """All who watch. Itself an `Observer`."""

    def __init__(self) -> None:
        self._all: tuple[Observer, ...] = ()

    def add(self, observer: Observer) -> None:
        """Tell this one, too, from now on."""
        self._all = (*self._all, observer)

    def session(self, facts: SessionFacts) -> "SessionObservers":
        return SessionObservers(filter(None, (observer.session(facts) for observer in self._all)))

    def refused(self, reason: str) -> None:
        for observer in self._all:
            observer.refused(reason)

    def over_quota(self, limit: str) -> None:
        for observer in self._all:
            observer.over_quota(limit)

    def vad_lag(self, seconds: float) -> None:
        for observer in self._all:
            observer.vad_lag(seconds)

    def loop_lag(self, seconds: float) -> None:
        for observer in self._all:
            observer.loop_lag(seconds)


class SessionObservers:
    """All who watch one session. Itself a `SessionObserver`."""

    def __init__(self, observers: Iterable[SessionObserver] = ()) -> None:
        self._all = tuple(observers)

    def __bool__(self) -> bool:
        return bool(self._all)

    def worked(self, work: StageWork) -> None:
        for observer in self._all:
            observer.worked(work)

    def answered(self, turn: TurnFacts) -> None:
        for observer in self._all:
            observer.answered(turn)

    def streamed(self, heard_s: float, spoken_s: float) -> None:
        for observer in self._all:
            observer.streamed(heard_s, spoken_s)

    def used(self, usage: TokenUsage) -> None:
        for observer in self._all:
            observer.used(usage)

    def checked(self, check: str, action: str) -> None:
        for observer in self._all:
            observer.checked(check, action)

    def ended(self) -> None:
        for observer in self._all:
            observer.ended()
