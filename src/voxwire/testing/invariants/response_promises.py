"""What a client knows of responses: their items, parts and deltas; and the engines that make them."""

from functools import singledispatchmethod
from typing import Final

import msgspec

from voxwire.events.items import FunctionCallItem, ItemStatus, MessageItem, OutputAudio, OutputText
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    ContentPartAdded,
    ContentPartDone,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
)
from voxwire.interfaces.commands import CancelGeneration, Output, StartResponse, TakeDraft
from voxwire.testing.invariants.conversation_promises import ConversationPromises
from voxwire.testing.invariants.promise import Promise


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


class ResponsePromises:
    """Responses, each from its creation to its end."""

    def __init__(self, promise: Promise, conversation: ConversationPromises) -> None:
        self._promise = promise
        self._require = promise.require
        self._conversation = conversation
        self._responses: dict[str, _Response] = {}
        self._generations: dict[int, str | None] = {}

    def check_ended(self) -> None:
        """Nothing may be open any more."""
        for response_id, response in self._responses.items():
            self._require(response.done, response_id, "a response was never done")

    @property
    def running(self) -> list[str]:
        return [response_id for response_id, response in self._responses.items() if not response.done]

    @singledispatchmethod
    def see(self, output: Output) -> None:
        """What is none of its matters."""

    @see.register
    def _(self, event: ResponseCreated) -> None:
        given = event.response
        self._require(given.id not in self._responses, event, "a response is created once")
        self._require(given.status is ResponseStatus.IN_PROGRESS and not given.output, event, "a response starts empty")
        self._require(given.usage is None, event, "usage comes at the end")
        in_band = given.conversation_id is not None
        if in_band:
            active = [name for name in self.running if self._responses[name].in_band]
            self._require(not active, event, f"at most one response is active in the conversation, but {active} is")
        self._responses[given.id] = _Response(in_band=in_band)

    @see.register
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

    @see.register
    def _(self, event: OutputItemAdded) -> None:
        response = self._response(event.response_id, event)
        self._require(response.open is None, event, "one item at a time")
        self._require(event.output_index == len(response.output), event, "output indexes count up")
        self._require(event.item.status is ItemStatus.IN_PROGRESS, event, "an item begins in progress")
        response.open = _Item(id=event.item.id, is_call=isinstance(event.item, FunctionCallItem))
        if isinstance(event.item, MessageItem):
            self._require(not event.item.content, event, "a message begins empty")

    @see.register
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
        if response.in_band and event.item.id in self._conversation.order:
            self._require(self._conversation.settled == event.item.id, event, "the conversation's item is done first")
        response.output.append(event.item)
        response.open = None

    @see.register
    def _(self, event: ContentPartAdded) -> None:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(not item.part and not item.is_call, event, "a message has one part")
        if self._responses[event.response_id].in_band:
            self._require(event.item_id in self._conversation.ever, event, "an item event precedes its parts")
        item.part = True

    @see.register
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

    @see.register(TextDelta)
    @see.register(TranscriptDelta)
    def _(self, event: TextDelta | TranscriptDelta) -> None:
        item = self._open_part(event)
        self._require(item.done is None, event, "no delta after done")
        self._require(not self._responses[event.response_id].cancelled, event, "no delta after cancel")
        self._require(bool(event.delta), event, "a delta is not empty")
        item.deltas += event.delta

    @see.register
    def _(self, event: AudioDelta) -> None:
        item = self._open_part(event)
        self._require(not item.audio_done, event, "no audio after done")
        self._require(not self._responses[event.response_id].cancelled, event, "no audio after cancel")
        self._require(bool(event.pcm) and len(event.pcm) % 2 == 0, event, "audio is whole samples")

    @see.register
    def _(self, event: TextDone) -> None:
        item = self._open_part(event)
        self._require(item.done is None and event.text == item.deltas, event, "deltas concatenate to done")
        item.done = event.text

    @see.register
    def _(self, event: TranscriptDone) -> None:
        item = self._open_part(event)
        self._require(item.done is None and event.transcript == item.deltas, event, "deltas concatenate to done")
        item.done = event.transcript

    @see.register
    def _(self, event: AudioDone) -> None:
        item = self._open_part(event)
        self._require(not item.audio_done, event, "audio is done once")
        item.audio_done = True

    @see.register
    def _(self, event: FunctionArgumentsDelta) -> None:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(item.is_call and item.done is None, event, "arguments belong to an open call")
        self._require(not self._responses[event.response_id].cancelled, event, "no delta after cancel")
        self._require(bool(event.delta), event, "a delta is not empty")
        item.deltas += event.delta

    @see.register
    def _(self, event: FunctionArgumentsDone) -> None:
        item = self._open_item(event.response_id, event.item.id, event)
        self._require(item.is_call and item.done is None, event, "arguments are done once")
        self._require(event.item.arguments == item.deltas, event, "deltas concatenate to done")
        item.done = event.item.arguments

    # --- engines ---------------------------------------------------------------------------------

    @see.register
    def _(self, command: StartResponse) -> None:
        self._require(command.generation not in self._generations, command.generation, "numbers are never reused")
        self._generations[command.generation] = None
        if command.response_id is not None:
            self.see(TakeDraft(generation=command.generation, response_id=command.response_id, saved_ms=0))

    @see.register
    def _(self, command: TakeDraft) -> None:
        self._require(self._generations.get(command.generation, "") is None, command, "a draft is taken over once")
        self._generations[command.generation] = command.response_id
        response = self._response(command.response_id, command)
        self._require(response.generation is None, command.response_id, "a response is generated once")
        response.generation = command.generation

    @see.register
    def _(self, command: CancelGeneration) -> None:
        self._require(command.generation in self._generations, command, "what is cancelled had started")
        if response_id := self._generations.pop(command.generation):  # else it was a draft
            self._response(response_id, command).cancelled = True

    # --- what is open ----------------------------------------------------------------------------

    def _response(self, response_id: str, event: Output) -> _Response:
        response = self._responses.get(response_id)
        if response is None or response.done:
            raise self._promise.broken(event, "the response is not running")
        return response

    def _open_item(self, response_id: str, item_id: str, event: Output) -> _Item:
        item = self._response(response_id, event).open
        if item is None or item.id != item_id:
            raise self._promise.broken(event, "the item is not open")
        return item

    def _open_part(
        self, event: TextDelta | TextDone | TranscriptDelta | TranscriptDone | AudioDelta | AudioDone
    ) -> _Item:
        item = self._open_item(event.response_id, event.item_id, event)
        self._require(item.part and not item.part_closed, event, "the part is open")
        self._require(event.output_index == len(self._responses[event.response_id].output), event, "the output index")
        self._require(event.content_index == 0, event, "there is one part")
        return item
