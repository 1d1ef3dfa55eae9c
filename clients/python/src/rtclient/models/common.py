"""Words that both directions share: voices, formats, tools, turn detection, transcription."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from rtclient.util.model_helpers import ModelWithDefaults

#: The voices of the preview, then those that came with GA.
Voice = Literal["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]

#: The first three are this library's own spelling; later services answer with underscores.
AudioFormat = Literal["pcm16", "g711-ulaw", "g711-alaw", "g711_ulaw", "g711_alaw"]

Modality = Literal["text", "audio"]

Temperature = Annotated[float, Field(strict=True, ge=0.6, le=1.2)]

#: JSON objects: `{"type": "function", "name": ..., "description": ..., "parameters": JSON schema}`.
ToolsDefinition = list[Any]

MaxTokensType = int | Literal["inf"]

MessageRole = Literal["system", "user", "assistant"]


class FunctionToolChoice(ModelWithDefaults):
    """The model must call the function of this name."""

    type: Literal["function"] = "function"
    function: str


ToolChoice = Literal["auto", "none", "required"] | FunctionToolChoice


class InputAudioTranscription(BaseModel):
    """Transcribe what the user says. The preview of October 2024 knows `whisper-1` alone, and neither option."""

    model: Literal["whisper-1"] | str
    language: str | None = None
    prompt: str | None = None


class NoTurnDetection(ModelWithDefaults):
    """The program says itself when the user has finished (`commit_audio`)."""

    type: Literal["none"] = "none"


class ServerVAD(ModelWithDefaults):
    """The server cuts turns at silence.

    `threshold` is a probability from 0 to 1. The two switches came after 2024-10-01: whether the end of a turn starts a
    response, and whether its start interrupts the running one.
    """

    type: Literal["server_vad"] = "server_vad"
    threshold: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class SemanticVAD(ModelWithDefaults):
    """The server cuts turns by what was said; later previews and GA."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


TurnDetection = Annotated[NoTurnDetection | ServerVAD | SemanticVAD, Field(discriminator="type")]
