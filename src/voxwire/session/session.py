"""The session: the protocol's brain, without I/O.

It joins the parts of this package. A client's mistake becomes one `error` event and changes nothing
(protocol: errors, Events of type error). Results of cancelled work discard themselves by their number.

**Audio and scores.** They come many times a second, and most of them change nothing. So they have a way of their own:
`append` puts audio onto the tape, where somebody scores it, and `pull` follows the scores that are there. The tape says
when that is needed (`Tape.wakes`); every other input pulls first.

**The waiting queue.** The scores of audio come later than the audio came, and other events of the
client arrive meanwhile. What they do must not depend on how fast scoring is (protocol: turns, Order of audio
and events): a commit that was sent after a word has to find the turn that this word began. So

- an append is taken at once while nothing waits: it only adds to the end of the audio;
- any other event waits in `_waiting` while `Listener.unscored_ms` is above 0, which means that a window of an
  earlier append has no score yet;
- once one event waits, all that come from clients later wait behind it, appends too: they are taken in order;
- scores take events from the front until one has to wait again. An append among them may bring new windows,
  and the event behind it then waits for those;
- what comes from the world (scores, transcripts, results of engines, ticks) never waits: it belongs to work
  that has begun;
- without turn detection nothing is scored, so nothing waits.

    append a word   → 5 windows to score
    commit          → waits
    append          → waits behind it
    4 scores        → speech_started; the commit still waits
    1 score         → the commit is taken: speech_stopped, committed; then the append: windows to score

The queue has no bound of its own. Its reader bounds it: while `backlog_ms` or `waiting_events` is large, the
runtime does not read from the client.
"""

import weakref
from collections.abc import Callable
from typing import Final, assert_never

from voxwire.errors import INVALID_REQUEST, ClientError
from voxwire.events import client
from voxwire.events.client import UNSUPPORTED_VALUE, AppendAudio, ClientEvent
from voxwire.events.closing import CloseReason
from voxwire.events.response import StatusDetails
from voxwire.events.server import (
    ClockRead,
    EngineChanged,
    ErrorOccurred,
    FalseInterruption,
    Fingerprint,
    SessionCreated,
    SessionUpdated,
)
from voxwire.events.session_config import (
    ENGINE_CHANGED,
    FALSE_INTERRUPTION,
    FINGERPRINT,
    TURN_TIMINGS,
    SessionConfig,
    SessionKind,
    SessionPatch,
)
from voxwire.interfaces import inputs
from voxwire.interfaces.commands import CloseSession, Output
from voxwire.interfaces.inputs import ClientMistake, Input
from voxwire.session.alarms import Alarm
from voxwire.session.client_items import ClientItems
from voxwire.session.conversation import Conversation, Entry
from voxwire.session.drafts import Drafts
from voxwire.session.idle import Idle
from voxwire.session.limits import Capabilities, Limits
from voxwire.session.listener import Listener
from voxwire.session.playout import Playout, ReportedPlayout
from voxwire.session.responder import Responder
from voxwire.session.state import State
from voxwire.session.transcripts import Transcripts, Utterance
from voxwire.session.update import merge

_FromClient = ClientEvent | ClientMistake

#: Most errors for fields that were left out of one event: an event may hold thousands, no session settings have 32.
_MOST_REFUSALS: Final = 32
_NO_OUTPUT_BUFFER: Final = (
    "output_audio_buffer.clear is only available where the server plays the audio; here the client holds it."
)


