"""The promises of a session, checked on everything that it says (docs/architecture.md, "Invariants").

`Invariants.observe` is given each list of outputs as it leaves; it keeps a model of what a client
would know and raises `InvariantBroken` at the first output that does not fit. `check_ended` is for
a session in which nothing runs any more. Unit tests, property tests and the fuzz target share it.
"""

from collections.abc import Iterable
from functools import singledispatchmethod
from typing import Final

import msgspec

from voxwire.events.items import FunctionCallItem, ItemStatus, MessageItem, OutputAudio, OutputText
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    BufferCleared,
    BufferCommitted,
    ClockRead,
    ContentPartAdded,
    ContentPartDone,
    EngineChanged,
    FalseInterruption,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    IdleTimeout,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemTruncated,
    OutputItemAdded,
    OutputItemDone,
    RateLimitsUpdated,
    ResponseCreated,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
    TurnTimings,
)
from voxwire.events.session_config import ENGINE_CHANGED, FALSE_INTERRUPTION, TURN_TIMINGS
from voxwire.interfaces.commands import (
    Analyse,
    CancelGeneration,
    CancelTranscription,
    CloseSession,
    FeedTranscription,
    FinishTranscription,
    Output,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
    TakeDraft,
    UsageCounted,
)
from voxwire.session.session import Session


class InvariantBroken(AssertionError):
    """The session broke a promise; the text says which, and at which output."""


class _Item(msgspec.Struct):
    """An output item that is open: its one part and the deltas so far."""

    id: str
    part: bool = False
    part_closed: bool = False
    deltas: str = ""
    done: str | None = None
    audio_done: bool = False
    is_call: bool = False


class _Response(msgspec.Struct):
    in_band: bool
    open: _Item | None = None
    output: list[object] = []
    generation: int | None = None
    cancelled: bool = False
    done: bool = False


_ENDED: Final = (ResponseStatus.COMPLETED, ResponseStatus.CANCELLED, ResponseStatus.INCOMPLETE, ResponseStatus.FAILED)


