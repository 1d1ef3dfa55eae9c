"""Items, content parts and responses as the server sends them (protocol: oldest-clients, Closed sets)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rtclient.models.common import MessageRole

ResponseItemStatus = Literal["in_progress", "completed", "incomplete"]

ResponseStatus = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]


class RealtimeError(BaseModel):
    """What an `error` event tells. A model; RealtimeException is what is raised."""

    message: str
    type: str | None = None
    code: str | None = None
    param: str | None = None
    #: The client's message that was refused, if that had an identifier.
    event_id: str | None = None


class ResponseItemInputTextContentPart(BaseModel):
    """Text of a user or of the system."""

    type: Literal["input_text"] = "input_text"
    text: str


class ResponseItemInputAudioContentPart(BaseModel):
    """Audio of a user; the transcript comes later, in an event of its own."""

    type: Literal["input_audio"] = "input_audio"
    transcript: str | None


class ResponseItemTextContentPart(BaseModel):
    """Text of the assistant."""

    type: Literal["text"] = "text"
    text: str


class ResponseItemAudioContentPart(BaseModel):
    """Audio of the assistant, as its transcript; the sound comes in deltas."""

    type: Literal["audio"] = "audio"
    transcript: str | None


ResponseItemContentPart = Annotated[
    ResponseItemInputTextContentPart
    | ResponseItemInputAudioContentPart
    | ResponseItemTextContentPart
    | ResponseItemAudioContentPart,
    Field(discriminator="type"),
]


class ResponseItemBase(BaseModel):
    """What every item has."""

    id: str


class ResponseMessageItem(ResponseItemBase):
    """A message."""

    type: Literal["message"] = "message"
    status: ResponseItemStatus
    role: MessageRole
    content: list[ResponseItemContentPart]


class ResponseFunctionCallItem(ResponseItemBase):
    """A function call; `arguments` is JSON text, empty while it is being written."""

    type: Literal["function_call"] = "function_call"
    status: ResponseItemStatus
    name: str
    call_id: str
    arguments: str


class ResponseFunctionCallOutputItem(ResponseItemBase):
    """The result of a call."""

    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: str


ResponseItem = Annotated[
    ResponseMessageItem | ResponseFunctionCallItem | ResponseFunctionCallOutputItem, Field(discriminator="type")
]


class ResponseCancelledDetails(BaseModel):
    """The user spoke, or the client asked."""

    type: Literal["cancelled"] = "cancelled"
    reason: Literal["turn_detected", "client_cancelled"]


class ResponseIncompleteDetails(BaseModel):
    """The response was cut short."""

    type: Literal["incomplete"] = "incomplete"
    reason: Literal["max_output_tokens", "content_filter"]


class ResponseFailure(BaseModel):
    """Why a response failed."""

    type: str | None = None
    code: str | None = None
    message: str | None = None


class ResponseFailedDetails(BaseModel):
    """The response failed."""

    type: Literal["failed"] = "failed"
    error: ResponseFailure | None


ResponseStatusDetails = Annotated[
    ResponseCancelledDetails | ResponseIncompleteDetails | ResponseFailedDetails, Field(discriminator="type")
]


class InputTokenDetails(BaseModel):
    """Tokens of the context, by kind."""

    cached_tokens: int
    text_tokens: int
    audio_tokens: int


class OutputTokenDetails(BaseModel):
    """Tokens of the answer, by kind."""

    text_tokens: int
    audio_tokens: int


class Usage(BaseModel):
    """Tokens that a response cost."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputTokenDetails
    output_token_details: OutputTokenDetails


class Response(BaseModel):
    """A response, as it stood when the event was sent."""

    id: str
    status: ResponseStatus
    status_details: ResponseStatusDetails | None
    output: list[ResponseItem]
    usage: Usage | None
