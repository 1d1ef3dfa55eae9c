"""What a conversation is made of, while it happens: the user's speech, responses, their items and contents.

Each object reads its own messages out of its owner's queue, so all of them can be consumed at the same time, one after
the other, or late: what nobody has read yet is kept, also after the connection is closed. What belongs to a response of
which the program holds no object any more may be forgotten; so each object keeps the one that it came from. Where the
service or the network ends the connection in the middle, reading raises ConnectionClosedError.
"""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from typing import Literal, Protocol

from rtclient.exceptions import ConnectionClosedError, RealtimeException
from rtclient.models import (
    ErrorMessage,
    InputAudioBufferSpeechStoppedMessage,
    ItemCreatedMessage,
    ItemInputAudioTranscriptionCompletedMessage,
    ItemInputAudioTranscriptionFailedMessage,
    Response,
    ResponseAudioDeltaMessage,
    ResponseAudioTranscriptDeltaMessage,
    ResponseCancelMessage,
    ResponseContentPartAddedMessage,
    ResponseContentPartDoneMessage,
    ResponseDoneMessage,
    ResponseFunctionCallArgumentsDeltaMessage,
    ResponseFunctionCallItem,
    ResponseItem,
    ResponseItemAudioContentPart,
    ResponseItemTextContentPart,
    ResponseMessageItem,
    ResponseOutputItemAddedMessage,
    ResponseOutputItemDoneMessage,
    ResponseStatus,
    ResponseStatusDetails,
    ResponseTextDeltaMessage,
    ServerMessageType,
    Usage,
    UserMessageType,
)
from rtclient.util.backlog import Backlog
from rtclient.util.message_queue import SharedEndQueue

MessagePredicate = Callable[[ServerMessageType], bool]


class Owner(Protocol):
    """The client, as its objects see it."""

    async def receive(self, predicate: MessagePredicate) -> ServerMessageType | None:
        """The oldest message that `predicate` takes, an ErrorMessage, or None at the end."""

    async def send(self, message: UserMessageType) -> None:
        """Send a message."""

    @property
    def backlog(self) -> Backlog:
        """Where unread messages are counted."""

    @property
    def lost(self) -> ConnectionClosedError | None:
        """How the other side ended the connection, if it did."""

    @property
    def request_id_text(self) -> str | None:
        """Names the connection in an exception."""


class _Stream:
    """The messages that belong to one object, up to the one that ends it."""

    def __init__(self, owner: Owner, mine: MessagePredicate, end: MessagePredicate) -> None:
        self._owner = owner
        self._queue: SharedEndQueue[ServerMessageType] = SharedEndQueue(
            lambda: owner.receive(lambda message: mine(message) or end(message)),
            is_error,
            end,
            backlog=owner.backlog,
        )

    async def next(self, wanted: MessagePredicate) -> ServerMessageType | None:
        """The next message that `wanted` takes, or the one that ends the object; None after `close()`.

        Raises RealtimeException, ConnectionClosedError, MalformedMessageError.
        """
        return checked(self._owner, await self._queue.receive(wanted))


class RTInputAudioItem:
    """Something the user said. Await it to have all of it: its end, and its transcript where that was configured."""

    type: Literal["input_audio"] = "input_audio"

    def __init__(self, owner: Owner, item_id: str, audio_start_ms: int | None, *, has_transcription: bool) -> None:
        self.id = item_id
        #: Milliseconds of appended audio; None for what the program committed itself.
        self.audio_start_ms = audio_start_ms
        self.audio_end_ms: int | None = None
        self.transcript: str | None = None
        self._has_transcription = has_transcription
        self._done = False
        self._stream = _Stream(owner, self._is_mine, self._is_end)

    def __await__(self) -> Generator[object, None, None]:
        """Raises RealtimeException where the transcription failed."""
        return self._wait().__await__()

    async def _wait(self) -> None:
        while not self._done:
            try:
                message = await self._stream.next(self._is_mine)
            except ConnectionClosedError as error:
                if not error.clean:
                    raise
                return
            if isinstance(message, ItemInputAudioTranscriptionFailedMessage):
                raise RealtimeException(message.error)
            if isinstance(message, InputAudioBufferSpeechStoppedMessage):
                self.audio_end_ms = message.audio_end_ms
            elif isinstance(message, ItemInputAudioTranscriptionCompletedMessage):
                self.transcript = message.transcript
            self._done = message is None or self._is_end(message)

    def _is_mine(self, message: ServerMessageType) -> bool:
        return isinstance(message, InputAudioBufferSpeechStoppedMessage) and message.item_id == self.id

    def _is_end(self, message: ServerMessageType) -> bool:
        if self._has_transcription:
            return (
                isinstance(
                    message, ItemInputAudioTranscriptionCompletedMessage | ItemInputAudioTranscriptionFailedMessage
                )
                and message.item_id == self.id
            )
        return self._is_mine(message) or (isinstance(message, ItemCreatedMessage) and message.item.id == self.id)


