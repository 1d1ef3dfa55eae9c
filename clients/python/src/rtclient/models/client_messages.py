"""Messages that the client sends (protocol: events, Client events)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

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
from rtclient.models.items import Item
from rtclient.util.model_helpers import ModelWithDefaults


class ClientMessageBase(ModelWithDefaults):
    """What every message of the client may carry: an identifier that an `error` event would name."""

    event_id: str | None = None


class SessionUpdateParams(BaseModel):
    """Settings to change. Only those that were set are sent."""

    model: str | None = None
    modalities: set[Modality] | None = None
    voice: Voice | None = None
    instructions: str | None = None
    input_audio_format: AudioFormat | None = None
    output_audio_format: AudioFormat | None = None
    input_audio_transcription: InputAudioTranscription | None = None
    turn_detection: TurnDetection | None = None
    tools: ToolsDefinition | None = None
    tool_choice: ToolChoice | None = None
    temperature: Temperature | None = None
    max_response_output_tokens: MaxTokensType | None = None


class SessionUpdateMessage(ClientMessageBase):
    """Change the session; answered by `session.updated`."""

    type: Literal["session.update"] = "session.update"
    session: SessionUpdateParams


class InputAudioBufferAppendMessage(ClientMessageBase):
    """Append audio: base64 in the session's input format."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class InputAudioBufferCommitMessage(ClientMessageBase):
    """Make the buffered audio a message of the user."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioBufferClearMessage(ClientMessageBase):
    """Forget the buffered audio."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class ItemCreateMessage(ClientMessageBase):
    """Insert an item after another one, or at the end."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    previous_item_id: str | None = None
    item: Item


class ItemTruncateMessage(ClientMessageBase):
    """Cut the assistant's audio at what the user heard."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeleteMessage(ClientMessageBase):
    """Delete an item."""

    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class ResponseCreateParams(BaseModel):
    """Settings of one response. Only those that were set are sent."""

    commit: bool = True
    cancel_previous: bool = True
    append_input_items: list[Item] | None = None
    input_items: list[Item] | None = None
    instructions: str | None = None
    modalities: set[Modality] | None = None
    voice: Voice | None = None
    temperature: Temperature | None = None
    max_output_tokens: MaxTokensType | None = None
    tools: ToolsDefinition | None = None
    tool_choice: ToolChoice | None = None
    output_audio_format: AudioFormat | None = None


class ResponseCreateMessage(ClientMessageBase):
    """Ask for a response."""

    type: Literal["response.create"] = "response.create"
    response: ResponseCreateParams | None = None


class ResponseCancelMessage(ClientMessageBase):
    """Stop the running response."""

    type: Literal["response.cancel"] = "response.cancel"


UserMessageType = Annotated[
    SessionUpdateMessage
    | InputAudioBufferAppendMessage
    | InputAudioBufferCommitMessage
    | InputAudioBufferClearMessage
    | ItemCreateMessage
    | ItemTruncateMessage
    | ItemDeleteMessage
    | ResponseCreateMessage
    | ResponseCancelMessage,
    Field(discriminator="type"),
]
