"""The conversation: what the program does, and what happens."""

import asyncio
import base64
import uuid
from collections.abc import AsyncGenerator, Callable, Collection
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from azure.core.credentials import AzureKeyCredential
from typing_extensions import Self

from rtclient.endpoint import Dialect, TokenCredential
from rtclient.exceptions import (
    ConnectionClosedError,
    EventStreamError,
    MalformedMessageError,
    RealtimeException,
    UnreadMessagesError,
)
from rtclient.items import MessagePredicate, RTInputAudioItem, RTResponse, checked, is_error
from rtclient.low_level_client import CONNECT_TIMEOUT_S, FIRST_EVENT_TIMEOUT_S, RTLowLevelClient, is_ending
from rtclient.models import (
    AudioFormat,
    ErrorMessage,
    InputAudioBufferAppendMessage,
    InputAudioBufferClearedMessage,
    InputAudioBufferClearMessage,
    InputAudioBufferCommitMessage,
    InputAudioBufferCommittedMessage,
    InputAudioBufferSpeechStartedMessage,
    InputAudioTranscription,
    Item,
    ItemCreatedMessage,
    ItemCreateMessage,
    ItemDeletedMessage,
    ItemDeleteMessage,
    MaxTokensType,
    Modality,
    Response,
    ResponseCreatedMessage,
    ResponseCreateMessage,
    ResponseDoneMessage,
    ResponseItem,
    ServerMessageType,
    Session,
    SessionCreatedMessage,
    SessionUpdatedMessage,
    SessionUpdateMessage,
    SessionUpdateParams,
    ToolChoice,
    ToolsDefinition,
    TurnDetection,
    UserMessageType,
    Voice,
)
from rtclient.models.server_messages import (
    ItemInputAudioTranscriptionDeltaMessage,
    ItemTruncatedMessage,
    RateLimitsUpdatedMessage,
    ResponseAudioDoneMessage,
    ResponseAudioTranscriptDoneMessage,
    ResponseFunctionCallArgumentsDoneMessage,
    ResponseTextDoneMessage,
    UnknownMessage,
)
from rtclient.util.backlog import DEFAULT_LIMIT, SMALLEST_LIMIT, Backlog
from rtclient.util.id_generator import generate_id
from rtclient.util.message_queue import MessageQueueWithError

#: Nothing here asks for these, so they are not kept: repetitions of what the deltas said, and news for low-level users.
_NEVER_ASKED_FOR = (
    UnknownMessage,
    RateLimitsUpdatedMessage,
    ItemInputAudioTranscriptionDeltaMessage,
    ItemTruncatedMessage,
    ResponseTextDoneMessage,
    ResponseAudioDoneMessage,
    ResponseAudioTranscriptDoneMessage,
    ResponseFunctionCallArgumentsDoneMessage,
)

#: A cancellation that crossed the response's own end. Both sides wanted the same, so it harms nothing.
_CANCELLED_TOO_LATE = "response_cancel_not_active"

#: Rounds of the event loop without a message read, after which `close()` finds its readers at rest.
_QUIET_ROUNDS = 5

#: Readers of what never ends are not waited for: seconds.
_LAST_READS_S = 1.0

#: RFC 6455.
_NORMAL_CLOSURE = 1000

M = TypeVar("M")