class RTAudioContent:
    """Spoken content: its sound and its words, to be read at the same time or one after the other."""

    type: Literal["audio"] = "audio"

    def __init__(
        self,
        owner: Owner,
        item_id: str,
        content_index: int,
        part: ResponseItemAudioContentPart,
        *,
        origin: object = None,
    ) -> None:
        self._origin = origin
        self.item_id = item_id
        self.content_index = content_index
        self._part = part
        self._stream = _Stream(
            owner,
            lambda m: (
                isinstance(m, ResponseAudioDeltaMessage | ResponseAudioTranscriptDeltaMessage)
                and m.item_id == item_id
                and m.content_index == content_index
            ),
            _ends_content(item_id, content_index),
        )

    @property
    def transcript(self) -> str | None:
        """All words, once the content has been read to its end."""
        return self._part.transcript

    async def audio_chunks(self) -> AsyncGenerator[bytes, None]:
        """The sound, in the session's output format."""
        async for message in self._chunks(lambda m: isinstance(m, ResponseAudioDeltaMessage)):
            if isinstance(message, ResponseAudioDeltaMessage):
                yield base64.b64decode(message.delta)

    async def transcript_chunks(self) -> AsyncGenerator[str, None]:
        """The words."""
        async for message in self._chunks(lambda m: isinstance(m, ResponseAudioTranscriptDeltaMessage)):
            if isinstance(message, ResponseAudioTranscriptDeltaMessage):
                yield message.delta

    async def _chunks(self, wanted: MessagePredicate) -> AsyncIterator[ServerMessageType]:
        while (message := await self._stream.next(wanted)) is not None:
            if isinstance(message, ResponseContentPartDoneMessage):
                if isinstance(message.part, ResponseItemAudioContentPart):
                    self._part = message.part
                return
            yield message


class RTTextContent:
    """Written content."""

    type: Literal["text"] = "text"

    def __init__(
        self,
        owner: Owner,
        item_id: str,
        content_index: int,
        part: ResponseItemTextContentPart,
        *,
        origin: object = None,
    ) -> None:
        self._origin = origin
        self.item_id = item_id
        self.content_index = content_index
        self._part = part
        self._stream = _Stream(
            owner,
            lambda m: (
                isinstance(m, ResponseTextDeltaMessage) and m.item_id == item_id and m.content_index == content_index
            ),
            _ends_content(item_id, content_index),
        )

    @property
    def text(self) -> str:
        """All of it, once the content has been read to its end."""
        return self._part.text

    async def text_chunks(self) -> AsyncGenerator[str, None]:
        """The text, piece by piece."""
        while (message := await self._stream.next(lambda m: True)) is not None:
            if isinstance(message, ResponseTextDeltaMessage):
                yield message.delta
            elif isinstance(message, ResponseContentPartDoneMessage):
                if isinstance(message.part, ResponseItemTextContentPart):
                    self._part = message.part
                return


RTMessageContent = RTAudioContent | RTTextContent


class RTMessageItem:
    """A message of the assistant: iterate over its contents."""

    type: Literal["message"] = "message"

    def __init__(
        self,
        owner: Owner,
        response_id: str,
        item: ResponseMessageItem,
        previous_id: str | None,
        *,
        origin: object = None,
    ) -> None:
        self._origin = origin
        self.id = item.id
        self.response_id = response_id
        self.previous_id = previous_id
        self._owner = owner
        self._stream = _Stream(
            owner,
            lambda m: isinstance(m, ResponseContentPartAddedMessage) and m.item_id == item.id,
            _ends_item(item.id),
        )

    def __aiter__(self) -> AsyncIterator[RTMessageContent]:
        return self

    async def __anext__(self) -> RTMessageContent:
        message = await self._stream.next(lambda m: True)
        if not isinstance(message, ResponseContentPartAddedMessage):
            raise StopAsyncIteration
        part = message.part
        if isinstance(part, ResponseItemAudioContentPart):
            return RTAudioContent(self._owner, self.id, message.content_index, part, origin=self)
        if isinstance(part, ResponseItemTextContentPart):
            return RTTextContent(self._owner, self.id, message.content_index, part, origin=self)
        raise ValueError(f"Unexpected content part: {part.type}")