class Session:
    """One realtime or transcription session.

    Inputs go in by `receive`, outputs come back as a list in wire order: server events for the
    attachments, commands for the runtime. For audio and scores there are `append` and `pull` besides. Nothing here does
    I/O, reads a clock or draws a random number: `now` (seconds, monotonic) and `ids` (prefix to fresh identifier) are
    handed in, so the same inputs always give the same outputs. `expires_at` in Unix seconds is for clients to see;
    `end_user` is the client's name for the person, for the language engine. `fingerprint` is shown to who asks for it.
    """

    def __init__(
        self,
        *,
        session_id: str,
        config: SessionConfig,
        limits: Limits,
        capabilities: Capabilities,
        ids: Callable[[str], str],
        now: float,
        expires_at: int,
        end_user: str | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        self._state = State(
            config=config,
            conversation=Conversation(ids("conv"), limits),
            limits=limits,
            capabilities=capabilities,
            ids=ids,
            now=now,
            opened=now,
            session_id=session_id,
            end_user=end_user,
        )
        self._expires_at = expires_at
        self._fingerprint = fingerprint
        self._state.alarms.set(Alarm.SESSION, now + limits.session_seconds)
        self._closed = False
        # A list: the reader sees to it that few wait, and an empty deque weighs more than all else here.
        self._waiting: list[tuple[_FromClient, int | None]] = []
        self._waiting_bytes = 0
        # The parts call back by a proxy: without a cycle, a session that has ended is freed at once with its
        # audio and text, and not by the next full collection.
        this = weakref.proxy(self)
        self._drafts = Drafts(self._state)
        self._transcripts = Transcripts(
            self._state,
            on_words=lambda number: this._responder.words_known(number),
            on_interim=lambda utterance, words: this._words_so_far(utterance, words),
            on_more=lambda: this._listener.heard_more(),
        )
        self._items = ClientItems(self._state, self._transcripts)
        self._playout = (ReportedPlayout if capabilities.reports_playout else Playout)(self._state)
        self._idle = Idle(self._state, self._playout, lambda: this._listener.speaking)
        self._responder = Responder(
            self._state, self._transcripts, self._items, self._playout, self._idle, self._drafts
        )
        self._listener = Listener(
            self._state,
            self._transcripts,
            self._drafts,
            on_suspicion=lambda: this._speech_suspected(),
            on_innocence=lambda start_ms, end_ms: this._speech_passed(start_ms, end_ms),
            on_speech=lambda: this._speech_started(),
            on_pause=lambda utterance: this._speech_paused(utterance),
            on_turn=lambda entry: this._turn_ended(entry),
        )
        self.tape: Final = self._listener.tape
        """The audio that came and is not committed, for who scores it; always the same one."""

    def open(self, patch: SessionPatch | None = None) -> list[Output]:
        """`session.created`, with the settings of `patch` in force; call once, first.

        Raises ClientError, and nothing has happened, when the patch is wrong; what of it is beyond the deployment is
        told to all.
        """
        state = self._state
        if patch is not None:
            self._configure(patch)
        state.emit(self.created)
        self._refuse_left_out(None, None)
        return self._take_outputs()

    @property
    def created(self) -> SessionCreated:
        """The session as it stands, for those who come in now."""
        state = self._state
        return SessionCreated(
            session_id=state.session_id,
            config=state.config,
            expires_at=self._expires_at,
            fingerprint=self._asked_fingerprint,
        )

    @property
    def _asked_fingerprint(self) -> Fingerprint | None:
        return self._fingerprint if FINGERPRINT in (self._state.config.include or ()) else None

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        """Take one input. `origin` is the attachment a client event came from; errors go back to it alone.

        Never raises for anything a client can send. After the session has closed nothing happens.
        """
        if self._closed:
            return []
        self._state.now = now
        if type(event) is not AppendAudio:
            self._follow()
        match event:
            case inputs.SpeechScores():
                self._listener.scored(event.epoch, event.scores)
                self._follow()
            case inputs.Generated():
                self._responder.result(event.number, event.event)
            case inputs.Transcribed():
                self._transcripts.result(event.number, event.event)
            case inputs.TurnJudged():
                self._listener.judged(event.number, event.sign)
                self._go_on()
            case inputs.PlayoutProgress():
                self._playout.progress(event)
                self._idle.review()
            case inputs.PlayoutDrained():
                self._playout.drained()
                self._idle.review()
            case inputs.QuotaChanged():
                self._responder.rate.tell(event.rate_limits, now)
            case inputs.EngineTookOver():
                self._engine_took_over(event)
            case inputs.Tick():
                self._tick()
            case _ if self._must_wait(event):
                self._wait(event, origin)
            case _:
                self._take(event, origin)
        return self._take_outputs()

    def append(self, audio: bytes, *, now: float) -> int | None:
        """Audio of a client that only adds to the tape, the short way: how many windows are ready to score now, which
        is all of `backlog_ms`.

        None: more would come of it. Something waits, or it is no audio to take, and nothing has happened. Then hand it
        to `receive` as an event.
        """
        if self._waiting or self._closed or not self._listener.takes(len(audio)):
            return None
        try:
            ready = self.tape.append(audio)
        except ValueError:  # half a sample
            return None
        self._state.now = now
        return ready

    def pull(self, *, now: float) -> list[Output]:
        """Follow the scores that are on the tape: what comes of them, as of an input `SpeechScores`."""
        if self._closed:
            return []
        self._state.now = now
        self._follow()
        return self._take_outputs()

    def end(self) -> list[Output]:
        """Nobody is there any more. Nothing of the outputs can be done or told, but their usage can be counted."""
        if not self._closed:
            self._closed = True
            self._responder.end(StatusDetails(reason="client_cancelled"))
        return self._take_outputs()

    @property
    def deadline(self) -> float | None:
        """When to call `receive(Tick())`, on the clock of `now`; None for never. Read it after every `receive`."""
        return self._state.alarms.next

    @property
    def backlog_ms(self) -> float:
        """Audio not scored yet, also what waits in line; the reader waits while this is large."""
        unscored_ms = self._listener.unscored_ms
        return unscored_ms + self.tape.format.duration_ms(self._waiting_bytes) if self._waiting else unscored_ms

    @property
    def waiting_events(self) -> int:
        """Client events that wait for scores; the reader waits while these are many."""
        return len(self._waiting)

    @property
    def speaking(self) -> bool:
        """Whether a turn is in progress, which more audio can end; also one that nobody was told of yet."""
        return self._listener.speaking

    # --- client events ---------------------------------------------------------------------------

    def _must_wait(self, event: Input) -> bool:
        return bool(self._waiting) or (type(event) is not AppendAudio and self._listener.unscored_ms > 0)

    def _wait(self, event: _FromClient, origin: int | None) -> None:
        self._waiting.append((event, origin))
        if isinstance(event, AppendAudio):
            self._waiting_bytes += len(event.audio)

    def _take(self, event: _FromClient, origin: int | None) -> None:
        if isinstance(event, ClientMistake):
            self._refuse(event, event.event_id, origin)
            return
        try:
            self._obey(event)
        except ClientError as error:
            self._refuse(error, event.event_id, origin)
            self._state.left_out.clear()
        else:
            if self._state.left_out:
                self._refuse_left_out(event.event_id, origin)

    def _obey(self, event: ClientEvent) -> None:
        state = self._state
        match event:
            case AppendAudio():
                self._listener.append(event.audio)
            case client.CreateResponse():
                state.left_out += event.unsupported
                self._responder.create(event.params)
            case client.CommitAudio():
                self._listener.commit()
                self._idle.disturbed()
            case client.ClearAudio():
                self._listener.clear()
            case client.ClearOutputAudio():
                raise ClientError(_NO_OUTPUT_BUFFER, code="invalid_value", param="type")
            case client.UpdateSession():
                state.left_out += event.unsupported
                self._update(event.patch)
            case client.CreateItem():
                state.left_out += event.unsupported
                self._items.create(event)
            case client.RetrieveItem():
                self._items.retrieve(event)
            case client.TruncateItem():
                self._items.truncate(event)
                self._playout.cut(event.item_id)
                self._idle.review()
            case client.DeleteItem():
                self._items.delete(event)
            case client.CancelResponse():
                self._responder.cancel_by_id(event.response_id)
            case _:
                assert_never(event)

    def _refuse_left_out(self, event_id: str | None, origin: int | None) -> None:
        """One error for each field that was left out; of very many the last says how many more there are."""
        left_out = self._state.left_out
        more = len(left_out) - _MOST_REFUSALS
        for index, field in enumerate(left_out[:_MOST_REFUSALS], 1):
            others = f" So were {more} further fields." if more > 0 and index == _MOST_REFUSALS else ""
            message = f"{field.message} The field was left out, everything else was applied.{others}"
            self._refuse(ClientError(message, code=UNSUPPORTED_VALUE, param=field.param), event_id, origin)
        left_out.clear()

    def _refuse(self, mistake: ClientError | ClientMistake, event_id: str | None, origin: int | None) -> None:
        self._state.emit(
            ErrorOccurred(
                type=mistake.type,
                code=mistake.code,
                message=mistake.message,
                param=mistake.param,
                event_id=event_id,
                origin=origin,
            )
        )

    def _configure(self, patch: SessionPatch) -> None:
        """Put settings in force. Raises ClientError and changes nothing when one is wrong."""
        state = self._state
        config, left_out = merge(
            state.config,
            patch,
            capabilities=state.capabilities,
            limits=state.limits,
            has_spoken=state.conversation.has_spoken,
        )
        self._listener.check(config)
        state.config = config
        state.left_out += left_out
        self._listener.configure(config)
        self._idle.review()

    def _update(self, patch: SessionPatch) -> None:
        state = self._state
        self._configure(patch)
        updated = SessionUpdated(
            session_id=state.session_id,
            config=state.config,
            expires_at=self._expires_at,
            fingerprint=self._asked_fingerprint,
        )
        state.emit(updated)
        if TURN_TIMINGS in (state.config.include or ()):
            # A round trip with the server's time in it: how clients align their clock with the timings.
            state.emit(ClockRead(now_ms=state.clock_ms(state.now)))

    # --- the world -------------------------------------------------------------------------------

    def _follow(self) -> None:
        if self._listener.pull():
            self._go_on()

    def _go_on(self) -> None:
        """Take what has waited for scores, as far as they are known."""
        while self._waiting:
            waiting, _ = self._waiting[0]
            if isinstance(waiting, AppendAudio):
                self._waiting_bytes -= len(waiting.audio)
            elif self._listener.unscored_ms > 0:
                break
            self._take(*self._waiting.pop(0))

    def _speech_suspected(self) -> bool:
        """Speech, and an answer is heard that it may interrupt: the answer says no more until that is known."""
        detection = self._state.config.turn_detection
        if detection is None or not detection.interrupt_response or not self._responder.heard:
            return False
        self._responder.duck()
        return True

    def _speech_passed(self, start_ms: int, end_ms: int) -> None:
        active = self._responder.active
        if FALSE_INTERRUPTION in (self._state.config.include or ()):
            response_id = active.id if active is not None else None
            self._state.emit(FalseInterruption(response_id=response_id, audio_start_ms=start_ms, audio_end_ms=end_ms))
        self._responder.resume()
        self._idle.review()

    def _speech_started(self) -> None:
        detection = self._state.config.turn_detection
        if detection is not None and detection.interrupt_response:
            self._responder.interrupt()
        self._idle.disturbed()

    def _speech_paused(self, utterance: Utterance) -> bool:
        if not self._state.capabilities.interims or not self._answers_turns or self._responder.active:
            return False
        self._drafts.asked = self._state.now
        return self._transcripts.probe(utterance)

    def _words_so_far(self, utterance: Utterance, words: str) -> None:
        self._listener.heard_so_far()
        wanted = self._answers_turns and self._transcripts.drafts_left(utterance)
        if wanted and self._listener.hushed and self._responder.draft(utterance.item_id, words):
            utterance.drafts += 1

    def _turn_ended(self, entry: Entry) -> None:
        self._idle.disturbed()
        if self._answers_turns:
            self._responder.answer(entry)
        else:
            self._drafts.drop()

    def _engine_took_over(self, event: inputs.EngineTookOver) -> None:
        if ENGINE_CHANGED in (self._state.config.include or ()):
            changed = EngineChanged(stage=event.stage, engine=event.engine, before=event.before, code=event.code)
            self._state.emit(changed)

    @property
    def _answers_turns(self) -> bool:
        """Whether a turn that detection ends is answered of itself."""
        config = self._state.config
        detection = config.turn_detection
        return config.kind is SessionKind.REALTIME and detection is not None and detection.create_response

    def _tick(self) -> None:
        while (rung := self._state.alarms.ring(self._state.now)) is not None:
            alarm, number = rung
            match alarm:
                case Alarm.SESSION:
                    self._expire()
                case Alarm.SUSPICION:
                    self._listener.no_more_comes()
                case Alarm.WORDS:
                    self._responder.words_overdue(number)
                case Alarm.IDLE:
                    if not self._listener.speaking:  # else it is suspected: the alarm is set anew if it was nothing
                        self._turn_ended(self._listener.idle())
                case _:
                    assert_never(alarm)

    def _expire(self) -> None:
        message = f"Your session hit the maximum duration of {_duration(self._state.limits.session_seconds)}."
        self._responder.end(StatusDetails(type=INVALID_REQUEST, code="session_expired", message=message))
        self._state.emit(
            ErrorOccurred(type=INVALID_REQUEST, code="session_expired", message=message),
            CloseSession(reason=CloseReason.EXPIRED, message=message),
        )
        self._state.alarms.clear_all()
        self._closed = True

    def _take_outputs(self) -> list[Output]:
        self._listener.expect(every=bool(self._waiting))
        outputs, self._state.out = self._state.out, []
        return outputs


def _duration(seconds: float) -> str:
    """In minutes where they are whole, as the official message has it."""
    count, unit = (seconds, "second") if seconds % 60 else (seconds / 60, "minute")
    return f"{count:.10g} {unit}{'' if count == 1 else 's'}"
