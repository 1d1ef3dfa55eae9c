"""The course of a conversation as the client sees it, without I/O.

Server events go in, client events to send come out; what a person sees and hears leaves through
the `Screen` and the `AnswerAudio`. Times are handed in, in seconds on any one clock.
"""

from collections.abc import Callable
from typing import Protocol

from voxwire.talk.latency import SentAudio, Stage, Turn
from voxwire.talk.outcome import TalkError
from voxwire.talk.protocol import (
    RESPONSE_CREATE,
    IncomingEvent,
    ItemBody,
    OutgoingEvent,
    ResponseBody,
    tool_output,
    truncate,
)
from voxwire.talk.screen import Screen, printable
from voxwire.talk.tool_stub import ToolStub

#: A model that is made to call tools (`tool_choice: required`) would call them for ever.
MAX_TOOL_ROUNDS = 8


class AnswerAudio(Protocol):
    """Where the answer's audio goes."""

    def add(self, item_id: str, pcm: bytes) -> None:
        """More audio of an item: PCM16, mono, 24 kHz."""

    def interrupt(self) -> tuple[str, int] | None:
        """Fall silent; the item that was being heard and how many milliseconds of it were, if any."""


class ClientCore:
    """`silence_ms` of silence end a turn. `patient` goes on after an `error` event or a failed response."""

    def __init__(
        self,
        screen: Screen,
        answer: AnswerAudio,
        tools: ToolStub,
        sent: SentAudio,
        *,
        silence_ms: int,
        patient: bool = False,
    ) -> None:
        self.turns: list[Turn] = []
        self.configured = False
        self.heard_speech = False
        self.user_speaking = False
        self.model = ""
        self._screen = screen
        self._answer = answer
        self._tools = tools
        self._sent = sent
        self._silence_ms = silence_ms
        self._patient = patient
        self._awaiting_answer = False
        self._active: dict[str, Turn] = {}  # responses that are not done, by id
        self._spoken_turns: dict[str, Turn] = {}  # by the id of the user's item
        self._untranscribed: set[str] = set()
        self._partial: dict[str, str] = {}
        self._tool_rounds = 0
        self._handlers: dict[str, Callable[[IncomingEvent, float], list[OutgoingEvent] | None]] = {
            "error": self._error,
            "session.created": self._created,
            "session.updated": self._updated,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "input_audio_buffer.committed": self._committed,
            "conversation.item.input_audio_transcription.delta": self._transcript_delta,
            "conversation.item.input_audio_transcription.completed": self._transcript,
            "conversation.item.input_audio_transcription.failed": self._transcript_failed,
            "response.created": self._response_created,
            "response.output_text.delta": self._text,
            "response.output_audio_transcript.delta": self._text,
            "response.output_audio.delta": self._audio,
            "response.done": self._response_done,
        }

    @property
    def settled(self) -> bool:
        """Nobody speaks and no answer is due."""
        return not (self.user_speaking or self._awaiting_answer or self._active)

    @property
    def transcribed(self) -> bool:
        """No transcript of the user's speech is due."""
        return not self._untranscribed

    def ask(self, text: str, now: float) -> None:
        """The user typed a question, which is sent now."""
        self._screen.line("You", text)
        self._begin_turn(now)

    def receive(self, event: IncomingEvent, now: float) -> list[OutgoingEvent]:
        """Take a server event; events of no interest do nothing. Raises TalkError when the conversation failed."""
        handler = self._handlers.get(event.type)
        return (handler(event, now) if handler else None) or []

    def _begin_turn(self, began: float) -> Turn:
        turn = Turn(began)
        self.turns.append(turn)
        self._awaiting_answer = True
        self._tool_rounds = 0
        return turn

    def _fail(self, message: str) -> None:
        """End the conversation, or only the turn if the user is patient."""
        if not self._patient:
            raise TalkError(message)
        self._awaiting_answer = False
        self._screen.line("Error", message)

    # --- session ---------------------------------------------------------------------------------

    def _error(self, event: IncomingEvent, now: float) -> None:
        message = event.error.message if event.error else "no reason given"
        self._fail(f"The server reported an error: {printable(message)}")

    def _created(self, event: IncomingEvent, now: float) -> None:
        self.model = event.session.model if event.session else ""

    def _updated(self, event: IncomingEvent, now: float) -> None:
        self.configured = True

    # --- the user's speech -----------------------------------------------------------------------

    def _speech_started(self, event: IncomingEvent, now: float) -> list[OutgoingEvent]:
        self.heard_speech = self.user_speaking = True
        self._untranscribed.add(event.item_id)
        heard = self._answer.interrupt()
        return [truncate(*heard)] if heard else []

    def _speech_stopped(self, event: IncomingEvent, now: float) -> None:
        self.user_speaking = False
        began = self._sent.end_of_speech(event.audio_end_ms - self._silence_ms)
        turn = self._begin_turn(now if began is None else began)
        turn.stamp(Stage.SPEECH_STOPPED, now)
        self._spoken_turns[event.item_id] = turn

    def _committed(self, event: IncomingEvent, now: float) -> None:
        self._stamp_spoken(event, Stage.COMMITTED, now)

    def _transcript_delta(self, event: IncomingEvent, now: float) -> None:
        self._partial[event.item_id] = self._partial.get(event.item_id, "") + event.delta
        self._screen.stream("You", event.delta)

    def _transcript(self, event: IncomingEvent, now: float) -> None:
        self._stamp_spoken(event, Stage.TRANSCRIBED, now)
        self._untranscribed.discard(event.item_id)
        partial = self._partial.pop(event.item_id, "")
        if not event.transcript:
            self._screen.line("You", "(no words)")
        elif event.transcript.startswith(partial):
            self._screen.stream("You", event.transcript[len(partial) :])
        else:  # some services revise what they streamed
            self._screen.line("You", event.transcript)

    def _transcript_failed(self, event: IncomingEvent, now: float) -> None:
        self._untranscribed.discard(event.item_id)
        self._screen.line("You", f"(not transcribed: {event.error.message if event.error else 'no reason given'})")

    def _stamp_spoken(self, event: IncomingEvent, stage: Stage, now: float) -> None:
        if turn := self._spoken_turns.get(event.item_id):
            turn.stamp(stage, now)

    # --- the answer ------------------------------------------------------------------------------

    def _response_created(self, event: IncomingEvent, now: float) -> None:
        if event.response is None:
            return
        turn = self.turns[-1] if self.turns else self._begin_turn(now)
        turn.stamp(Stage.RESPONSE_CREATED, now)
        self._active[event.response.id] = turn

    def _text(self, event: IncomingEvent, now: float) -> None:
        self._stamp_answer(event, Stage.FIRST_TEXT, now)
        self._screen.stream("Voxwire", event.delta)

    def _audio(self, event: IncomingEvent, now: float) -> None:
        self._stamp_answer(event, Stage.FIRST_AUDIO, now)
        self._answer.add(event.item_id, event.pcm)

    def _stamp_answer(self, event: IncomingEvent, stage: Stage, now: float) -> None:
        if turn := self._active.get(event.response_id):
            turn.stamp(stage, now)

    def _response_done(self, event: IncomingEvent, now: float) -> list[OutgoingEvent]:
        if (response := event.response) is None:
            return []
        self._screen.end_line()
        turn = self._active.pop(response.id, None)
        if turn:
            turn.stamp(Stage.DONE, now)
        reason = response.status_details.reason if response.status_details else None
        if response.status == "cancelled":
            # A cancelled answer gives way to the turn that interrupted it, which is still due.
            self._screen.line("", "(interrupted)")
            return []
        if response.status == "failed":
            self._fail(f"The answer failed: {_failure(response)}")
        self._awaiting_answer = False
        if response.status == "incomplete":
            self._screen.line("", f"(cut short: {reason or 'no reason given'})")
        calls = [item for item in response.output if item.type == "function_call" and item.status != "incomplete"]
        return self._answer_calls(calls, turn, now) if calls else []

    def _answer_calls(self, calls: list[ItemBody], turn: Turn | None, now: float) -> list[OutgoingEvent]:
        """Answer the response's tool calls by the stub and ask for the response that uses them."""
        self._awaiting_answer = True
        if self._tool_rounds == MAX_TOOL_ROUNDS:
            self._fail(f"The model called tools {MAX_TOOL_ROUNDS} times without an answer.")
            return []
        if turn:
            turn.stamp(Stage.TOOL_CALLED, now)
        self._tool_rounds += 1
        events = []
        for call in calls:
            output = self._tools.answer(call.name)
            self._screen.line("Tool", f"{call.name}({call.arguments})")
            self._screen.line("", f"answered with {output}")
            events.append(tool_output(call.call_id, output))
        return [*events, RESPONSE_CREATE]


def _failure(response: ResponseBody) -> str:
    error = response.status_details.error if response.status_details else None
    if error is None:
        return "no reason given"
    return printable(error.message) + (f" ({error.code})" if error.code else "")
