"""The speaking half of a session: responses, one in the conversation and any number out of band.

`response.created` leaves at once; the engine starts when the words of all items it will read are
known (protocol: responses, Waiting for words). An automatic response that finds another active waits in line.
"""

from typing import Any, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from voxwire.errors import SERVER_ERROR, ClientError
from voxwire.events.items import InputAudio, Item, ItemStatus, MessageItem, Role
from voxwire.events.response import ResponseParams, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import AudioDelta, RateLimitsUpdated
from voxwire.events.session_config import TURN_TIMINGS, Modality, SessionConfig, SessionKind
from voxwire.interfaces.commands import CancelGeneration, DiscardPendingAudio, StartResponse, TakeDraft, UsageCounted
from voxwire.interfaces.inputs import AnswerRefused, Failed, Filtered, GenerationResult, SpokenAudio
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmText, LlmToolArguments, LlmToolCall
from voxwire.session.alarms import Alarm
from voxwire.session.checks import check_text, check_tools, check_voice_change, leave_out
from voxwire.session.client_items import ClientItems, ItemChecks
from voxwire.session.conversation import Entry
from voxwire.session.drafts import Drafts, weight_of
from voxwire.session.idle import Idle
from voxwire.session.plan import PLAIN, ask, resolve
from voxwire.session.playout import Playout
from voxwire.session.rate_window import RateWindow
from voxwire.session.response_input import resolve_input
from voxwire.session.response_run import Phase, ResponseRun, Waiting
from voxwire.session.state import State
from voxwire.session.transcripts import Transcripts


