"""Conversation items as the client sends them."""

from typing import Annotated, Literal

from pydantic import Field

from rtclient.util.model_helpers import ModelWithDefaults

ItemParamStatus = Literal["completed", "incomplete"]


class InputTextContentPart(ModelWithDefaults):
    """Text of a user or of the system."""

    type: Literal["input_text"] = "input_text"
    text: str


class InputAudioContentPart(ModelWithDefaults):
    """Audio of a user: base64 in the session's input format."""

    type: Literal["input_audio"] = "input_audio"
    audio: str
    transcript: str | None = None


class OutputTextContentPart(ModelWithDefaults):
    """Text of the assistant."""

    type: Literal["text"] = "text"
    text: str


SystemContentPart = InputTextContentPart
UserContentPart = Annotated[InputTextContentPart | InputAudioContentPart, Field(discriminator="type")]
AssistantContentPart = OutputTextContentPart


class SystemMessageItem(ModelWithDefaults):
    """A message of the system."""

    type: Literal["message"] = "message"
    role: Literal["system"] = "system"
    content: list[SystemContentPart]
    id: str | None = None
    status: ItemParamStatus | None = None


class UserMessageItem(ModelWithDefaults):
    """A message of the user."""

    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    content: list[UserContentPart]
    id: str | None = None
    status: ItemParamStatus | None = None


class AssistantMessageItem(ModelWithDefaults):
    """A message of the assistant, as history."""

    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    content: list[AssistantContentPart]
    id: str | None = None
    status: ItemParamStatus | None = None


MessageItem = Annotated[SystemMessageItem | UserMessageItem | AssistantMessageItem, Field(discriminator="role")]


class FunctionCallItem(ModelWithDefaults):
    """A call that the model made, as history. `arguments` is JSON text."""

    type: Literal["function_call"] = "function_call"
    name: str
    call_id: str
    arguments: str
    id: str | None = None
    status: ItemParamStatus | None = None


class FunctionCallOutputItem(ModelWithDefaults):
    """The result of a call, free text."""

    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: str
    id: str | None = None
    status: ItemParamStatus | None = None


Item = Annotated[MessageItem | FunctionCallItem | FunctionCallOutputItem, Field(discriminator="type")]