class RTClient:
    """A conversation with a Realtime service. The arguments are those of RTLowLevelClient, and one more.

    `max_unread_bytes` is how much may be unread. Once it is, responses of which the program holds no object are
    forgotten, and then the connection is not read until the program has read some. What waits in vain meanwhile raises
    UnreadMessagesError.

    Every method raises RealtimeException once the service has sent an `error` event, ConnectionClosedError once the
    service or the network has ended the connection, and MalformedMessageError once a message could not be read.
    """

    def __init__(
        self,
        url: str | None = None,
        token_credential: TokenCredential | None = None,
        key_credential: AzureKeyCredential | None = None,
        model: str | None = None,
        azure_deployment: str | None = None,
        *,
        dialect: Dialect = "preview",
        base_url: str | None = None,
        connect_timeout: float = CONNECT_TIMEOUT_S,
        first_event_timeout: float = FIRST_EVENT_TIMEOUT_S,
        max_unread_bytes: int = DEFAULT_LIMIT,
    ) -> None:
        if max_unread_bytes < SMALLEST_LIMIT:
            raise ValueError(f"max_unread_bytes must be {SMALLEST_LIMIT} at least")
        self._client = RTLowLevelClient(
            url,
            token_credential,
            key_credential,
            model,
            azure_deployment,
            dialect=dialect,
            base_url=base_url,
            connect_timeout=connect_timeout,
            first_event_timeout=first_event_timeout,
        )
        self._max_unread_bytes = max_unread_bytes
        #: The settings in force, from `connect()` on.
        self.session: Session | None = None
        self._begin()
        #: What announced the responses that somebody may still read: the message, then the object made of it, holds it.
        self._announced: WeakValueDictionary[str, Response] = WeakValueDictionary()
        self._responses: WeakValueDictionary[str, RTResponse] = WeakValueDictionary()

    def _begin(self) -> None:
        """Nothing has arrived."""
        self.backlog = Backlog(self._max_unread_bytes, UnreadMessagesError)
        self._messages: MessageQueueWithError[ServerMessageType] = MessageQueueWithError(
            self._next_message, is_error, backlog=self.backlog
        )
        self._malformed: MalformedMessageError | None = None

    @property
    def request_id(self) -> uuid.UUID | None:
        """Of this connection; Azure logs it."""
        return self._client.request_id

    @property
    def request_id_text(self) -> str | None:
        """The service's own name for this connection if it told one, else `request_id`."""
        return self._client.service_request_id

    @property
    def lost(self) -> ConnectionClosedError | None:
        """How the service, or the network, ended the connection; None where it did not."""
        return self._client.lost

    async def connect(self) -> None:
        """Connect and wait for the session.

        Raises ConnectionError where the service refuses, UnreachableError where none answers, and what the credential
        raises.
        """
        self._begin()
        await self._client.connect()
        try:
            self.session = await self._first_session()
        except BaseException:
            await self._client.abandon()
            raise

    async def configure(
        self,
        model: str | None = None,
        modalities: Collection[Modality] | None = None,
        voice: Voice | None = None,
        instructions: str | None = None,
        input_audio_format: AudioFormat | None = None,
        output_audio_format: AudioFormat | None = None,
        input_audio_transcription: InputAudioTranscription | None = None,
        turn_detection: TurnDetection | None = None,
        tools: ToolsDefinition | None = None,
        tool_choice: ToolChoice | None = None,
        temperature: float | None = None,
        max_response_output_tokens: MaxTokensType | None = None,
    ) -> Session:
        """Change settings; None leaves one as it is. `NoTurnDetection()` turns turn detection off. The new session."""
        settings: dict[str, Any] = {
            "model": model,
            "modalities": None if modalities is None else set(modalities),
            "voice": voice,
            "instructions": instructions,
            "input_audio_format": input_audio_format,
            "output_audio_format": output_audio_format,
            "input_audio_transcription": input_audio_transcription,
            "turn_detection": turn_detection,
            "tools": tools,
            "tool_choice": tool_choice,
            "temperature": temperature,
            "max_response_output_tokens": max_response_output_tokens,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        await self.send(SessionUpdateMessage(session=SessionUpdateParams(**given)))
        updated = await self._awaited(SessionUpdatedMessage)
        self.session = updated.session
        return updated.session

    async def send_audio(self, audio: bytes) -> None:
        """Append audio in the session's input format: unless configured otherwise, 24 kHz mono, 16 bits."""
        await self.send(InputAudioBufferAppendMessage(audio=base64.b64encode(audio).decode("ascii")))

    async def commit_audio(self) -> RTInputAudioItem:
        """Make the appended audio a message of the user."""
        await self.send(InputAudioBufferCommitMessage())
        committed = await self._awaited(InputAudioBufferCommittedMessage)
        return self._input_audio(committed.item_id, None)

    async def clear_audio(self) -> None:
        """Forget the appended audio."""
        await self.send(InputAudioBufferClearMessage())
        await self._awaited(InputAudioBufferClearedMessage)

    async def send_item(self, item: Item, previous_item_id: str | None = None) -> ResponseItem:
        """Add an item after another one, or at the end; gives it an identifier if it has none."""
        if not item.id:
            item.id = generate_id("item")
        await self.send(ItemCreateMessage(previous_item_id=previous_item_id, item=item))
        created = await self._awaited(ItemCreatedMessage, lambda message: message.item.id == item.id)
        return created.item

    async def remove_item(self, item_id: str) -> None:
        """Delete an item."""
        await self.send(ItemDeleteMessage(item_id=item_id))
        await self._awaited(ItemDeletedMessage, lambda message: message.item_id == item_id)

    async def generate_response(self) -> RTResponse:
        """Ask for a response and wait until it begins. A waiting `events()` yields the same object."""
        await self.send(ResponseCreateMessage())
        created = await self._awaited(ResponseCreatedMessage, share=True)
        return self._response(created.response)

    async def events(self) -> AsyncGenerator[RTInputAudioItem | RTResponse, None]:
        """What happens: the user begins to speak, a response begins. Ends when the connection is closed.

        Raises EventStreamError, ConnectionClosedError (not after a clean close), MalformedMessageError.
        """
        while True:
            try:
                message = checked(self, await self.receive(_is_event))
            except RealtimeException as error:
                raise EventStreamError(error.error, error.request_id) from None
            except ConnectionClosedError as error:
                if error.clean:
                    return
                raise
            if isinstance(message, InputAudioBufferSpeechStartedMessage):
                yield self._input_audio(message.item_id, message.audio_start_ms)
            elif isinstance(message, ResponseCreatedMessage):
                yield self._response(message.response)
            else:
                return
            del message  # while the next event is awaited, only the program may keep this one

    async def close(self) -> None:
        """Close the connection. What has arrived can still be read: readers that run now are let finish first.

        Where the wait for them is cancelled, the connection is closed at once.
        """
        try:
            await self._last_reads()
        except BaseException:
            await self._abandon()
            raise
        self.backlog.lift()
        await self._client.close()

    async def _last_reads(self) -> None:
        loop = asyncio.get_running_loop()
        quiet, deadline = 0, loop.time() + _LAST_READS_S
        while quiet < _QUIET_ROUNDS and loop.time() < deadline:
            unread = self._messages.queued_messages_count()
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._messages.queued_messages_count() == unread else 0

    async def _abandon(self) -> None:
        self.backlog.lift()
        await self._client.abandon()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await (self._abandon() if is_ending(exc) else self.close())

    async def send(self, message: UserMessageType) -> None:
        """Send any message. Answers that no method or object of this client asks for are not kept.

        Raises ConnectionClosedError.
        """
        await self._client.send(message)

    async def receive(self, predicate: MessagePredicate, *, share: bool = False) -> ServerMessageType | None:
        """For this library's own objects: a message that `predicate` takes, an ErrorMessage, or None at the end."""
        return await self._messages.receive(predicate, share=share)

    async def _next_message(self) -> ServerMessageType | None:
        """From the connection; a message that cannot be read ends the conversation, for it may be the awaited one."""
        if self._malformed is not None:
            raise self._malformed
        while True:
            if self.backlog.full:
                self._messages.forget(self._is_beyond_reach)
                await self.backlog.room()
            try:
                message = await self._client.recv()
            except MalformedMessageError as error:
                self._malformed = error
                raise
            if isinstance(message, ErrorMessage) and message.error.code == _CANCELLED_TOO_LATE:
                continue
            if isinstance(message, ResponseCreatedMessage):
                self._announced[message.response.id] = message.response
            if not isinstance(message, _NEVER_ASKED_FOR):
                return message

    def _is_beyond_reach(self, message: ServerMessageType) -> bool:
        """Whether it belongs to a response that the program has let go of, with all that is in it."""
        response_id = (
            message.response.id if isinstance(message, ResponseDoneMessage) else getattr(message, "response_id", None)
        )
        return response_id is not None and response_id not in self._announced

    async def _first_session(self) -> Session:
        """Read without the queue: nobody else waits yet, and its tasks would cost a quarter of a start."""
        message = checked(self, await self._client.first(lambda m: isinstance(m, SessionCreatedMessage | ErrorMessage)))
        if isinstance(message, SessionCreatedMessage):
            return message.session
        raise self._closed_here()

    async def _awaited(
        self, message_class: type[M], predicate: Callable[[M], bool] = lambda message: True, *, share: bool = False
    ) -> M:
        """The next message of a class. Raises ConnectionClosedError where the connection ends before."""
        message = checked(
            self, await self.receive(lambda m: isinstance(m, message_class) and predicate(m), share=share)
        )
        if isinstance(message, message_class):
            return message
        raise self._closed_here()

    def _closed_here(self) -> ConnectionClosedError:
        return ConnectionClosedError(_NORMAL_CLOSURE, "closed by this side", self.request_id_text)

    def _input_audio(self, item_id: str, audio_start_ms: int | None) -> RTInputAudioItem:
        transcribed = self.session is not None and self.session.input_audio_transcription is not None
        return RTInputAudioItem(self, item_id, audio_start_ms, has_transcription=transcribed)

    def _response(self, created: Response) -> RTResponse:
        """One object per response, for all who ask."""
        return self._responses.setdefault(created.id, RTResponse(self, created))


def _is_event(message: ServerMessageType) -> bool:
    return isinstance(message, InputAudioBufferSpeechStartedMessage | ResponseCreatedMessage)