class Responder:
    """Owns the responses in progress."""

    def __init__(
        self, state: State, transcripts: Transcripts, items: ClientItems, playout: Playout, idle: Idle, drafts: Drafts
    ) -> None:
        self._state = state
        self._transcripts = transcripts
        self._items = items
        self._playout = playout
        self._idle = idle
        self._drafts = drafts
        self.rate = RateWindow(state.limits, state.now)
        self._running: dict[int, ResponseRun] = {}
        self._next: Entry | None = None
        self._ducked: list[tuple[int, GenerationResult]] | None = None
        self._ducked_bytes = 0
        self.active: ResponseRun | None = None
        """The response in the conversation, if one is in progress."""

    # --- beginning -------------------------------------------------------------------------------

    def create(self, params: ResponseParams) -> None:
        """`response.create`; raises ClientError and changes nothing when it cannot be."""
        state = self._state
        if state.config.kind is SessionKind.TRANSCRIPTION:
            raise ClientError("Responses are not available in a transcription session.", code="invalid_value")
        params = self._fit(params)
        plan = resolve(state.config, params)
        active = None if params.out_of_band else self.active
        self._check(plan, params, replaced=0 if active is None or not params.cancel_previous else 1)
        if active is not None and not params.cancel_previous:
            raise ClientError(
                f"Conversation already has an active response in progress: {active.id}. "
                "Wait until the response is finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        inputs = None if isinstance(params.input, UnsetType) else resolve_input(params.input, state)
        added = self._added(params.append_items)
        if active is not None:
            self._next = None
            self.cancel(active, "client_cancelled")
        for item in added:
            self._items.add(item)
        if inputs is None:
            entries = list(state.conversation)
        else:
            entries = [item if isinstance(item, Entry) else self._items.adopt(item) for item in inputs]
        self._begin(params, plan, entries)

    def answer(self, turn: Entry) -> None:
        """Respond to a turn that detection ended, now or when the active response is done.

        One answer at most waits in line: a later turn joins the one before it.
        """
        if self.active is not None:
            self._next = turn
            self._drafts.drop()
            return
        entries = list(self._state.conversation)
        del entries[entries.index(turn) + 1 :]
        params = ResponseParams()
        self._begin(params, resolve(self._state.config, params), entries, automatic=True)

    def draft(self, item_id: str, words: str) -> bool:
        """The user pauses after these words, and a turn that ends here would be answered: begin with the answer.
        False where there is nothing to begin with."""
        state = self._state
        entries = list(state.conversation)
        if not words or self.active is not None or self._transcripts.pending(entries):
            return False
        entries.append(Entry(MessageItem(id=item_id, role=Role.USER, content=(InputAudio(transcript=words),))))
        plan = resolve(state.config, ResponseParams())
        try:
            start, usage = ask(state, plan, entries, generation=state.number(), response_id=None, background=False)
        except ClientError:
            return False  # what does not fit, the response will say in its turn
        self._drafts.begin(start, usage)
        return True

    # --- ending ----------------------------------------------------------------------------------

    def cancel_by_id(self, response_id: str | None) -> None:
        """`response.cancel`; raises ClientError when there is nothing to cancel."""
        runs = (run for run in self._running.values() if run.id == response_id)
        run = self.active if response_id is None else next(runs, None)
        if run is None:
            raise ClientError("Cancellation failed: no active response found", code="response_cancel_not_active")
        self.cancel(run, "client_cancelled")

    @property
    def heard(self) -> bool:
        """Whether an answer is in the making, or its end is still being heard."""
        end = self._playout.end
        return self.active is not None or end is None or end > self._state.now

    def duck(self) -> None:
        """Somebody speaks, and may want to interrupt: the answer says no more until that is decided."""
        self._ducked, self._ducked_bytes = [], 0

    def resume(self) -> None:
        """It was no interruption: the answer goes on where it stopped."""
        ducked, self._ducked = self._ducked, None
        for number, event in ducked or ():
            self.result(number, event)

    def interrupt(self) -> None:
        """The user began to speak: the answer stops, and none that waited in line will come."""
        self._next = self._ducked = None
        if self.active is not None:
            self.cancel(self.active, "turn_detected")
        self._playout.interrupt()

    def cancel(self, run: ResponseRun, reason: str) -> None:
        self._silence(run)
        self._finish(run, ResponseStatus.CANCELLED, StatusDetails(reason=reason), silenced=True)

    def end(self, details: StatusDetails) -> None:
        """The session ends: everything in progress fails for this reason, so that nothing stays open."""
        self._next = None
        self._drafts.drop()
        for run in list(self._running.values()):
            self._stop_engines(run)
            self._finish(run, ResponseStatus.FAILED, details)

    # --- results ---------------------------------------------------------------------------------

    def result(self, number: int, event: GenerationResult) -> None:
        """Something an engine made; work that was cancelled discards itself."""
        state, run = self._state, self._running.get(number)
        if run is None:
            self._drafts.keep(number, event)
            return
        if self._ducked is not None and run is self.active and type(event) is not Filtered:
            self._keep_back(self._ducked, number, event)
            return
        said = len(state.out)
        match event:
            case SpokenAudio():
                full = run.audio(event)
            case LlmText():
                full = run.text(event.text)
            case LlmToolCall():
                full = run.tool_call(event.name)
            case LlmToolArguments():
                full = run.tool_arguments(event.delta)
            case LlmDone(reason=FinishReason.STOP):
                self._finish(run, ResponseStatus.COMPLETED, usage=event.usage)
                return
            case LlmDone():
                details = StatusDetails(reason=event.reason.value)
                self._finish(run, ResponseStatus.INCOMPLETE, details, event.usage)
                return
            case Failed():
                self._fail(run, event.code, event.message)
                return
            case Filtered():
                self._filter(run)
                return
            case AnswerRefused():
                self._refuse(run, event)
                return
            case _:
                assert_never(event)
        run.times.reached(state.now, audio=type(event) is SpokenAudio)
        if run is self.active and len(state.out) > said and isinstance(delta := state.out[-1], AudioDelta):
            self._playout.spoke(delta)
        if full:
            self._stop_engines(run)
            self._finish(run, ResponseStatus.INCOMPLETE, StatusDetails(reason=FinishReason.MAX_TOKENS.value))

    def words_known(self, number: int) -> None:
        """An utterance ended: responses that waited for nothing else start."""
        for run in list(self._running.values()):
            if isinstance(run.phase, Waiting) and number in run.phase.words:
                run.phase.words.discard(number)
                self._start_if_ready(run, run.phase)

    def words_overdue(self, generation: int) -> None:
        """A response has waited too long for words."""
        run = self._running[generation]
        self._transcripts.give_up(run.phase.words if isinstance(run.phase, Waiting) else set())
        self._fail(run, "transcription_timeout", "The words of the turn were not recognised in time.")

    # --- inside ----------------------------------------------------------------------------------

    def _keep_back(self, ducked: list[tuple[int, GenerationResult]], number: int, event: GenerationResult) -> None:
        """What the answer goes on with; of more than can be kept it goes on at once."""
        ducked.append((number, event))
        self._ducked_bytes += weight_of(event)
        if self._ducked_bytes > self._state.limits.draft_bytes:
            self.resume()

    def _fit(self, params: ResponseParams) -> ResponseParams:
        """What of the parameters this deployment can do."""
        if params == PLAIN:
            return params
        changes: dict[str, Any] = {name: value for name, value in asdict(params).items() if value is not UNSET}
        self._state.left_out += leave_out(changes, self._state.capabilities, "response")
        return ResponseParams(**changes)

    def _added(self, items: tuple[Item, ...]) -> list[Item]:
        """Items to put into the conversation first; refused when one cannot be added."""
        if not items:
            return []
        checks = ItemChecks(self._state, joining=True)
        checked = [checks.check_item(item, f"response.append_input_items[{index}]") for index, item in enumerate(items)]
        self._state.conversation.check_room(*checked)
        return checked

    def _check(self, plan: SessionConfig, params: ResponseParams, *, replaced: int) -> None:
        state = self._state
        if len(self._running) - replaced >= state.limits.parallel_responses:
            message = f"Too many responses in progress: at most {state.limits.parallel_responses} may run at once."
            raise ClientError(message, code="too_many_responses")
        if params.voice is not UNSET:
            has_spoken = state.conversation.has_spoken and not params.out_of_band
            check_voice_change(has_spoken and plan.voice != state.config.voice, "response.audio.output.voice")
        check_text(plan.instructions, state.limits, "response.instructions")
        if params.tools is not UNSET or params.tool_choice is not UNSET:
            check_tools(plan.tools, plan.tool_choice, state.limits, "response")

    def _begin(
        self, params: ResponseParams, plan: SessionConfig, entries: list[Entry], *, automatic: bool = False
    ) -> None:
        state = self._state
        # What another response is still saying is not half-read.
        unfinished = ItemStatus.IN_PROGRESS  # once: Python 3.11 takes as long to look it up as for all the rest
        entries = [entry for entry in entries if entry.item.status is not unfinished]
        waiting = Waiting(entries, self._transcripts.pending(entries), automatic)
        run = ResponseRun(state, params, plan, waiting)
        last = entries[-1] if entries else None
        run.times.begin(state.now, last.item.id if last else None, last.turn if last else None)
        self._running[run.generation] = run
        if not params.out_of_band:
            self.active = run
            self._idle.disturbed()
        run.create()
        if waiting.words:
            state.alarms.set(Alarm.WORDS, state.now + state.limits.transcript_deadline_s, run.generation)
        self._start_if_ready(run, waiting)

    def _start_if_ready(self, run: ResponseRun, waiting: Waiting) -> None:
        if waiting.words:
            return
        state = self._state
        state.alarms.clear(Alarm.WORDS, run.generation)
        # An engine that hears needs nobody to tell it the words.
        turn = waiting.entries[-1] if waiting.entries and not state.capabilities.hears else None
        if turn is not None and turn.failure is not None:
            self._fail(run, turn.failure.code, turn.failure.message)
            return
        understood = turn is None or not turn.heard or any(turn.heard.values())
        if waiting.automatic and not understood and not state.limits.respond_to_empty_transcript:
            self._finish(run, ResponseStatus.COMPLETED)
            return
        try:
            start, run.usage = ask(
                state,
                run.plan,
                waiting.entries,
                generation=run.generation,
                response_id=run.id,
                background=run is not self.active,
                words=run.params.words,
            )
        except ClientError as error:
            self._fail(run, error.code, error.message, type=error.type)
            return
        run.move(Phase.GENERATING)
        self._generate(run, start)

    def _generate(self, run: ResponseRun, start: StartResponse) -> None:
        """Have the answer made, or go on with the draft that asked for the same."""
        state, drafts = self._state, self._drafts
        run.reserved = self.rate.reserve(start.tokens, state.now)
        draft = drafts.take(start) if run is self.active else None
        if run is self.active:
            run.times.drafts_wasted, drafts.wasted = drafts.wasted, 0
        if draft is None:
            state.emit(start)
            return
        del self._running[run.generation]
        run.generation = draft.start.generation
        self._running[run.generation] = run
        saved_ms = run.times.drafted(state.now, draft.asked, draft.ready)
        state.emit(TakeDraft(generation=run.generation, response_id=run.id, saved_ms=saved_ms))
        for event in draft.results:
            self.result(run.generation, event)

    def _filter(self, run: ResponseRun) -> None:
        """A check of the content ends the answer, as an interruption would: nothing that is still to be heard is
        heard. What was kept back while somebody spoke is never said."""
        if run is self.active and self._ducked is not None:
            self.duck()
        self._silence(run)
        details = StatusDetails(reason=FinishReason.CONTENT_FILTER.value)
        self._finish(run, ResponseStatus.INCOMPLETE, details, silenced=True)

    def _silence(self, run: ResponseRun) -> None:
        self._stop_engines(run)
        if run.plan.modality is Modality.AUDIO:
            self._state.emit(DiscardPendingAudio(response_id=run.id))

    def _stop_engines(self, run: ResponseRun) -> None:
        if run.phase is Phase.GENERATING:
            self._state.emit(CancelGeneration(generation=run.generation))

    def _fail(self, run: ResponseRun, code: str, message: str, *, type: str = SERVER_ERROR) -> None:
        self._finish(run, ResponseStatus.FAILED, StatusDetails(type=type, code=code, message=message))

    def _refuse(self, run: ResponseRun, refusal: AnswerRefused) -> None:
        """It was not begun: nothing was used."""
        if run.reserved is not None:
            self.rate.release(run.reserved, self._state.now)
            run.reserved = None
        run.usage = TokenUsage()
        self._fail(run, refusal.code, refusal.message, type=refusal.type)

    def _finish(
        self,
        run: ResponseRun,
        status: ResponseStatus,
        details: StatusDetails | None = None,
        usage: TokenUsage | None = None,
        *,
        silenced: bool = False,
    ) -> None:
        state = self._state
        run.finish(status, details, usage)
        del self._running[run.generation]
        state.alarms.clear(Alarm.WORDS, run.generation)
        if run.reserved is not None:
            self.rate.settle(run.reserved, run.usage.total_tokens, state.now)
        state.emit(
            RateLimitsUpdated(rate_limits=self.rate.report(state.now)),
            UsageCounted(response_id=run.id, usage=run.usage),
        )
        if TURN_TIMINGS in (state.config.include or ()):
            state.emit(run.times.event(run.id, state.clock_ms))
        if silenced:
            self._playout.stop(run.id)
        if run is self.active:
            self.active = None
            self._drafts.drop()
            self._idle.answered()
            turn, self._next = self._next, None
            if turn is not None and state.conversation.get(turn.item.id) is turn:
                self.answer(turn)
