"""All promises of a session.

`Invariants.observe` is given each list of outputs as it leaves; it keeps a model of what a client
would know and raises `InvariantBroken` at the first output that does not fit. `check_ended` is for
a session in which nothing runs any more. Unit tests, property tests and the fuzz target share it.
"""

from collections.abc import Iterable
from functools import singledispatchmethod

from voxwire.events.server import (
    ClockRead,
    EngineChanged,
    FalseInterruption,
    RateLimitsUpdated,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    TurnTimings,
)
from voxwire.events.session_config import ENGINE_CHANGED, FALSE_INTERRUPTION, TURN_TIMINGS
from voxwire.interfaces.commands import CloseSession, Output, UsageCounted
from voxwire.session.session import Session
from voxwire.testing.invariants.conversation_promises import ConversationPromises
from voxwire.testing.invariants.hearing_promises import HearingPromises
from voxwire.testing.invariants.promise import Promise
from voxwire.testing.invariants.response_promises import ResponsePromises


class Invariants:
    """A client's view of one session."""

    def __init__(self, session: Session, *, stable_transcripts: bool = True) -> None:
        """`stable_transcripts`: the recogniser keeps its promise not to change what it called stable."""
        self._session = session
        self._promise = Promise()
        self._require = self._promise.require
        limits = session._state.limits
        self._conversation = ConversationPromises(
            self._promise, most_items=limits.items, stable_transcripts=stable_transcripts
        )
        self._responses = ResponsePromises(self._promise, self._conversation)
        self._hearing = HearingPromises(self._promise)
        self._opened = False
        self._closed = False
        self._owed: list[type[Output]] = []
        """What has to come next, one after the other."""
        self.updates = 0

    # --- what tests call -------------------------------------------------------------------------

    def observe(self, outputs: Iterable[Output]) -> None:
        """Check outputs in order, then the session's own books."""
        for output in outputs:
            self._promise.count += 1
            self._require(not self._closed, output, "something was said after the session closed")
            self._require(self._opened or isinstance(output, SessionCreated), output, "session.created comes first")
            dropped = isinstance(output, UsageCounted) and output.response_id is None  # a draft
            told = type(output) if isinstance(output, RateLimitsUpdated | UsageCounted) and not dropped else None
            owed = self._owed.pop(0) if self._owed else None
            self._require(told is owed, output, "rate limits and usage follow done, and nothing else")
            self._see(output)
            for part in (self._conversation, self._responses, self._hearing):
                part.see(output)
            if isinstance(output, ResponseDone):
                self._owed = [RateLimitsUpdated, UsageCounted]
        if self._opened:
            self._check_books()

    def check_ended(self) -> None:
        """Nothing may be open any more."""
        self._responses.check_ended()
        self._conversation.check_ended()
        self._require(not self._owed, "the last response", "rate limits and usage follow done")

    @property
    def running_responses(self) -> list[str]:
        return self._responses.running

    # --- the books -------------------------------------------------------------------------------

    def _check_books(self) -> None:
        state, tape = self._session._state, self._session.tape
        self._require(state.config == self._config, state.config, "the effective settings are reported")
        actual = [entry.item.id for entry in state.conversation]
        self._require(
            actual == self._conversation.order,
            actual,
            f"the client believes the order to be {self._conversation.order}",
        )
        held = sum(entry.size for entry in state.conversation)
        self._require(held == state.conversation.audio_bytes, held, "retained audio is counted right")
        self._require(held <= state.limits.retained_audio_bytes, held, "retained audio is bounded")
        running = {run.id for run in self._session._responder._running.values()}
        self._require(running == set(self.running_responses), running, f"running are {self.running_responses}")
        gone = tape.committed + tape.cleared + tape.discarded
        self._require(tape.start == gone, tape.start, "audio in is audio accounted")
        self._require(tape.size <= state.limits.buffer_bytes, tape.size, "buffered audio is bounded")

    # --- of the session itself -------------------------------------------------------------------

    @singledispatchmethod
    def _see(self, output: Output) -> None:
        """Errors, retrieved items and the like promise nothing about other outputs."""

    @_see.register
    def _(self, event: SessionCreated) -> None:
        self._require(not self._opened, event, "session.created comes once")
        self._opened = True
        self._config = event.config

    @_see.register
    def _(self, event: ClockRead | TurnTimings | EngineChanged | FalseInterruption) -> None:
        ours = {EngineChanged: ENGINE_CHANGED, FalseInterruption: FALSE_INTERRUPTION}
        asked = ours.get(type(event), TURN_TIMINGS)
        self._require(asked in (self._config.include or ()), event, "ours is sent only to who asked for it")

    @_see.register
    def _(self, event: SessionUpdated) -> None:
        self.updates += 1
        self._config = event.config
        if event.config.turn_detection is None:
            self._conversation.speech_is_over(event)

    @_see.register
    def _(self, command: CloseSession) -> None:
        self._require(len(command.message.encode()) <= 123, command, "what is said last is short")
        self._closed = True