class Invariants:
    """A client's view of one session."""

    def __init__(self, session: Session, *, stable_transcripts: bool = True) -> None:
        """`stable_transcripts`: the recogniser keeps its promise not to change what it called stable."""
        self._session = session
        self._stable = stable_transcripts
        self._count = 0
        self._opened = False
        self._closed = False
        self._order: list[str] = []
        self._ever: set[str] = set()
        self._undone: set[str] = set()
        self._speaking: str | None = None
        self._stopped: str | None = None
        self._committed: str | None = None
        self._settled: str | None = None
        self._responses: dict[str, _Response] = {}
        self._generations: dict[int, str | None] = {}
        self._epochs: set[int] = set()
        self._transcriptions: dict[int, str] = {}
        self._heard: dict[tuple[str, int], str | None] = {}
        self._owed: list[type[Output]] = []
        """What has to come next, one after the other."""
        self.updates = 0

    # --- what tests call -------------------------------------------------------------------------

    def observe(self, outputs: Iterable[Output]) -> None:
        """Check outputs in order, then the session's own books."""
        for output in outputs:
            self._count += 1
            self._require(not self._closed, output, "something was said after the session closed")
            self._require(self._opened or isinstance(output, SessionCreated), output, "session.created comes first")
            dropped = isinstance(output, UsageCounted) and output.response_id is None  # a draft
            told = type(output) if isinstance(output, RateLimitsUpdated | UsageCounted) and not dropped else None
            owed = self._owed.pop(0) if self._owed else None
            self._require(told is owed, output, "rate limits and usage follow done, and nothing else")
            self._see(output)
        if self._opened:
            self._check_books()

    def check_ended(self) -> None:
        """Nothing may be open any more."""
        for response_id, response in self._responses.items():
            self._require(response.done, response_id, "a response was never done")
        undone = self._undone & set(self._order)
        self._require(not undone, undone, "an item was never done")
        self._require(not self._owed, "the last response", "rate limits and usage follow done")
        unheard = [key for key, words in self._heard.items() if words is not None]
        self._require(not unheard, unheard, "a transcription never ended")

    @property
    def running_responses(self) -> list[str]:
        return [response_id for response_id, response in self._responses.items() if not response.done]

    # --- the books -------------------------------------------------------------------------------

    def _check_books(self) -> None:
        state, buffer = self._session._state, self._session._listener.buffer
        self._require(state.config == self._config, state.config, "the effective settings are reported")
        actual = [entry.item.id for entry in state.conversation]
        self._require(actual == self._order, actual, f"the client believes the order to be {self._order}")
        held = sum(entry.size for entry in state.conversation)
        self._require(held == state.conversation.audio_bytes, held, "retained audio is counted right")
        self._require(held <= state.limits.retained_audio_bytes, held, "retained audio is bounded")
        running = {run.id for run in self._session._responder._running.values()}
        self._require(running == set(self.running_responses), running, f"running are {self.running_responses}")
        gone = buffer.committed + buffer.cleared + buffer.discarded
        self._require(buffer.start == gone, buffer.start, "audio in is audio accounted")
        self._require(buffer.size <= state.limits.buffer_bytes, buffer.size, "buffered audio is bounded")

    def _require(self, holds: bool, what: object, promise: str) -> None:
        if not holds:
            raise InvariantBroken(f"output {self._count}: {promise}: {what!r:.2000}")

    def _speech_is_over(self, event: SessionUpdated | BufferCleared) -> None:
        self._require(self._speaking in (None, self._stopped), event, "what had started has stopped")
        self._speaking = None

    # --- events ----------------------------------------------------------------------------------

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
            self._speech_is_over(event)

    @_see.register
    def _(self, event: SpeechStarted) -> None:
        self._require(self._speaking is None, event, "speech stops before it starts again")
        self._require(event.item_id not in self._ever, event, "a turn announces a new item")
        self._speaking = event.item_id

    @_see.register
    def _(self, event: SpeechStopped) -> None:
        self._require(self._speaking == event.item_id != self._stopped, event, "what stops had started")
        self._stopped = event.item_id

    @_see.register
    def _(self, event: IdleTimeout) -> None:
        self._require(self._speaking is None, event, "nobody speaks at an idle timeout")
        self._require(event.audio_start_ms <= event.audio_end_ms, event, "a stretch of audio ends after its start")

    @_see.register
    def _(self, event: BufferCleared) -> None:
        self._speech_is_over(event)

    @_see.register
    def _(self, event: BufferCommitted) -> None:
        self._require(event.previous_item_id == self._last, event, f"the last item is {self._last}")
        said = self._speaking is None or self._speaking == event.item_id == self._stopped
        self._require(said, event, f"{self._speaking} is being said")
        self._require(self._committed is None, event, "a commit is followed by its item")
        self._speaking = None
        self._committed = event.item_id

    @_see.register
    def _(self, event: ItemAdded) -> None:
        item_id, previous = event.item.id, event.previous_item_id
        self._require(self._committed in (None, item_id), event, "the committed item comes next")
        self._require(item_id != self._speaking, event, "a spoken item is committed first")
        self._committed = None
        self._require(bool(item_id) and item_id not in self._order, event, "an item is added once")
        self._require(previous is None or previous in self._order, event, "the predecessor exists")
        self._order.insert(0 if previous is None else self._order.index(previous) + 1, item_id)
        if len(self._order) > self._session._state.limits.items:
            # A full conversation lets its oldest item go without a word.
            del self._order[0]
        if item_id in self._ever:
            self._heard = {key: words for key, words in self._heard.items() if key[0] != item_id}
        self._ever.add(item_id)
        self._undone.add(item_id)

    @_see.register
    def _(self, event: ItemDone) -> None:
        self._require(event.item.id in self._order, event, "an item that ends had begun")
        self._require(event.item.id in self._undone, event, "an item ends once")
        self._undone.remove(event.item.id)
        index = self._order.index(event.item.id)
        previous = self._order[index - 1] if index else None
        self._require(event.previous_item_id == previous, event, f"the predecessor is {previous}")
        self._settled = event.item.id

    @_see.register
    def _(self, event: ItemDeleted) -> None:
        self._require(event.item_id in self._order, event, "what is deleted was there")
        self._order.remove(event.item_id)

    @_see.register
    def _(self, event: ItemTruncated) -> None:
        self._require(event.item_id in self._order, event, "what is truncated was there")
        self._require(event.audio_end_ms >= 0, event, "a truncation keeps no negative length")

    @property
    def _last(self) -> str | None:
        return self._order[-1] if self._order else None

    # --- transcription ---------------------------------------------------------------------------

    @_see.register
    def _(self, event: TranscriptionDelta) -> None:
        self._require(event.item_id in self._ever, event, "an item event precedes its words")
        key = (event.item_id, event.content_index)
        before = self._heard.get(key, "")
        if before is None:
            raise InvariantBroken(f"words after the end of a transcription: {event!r}")
        self._require(bool(event.delta), event, "a delta is not empty")
        self._heard[key] = before + event.delta

    @_see.register
    def _(self, event: TranscriptionCompleted) -> None:
        self._require(event.item_id in self._ever, event, "an item event precedes its words")
        key = (event.item_id, event.content_index)
        heard = self._heard.get(key, "")
        self._require(heard is not None, event, "a transcription ends once")
        if self._stable:
            self._require(heard == event.transcript, event, f"deltas concatenate to the transcript: {heard!r}")
        self._heard[key] = None

    @_see.register
    def _(self, event: TranscriptionFailed) -> None:
        key = (event.item_id, event.content_index)
        self._require(event.item_id in self._ever, event, "an item event precedes its failure")
        self._require(self._heard.get(key, "") is not None, event, "a transcription ends once")
        self._heard[key] = None

    # --- responses -------------------------------------------------------------------------------

    def _response(self, response_id: str, event: Output) -> _Response:
        response = self._responses.get(response_id)
        if response is None or response.done:
            raise InvariantBroken(f"output {self._count}: the response is not running: {event!r:.2000}")
        return response

    def _open_item(self, response_id: str, item_id: str, event: Output) -> _Item:
        item = self._response(response_id, event).open
        if item is None or item.id != item_id:
            raise InvariantBroken(f"output {self._count}: the item is not open: {event!r:.2000}")
        return item

    def _open_part(
        self, event: TextDelta | TextDone | TranscriptDelta | TranscriptDone | AudioDelta | AudioDone
    ) -> _Item:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(item.part and not item.part_closed, event, "the part is open")
        self._require(event.output_index == len(self._responses[event.response_id].output), event, "the output index")
        self._require(event.content_index == 0, event, "there is one part")
        return item

    @_see.register
    def _(self, event: ResponseCreated) -> None:
        given = event.response
        self._require(given.id not in self._responses, event, "a response is created once")
        self._require(given.status is ResponseStatus.IN_PROGRESS and not given.output, event, "a response starts empty")
        self._require(given.usage is None, event, "usage comes at the end")
        in_band = given.conversation_id is not None
        if in_band:
            active = [name for name in self.running_responses if self._responses[name].in_band]
            self._require(not active, event, f"at most one response is active in the conversation, but {active} is")
        self._responses[given.id] = _Response(in_band=in_band)

    @_see.register
    def _(self, event: ResponseDone) -> None:
        given = event.response
        response = self._response(given.id, event)
        self._require(response.open is None, event, "every opened item is closed")
        self._require(given.status in _ENDED, event, "a response ends with a final status")
        self._require(list(given.output) == response.output, event, "the output is what was closed")
        self._require(given.usage is not None, event, "usage is reported at the end")
        self._require((given.conversation_id is not None) == response.in_band, event, "in band stays in band")
        completed = given.status is ResponseStatus.COMPLETED
        self._require((given.status_details is None) == completed, event, "details say why it did not complete")
        response.done = True
        response.output = []
        self._owed = [RateLimitsUpdated, UsageCounted]

    @_see.register
    def _(self, event: OutputItemAdded) -> None:
        response = self._response(event.response_id, event)
        self._require(response.open is None, event, "one item at a time")
        self._require(event.output_index == len(response.output), event, "output indexes count up")
        self._require(event.item.status is ItemStatus.IN_PROGRESS, event, "an item begins in progress")
        response.open = _Item(id=event.item.id, is_call=isinstance(event.item, FunctionCallItem))
        if isinstance(event.item, MessageItem):
            self._require(not event.item.content, event, "a message begins empty")

    @_see.register
    def _(self, event: OutputItemDone) -> None:
        response = self._response(event.response_id, event)
        opened = self._open_item(event.response_id, event.item.id, event)
        self._require(event.output_index == len(response.output), event, "the output index")
        self._require(event.item.status is not ItemStatus.IN_PROGRESS, event, "an item ends")
        if isinstance(event.item, FunctionCallItem):
            self._require(opened.done == event.item.arguments, event, "the arguments are what was said to be done")
        elif isinstance(event.item, MessageItem):
            self._require(opened.part_closed, event, "every opened part is closed")
            (part,) = event.item.content
            assert isinstance(part, OutputText | OutputAudio)
            words = part.text if isinstance(part, OutputText) else part.transcript
            self._require(words == opened.done, event, "the item says what its part said")
        if response.in_band and event.item.id in self._order:
            self._require(self._settled == event.item.id, event, "the conversation's item is done first")
        response.output.append(event.item)
        response.open = None

    @_see.register
    def _(self, event: ContentPartAdded) -> None:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(not item.part and not item.is_call, event, "a message has one part")
        if self._responses[event.response_id].in_band:
            self._require(event.item_id in self._ever, event, "an item event precedes its parts")
        item.part = True

    @_see.register
    def _(self, event: ContentPartDone) -> None:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(item.part and not item.part_closed, event, "a part ends once")
        if isinstance(event.part, OutputAudio):
            self._require(item.audio_done, event, "audio is done before its part")
            self._require(event.part.transcript == item.done, event, "the part says what was said")
        else:
            assert isinstance(event.part, OutputText)
            self._require(event.part.text == item.done, event, "the part says what was said")
        item.part_closed = True

    @_see.register(TextDelta)
    @_see.register(TranscriptDelta)
    def _(self, event: TextDelta | TranscriptDelta) -> None:
        item = self._open_part(event)
        self._require(item.done is None, event, "no delta after done")
        self._require(not self._responses[event.response_id].cancelled, event, "no delta after cancel")
        self._require(bool(event.delta), event, "a delta is not empty")
        item.deltas += event.delta

    @_see.register
    def _(self, event: AudioDelta) -> None:
        item = self._open_part(event)
        self._require(not item.audio_done, event, "no audio after done")
        self._require(not self._responses[event.response_id].cancelled, event, "no audio after cancel")
        self._require(bool(event.pcm) and len(event.pcm) % 2 == 0, event, "audio is whole samples")

    @_see.register
    def _(self, event: TextDone) -> None:
        item = self._open_part(event)
        self._require(item.done is None and event.text == item.deltas, event, "deltas concatenate to done")
        item.done = event.text

    @_see.register
    def _(self, event: TranscriptDone) -> None:
        item = self._open_part(event)
        self._require(item.done is None and event.transcript == item.deltas, event, "deltas concatenate to done")
        item.done = event.transcript

    @_see.register
    def _(self, event: AudioDone) -> None:
        item = self._open_part(event)
        self._require(not item.audio_done, event, "audio is done once")
        item.audio_done = True

    @_see.register
    def _(self, event: FunctionArgumentsDelta) -> None:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(item.is_call and item.done is None, event, "arguments belong to an open call")
        self._require(not self._responses[event.response_id].cancelled, event, "no delta after cancel")
        self._require(bool(event.delta), event, "a delta is not empty")
        item.deltas += event.delta

    @_see.register
    def _(self, event: FunctionArgumentsDone) -> None:
        item = self._open_item(event.response_id, event.item.id, event)
        self._require(item.is_call and item.done is None, event, "arguments are done once")
        self._require(event.item.arguments == item.deltas, event, "deltas concatenate to done")
        item.done = event.item.arguments

    # --- commands --------------------------------------------------------------------------------

    @_see.register
    def _(self, command: Analyse) -> None:
        size = len(command.audio)
        self._require(size > 0 and size % command.format.window_bytes == 0, size, "detection gets whole windows")
        self._require(not self._epochs or command.epoch >= max(self._epochs), command.epoch, "epochs only grow")
        self._epochs = {command.epoch}

    @_see.register
    def _(self, command: StartTranscription) -> None:
        self._require(command.transcription not in self._transcriptions, command, "numbers are never reused")
        self._transcriptions[command.transcription] = "open"

    @_see.register(ProbeTranscription)
    @_see.register(FeedTranscription)
    def _(self, command: ProbeTranscription | FeedTranscription) -> None:
        self._require(self._transcriptions.get(command.transcription) == "open", command.transcription, "open to hear")
        empty = isinstance(command, FeedTranscription) and not command.audio
        self._require(not empty, command.transcription, "there is audio to hear")

    @_see.register(FinishTranscription)
    @_see.register(CancelTranscription)
    def _(self, command: FinishTranscription | CancelTranscription) -> None:
        self._require(self._transcriptions.get(command.transcription) == "open", command, "a recogniser ends once")
        self._transcriptions[command.transcription] = "ended"

    @_see.register
    def _(self, command: StartResponse) -> None:
        self._require(command.generation not in self._generations, command.generation, "numbers are never reused")
        self._generations[command.generation] = None
        if command.response_id is not None:
            self._see(TakeDraft(generation=command.generation, response_id=command.response_id, saved_ms=0))

    @_see.register
    def _(self, command: TakeDraft) -> None:
        self._require(self._generations.get(command.generation, "") is None, command, "a draft is taken over once")
        self._generations[command.generation] = command.response_id
        response = self._response(command.response_id, command)
        self._require(response.generation is None, command.response_id, "a response is generated once")
        response.generation = command.generation

    @_see.register
    def _(self, command: CancelGeneration) -> None:
        self._require(command.generation in self._generations, command, "what is cancelled had started")
        if response_id := self._generations.pop(command.generation):  # else it was a draft
            self._response(response_id, command).cancelled = True

    @_see.register
    def _(self, command: CloseSession) -> None:
        self._require(len(command.message.encode()) <= 123, command, "what is said last is short")
        self._closed = True