class RTFunctionCallItem:
    """A function that the model calls: await it to have all arguments, or iterate over them as they are written."""

    type: Literal["function_call"] = "function_call"

    def __init__(
        self,
        owner: Owner,
        response_id: str,
        item: ResponseFunctionCallItem,
        previous_id: str | None,
        *,
        origin: object = None,
    ) -> None:
        self._origin = origin
        self.id = item.id
        self.response_id = response_id
        self.previous_id = previous_id
        self.function_name = item.name
        self.call_id = item.call_id
        #: JSON text; complete once the item was awaited or iterated over.
        self.arguments = item.arguments
        self._use: Literal["awaited", "iterated"] | None = None
        self._stream = _Stream(
            owner,
            lambda m: isinstance(m, ResponseFunctionCallArgumentsDeltaMessage) and m.item_id == item.id,
            _ends_item(item.id),
        )

    def __await__(self) -> Generator[object, None, None]:
        """Raises RuntimeError after iterating."""
        if self._use == "iterated":
            raise RuntimeError("Cannot await after iterating")
        self._use = "awaited"
        return self._wait().__await__()

    def __aiter__(self) -> AsyncIterator[str]:
        """Raises RuntimeError after awaiting."""
        if self._use == "awaited":
            raise RuntimeError("Cannot iterate after awaiting")
        self._use = "iterated"
        return self

    async def __anext__(self) -> str:
        message = await self._stream.next(lambda m: True)
        if isinstance(message, ResponseFunctionCallArgumentsDeltaMessage):
            return message.delta
        if isinstance(message, ResponseOutputItemDoneMessage) and isinstance(message.item, ResponseFunctionCallItem):
            self.arguments = message.item.arguments
        raise StopAsyncIteration

    async def _wait(self) -> None:
        message = await self._stream.next(lambda m: False)
        if isinstance(message, ResponseOutputItemDoneMessage) and isinstance(message.item, ResponseFunctionCallItem):
            self.arguments = message.item.arguments


RTOutputItem = RTMessageItem | RTFunctionCallItem


class RTResponse:
    """An answer: iterate over its items. Its fields show the newest state that was read."""

    type: Literal["response"] = "response"

    def __init__(self, owner: Owner, response: Response) -> None:
        self._owner = owner
        self._response = response
        self._announced = response  # RTClient knows by it that somebody may still read this response
        self._cancelled = False
        self._stream = _Stream(
            owner,
            lambda m: isinstance(m, ResponseOutputItemAddedMessage) and m.response_id == response.id,
            lambda m: isinstance(m, ResponseDoneMessage) and m.response.id == response.id,
        )

    @property
    def id(self) -> str:
        """Of the response."""
        return self._response.id

    @property
    def status(self) -> ResponseStatus:
        """`in_progress` until the end was read."""
        return self._response.status

    @property
    def status_details(self) -> ResponseStatusDetails | None:
        """Why it was cancelled, incomplete or failed."""
        return self._response.status_details

    @property
    def output(self) -> list[ResponseItem]:
        """All items, once the end was read."""
        return self._response.output

    @property
    def usage(self) -> Usage | None:
        """What it cost, once the end was read."""
        return self._response.usage

    def __aiter__(self) -> AsyncIterator[RTOutputItem]:
        return self

    async def __anext__(self) -> RTOutputItem:
        while not self._cancelled:
            message = await self._stream.next(lambda m: True)
            if not isinstance(message, ResponseOutputItemAddedMessage):
                self._finish(message)
                break
            item, previous_id = await self._created(message.item)
            if isinstance(item, ResponseMessageItem):
                return RTMessageItem(self._owner, self.id, item, previous_id, origin=self)
            if isinstance(item, ResponseFunctionCallItem):
                return RTFunctionCallItem(self._owner, self.id, item, previous_id, origin=self)
        raise StopAsyncIteration

    async def cancel(self) -> None:
        """Stop the response, and wait until it has stopped. Iteration then ends at once; contents can be read on."""
        if self.status != "in_progress":
            return
        self._cancelled = True
        await self._owner.send(ResponseCancelMessage())
        self._finish(await self._stream.next(lambda m: False))

    async def _created(self, item: ResponseItem) -> tuple[ResponseItem, str | None]:
        """The item as the conversation holds it, and the one before it."""
        message = checked(
            self._owner,
            await self._owner.receive(lambda m: isinstance(m, ItemCreatedMessage) and m.item.id == item.id),
        )
        return (message.item, message.previous_item_id) if isinstance(message, ItemCreatedMessage) else (item, None)

    def _finish(self, message: ServerMessageType | None) -> None:
        if isinstance(message, ResponseDoneMessage):
            self._response = message.response


def is_error(message: ServerMessageType) -> bool:
    """Whether it is an `error` event."""
    return isinstance(message, ErrorMessage)


def checked(owner: Owner, message: ServerMessageType | None) -> ServerMessageType | None:
    """The message, or None after `close()`. Raises RealtimeException, and ConnectionClosedError at any other end."""
    if isinstance(message, ErrorMessage):
        raise RealtimeException(message.error, owner.request_id_text)
    if message is None and owner.lost is not None:
        raise owner.lost
    return message


def _ends_content(item_id: str, content_index: int) -> MessagePredicate:
    return lambda m: (
        isinstance(m, ResponseContentPartDoneMessage) and m.item_id == item_id and m.content_index == content_index
    )


def _ends_item(item_id: str) -> MessagePredicate:
    return lambda m: isinstance(m, ResponseOutputItemDoneMessage) and m.item.id == item_id
