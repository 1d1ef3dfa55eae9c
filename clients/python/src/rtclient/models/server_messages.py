"""Messages that the server sends (protocol: events, Server events), in the shapes of 2024-10-01-preview.

Keys that are not listed are ignored everywhere. A field without a default must be there, if only as null.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from rtclient.models.common import (
    AudioFormat,
    InputAudioTranscription,
    MaxTokensType,
    Modality,
    Temperature,
    ToolChoice,
    ToolsDefinition,
    TurnDetection,
    Voice,
)
from rtclient.models.server_items import (
    RealtimeError,
    Response,
    ResponseItem,
    ResponseItemContentPart,
)


class ServerMessageBase(BaseModel):
    """What every message of the server carries."""

    event_id: str


class Session(BaseModel):
    """The settings in force."""

    id: str
    model: str
    modalities: set[Modality]
    instructions: str
    #: A voice of a later service is not refused.
    voice: Voice | str
    input_audio_format: AudioFormat
    output_audio_format: AudioFormat
    input_audio_transcription: InputAudioTranscription | None
    turn_detection: TurnDetection | None
    tools: ToolsDefinition
    tool_choice: ToolChoice
    temperature: Temperature
    max_response_output_tokens: MaxTokensType | None


class ErrorMessage(ServerMessageBase):
    """The client did something wrong, or the server failed."""

    type: Literal["error"] = "error"
    error: RealtimeError


class SessionCreatedMessage(ServerMessageBase):
    """The first message of every connection."""

    type: Literal["session.created"] = "session.created"
    session: Session


class SessionUpdatedMessage(ServerMessageBase):
    """All settings, after a change."""

    type: Literal["session.updated"] = "session.updated"
    session: Session


class InputAudioBufferCommittedMessage(ServerMessageBase):
    """The buffered audio became a message of the user."""

    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    previous_item_id: str | None
    item_id: str


class InputAudioBufferClearedMessage(ServerMessageBase):
    """The buffered audio is forgotten."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class InputAudioBufferSpeechStartedMessage(ServerMessageBase):
    """The user began to speak. Milliseconds of appended audio; `item_id` names the message to come."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    audio_start_ms: int
    item_id: str


class InputAudioBufferSpeechStoppedMessage(ServerMessageBase):
    """The user stopped speaking. Milliseconds of appended audio."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    audio_end_ms: int
    item_id: str


class ItemCreatedMessage(ServerMessageBase):
    """An item is in the conversation."""

    type: Literal["conversation.item.created"] = "conversation.item.created"
    previous_item_id: str | None
    item: ResponseItem


class ItemTruncatedMessage(ServerMessageBase):
    """The assistant's audio was cut."""

    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeletedMessage(ServerMessageBase):
    """An item is gone."""

    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


class ItemInputAudioTranscriptionCompletedMessage(ServerMessageBase):
    """What the user said."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int
    transcript: str


class ItemInputAudioTranscriptionDeltaMessage(ServerMessageBase):
    """A piece of what the user said."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str | None = None


class ItemInputAudioTranscriptionFailedMessage(ServerMessageBase):
    """What the user said could not be made out."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int
    error: RealtimeError


class ResponseCreatedMessage(ServerMessageBase):
    """A response began."""

    type: Literal["response.created"] = "response.created"
    response: Response


class ResponseDoneMessage(ServerMessageBase):
    """A response ended, well or not."""

    type: Literal["response.done"] = "response.done"
    response: Response


class ResponseOutputItemAddedMessage(ServerMessageBase):
    """A response began an item."""

    type: Literal["response.output_item.added"] = "response.output_item.added"
    response_id: str
    output_index: int
    item: ResponseItem


class ResponseOutputItemDoneMessage(ServerMessageBase):
    """A response ended an item."""

    type: Literal["response.output_item.done"] = "response.output_item.done"
    response_id: str
    output_index: int
    item: ResponseItem


class _ContentMessageBase(ServerMessageBase):
    """Where a piece of content belongs."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int


class _ContentPartMessageBase(_ContentMessageBase):
    model_config = ConfigDict(populate_by_name=True)

    #: The first services called it `content`.
    part: ResponseItemContentPart = Field(validation_alias=AliasChoices("part", "content"))


class ResponseContentPartAddedMessage(_ContentPartMessageBase):
    """An item began a content part."""

    type: Literal["response.content_part.added"] = "response.content_part.added"


class ResponseContentPartDoneMessage(_ContentPartMessageBase):
    """An item ended a content part."""

    type: Literal["response.content_part.done"] = "response.content_part.done"


class ResponseTextDeltaMessage(_ContentMessageBase):
    """A piece of text."""

    type: Literal["response.text.delta"] = "response.text.delta"
    delta: str


class ResponseTextDoneMessage(_ContentMessageBase):
    """The whole text."""

    type: Literal["response.text.done"] = "response.text.done"
    text: str


class ResponseAudioTranscriptDeltaMessage(_ContentMessageBase):
    """A piece of what the assistant says."""

    type: Literal["response.audio_transcript.delta"] = "response.audio_transcript.delta"
    delta: str


class ResponseAudioTranscriptDoneMessage(_ContentMessageBase):
    """All that the assistant said."""

    type: Literal["response.audio_transcript.done"] = "response.audio_transcript.done"
    transcript: str


class ResponseAudioDeltaMessage(_ContentMessageBase):
    """A piece of audio: base64 in the session's output format."""

    type: Literal["response.audio.delta"] = "response.audio.delta"
    delta: str


class ResponseAudioDoneMessage(_ContentMessageBase):
    """The audio is complete."""

    type: Literal["response.audio.done"] = "response.audio.done"


class _FunctionCallMessageBase(ServerMessageBase):
    """Which call a piece of arguments belongs to."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str


class ResponseFunctionCallArgumentsDeltaMessage(_FunctionCallMessageBase):
    """A piece of a call's arguments, JSON text."""

    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    delta: str


class ResponseFunctionCallArgumentsDoneMessage(_FunctionCallMessageBase):
    """A call is complete."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    name: str
    arguments: str


class RateLimits(BaseModel):
    """What is left of one limit."""

    name: str
    limit: int
    remaining: int
    reset_seconds: float


class RateLimitsUpdatedMessage(ServerMessageBase):
    """What is left of all limits."""

    type: Literal["rate_limits.updated"] = "rate_limits.updated"
    rate_limits: list[RateLimits]


class UnknownMessage(BaseModel):
    """A message of a kind that this library does not know. Its other keys are in `model_extra`."""

    model_config = ConfigDict(extra="allow")

    if TYPE_CHECKING:
        # Whatever the server said. Named so that comparing `type` still tells the known classes apart.
        type: Literal["unknown"]
    else:
        type: str
    event_id: str | None = None


ServerMessageType = Annotated[
    ErrorMessage
    | SessionCreatedMessage
    | SessionUpdatedMessage
    | InputAudioBufferCommittedMessage
    | InputAudioBufferClearedMessage
    | InputAudioBufferSpeechStartedMessage
    | InputAudioBufferSpeechStoppedMessage
    | ItemCreatedMessage
    | ItemTruncatedMessage
    | ItemDeletedMessage
    | ItemInputAudioTranscriptionCompletedMessage
    | ItemInputAudioTranscriptionDeltaMessage
    | ItemInputAudioTranscriptionFailedMessage
    | ResponseCreatedMessage
    | ResponseDoneMessage
    | ResponseOutputItemAddedMessage
    | ResponseOutputItemDoneMessage
    | ResponseContentPartAddedMessage
    | ResponseContentPartDoneMessage
    | ResponseTextDeltaMessage
    | ResponseTextDoneMessage
    | ResponseAudioTranscriptDeltaMessage
    | ResponseAudioTranscriptDoneMessage
    | ResponseAudioDeltaMessage
    | ResponseAudioDoneMessage
    | ResponseFunctionCallArgumentsDeltaMessage
    | ResponseFunctionCallArgumentsDoneMessage
    | RateLimitsUpdatedMessage
    | UnknownMessage,
    Field(union_mode="left_to_right"),
]

_KNOWN: tuple[type[ServerMessageBase], ...] = (
    ErrorMessage,
    SessionCreatedMessage,
    SessionUpdatedMessage,
    InputAudioBufferCommittedMessage,
    InputAudioBufferClearedMessage,
    InputAudioBufferSpeechStartedMessage,
    InputAudioBufferSpeechStoppedMessage,
    ItemCreatedMessage,
    ItemTruncatedMessage,
    ItemDeletedMessage,
    ItemInputAudioTranscriptionCompletedMessage,
    ItemInputAudioTranscriptionDeltaMessage,
    ItemInputAudioTranscriptionFailedMessage,
    ResponseCreatedMessage,
    ResponseDoneMessage,
    ResponseOutputItemAddedMessage,
    ResponseOutputItemDoneMessage,
    ResponseContentPartAddedMessage,
    ResponseContentPartDoneMessage,
    ResponseTextDeltaMessage,
    ResponseTextDoneMessage,
    ResponseAudioTranscriptDeltaMessage,
    ResponseAudioTranscriptDoneMessage,
    ResponseAudioDeltaMessage,
    ResponseAudioDoneMessage,
    ResponseFunctionCallArgumentsDeltaMessage,
    ResponseFunctionCallArgumentsDoneMessage,
    RateLimitsUpdatedMessage,
)

#: Every known type of message, and its class.
MESSAGE_CLASSES: dict[str, type[ServerMessageBase]] = {
    message_class.model_fields["type"].default: message_class for message_class in _KNOWN
}


def create_message_from_dict(data: dict[str, Any]) -> "ServerMessageType":
    """The message that `data` holds; an UnknownMessage where its type is not known.

    Raises pydantic.ValidationError where a key is missing or a value impossible.
    """
    message_class = MESSAGE_CLASSES.get(data.get("type", ""), UnknownMessage)
    return message_class.model_validate(data)  # type: ignore[return-value]
