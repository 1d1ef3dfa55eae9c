"""Session and response settings as GA clients nest them (protocol: events, Fields of session updates).

An object that is null counts as left out, except where null means "off".
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, structs

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.faults import invalid_value
from voxwire.dialects.ga.prompt_settings import PromptSettings, prompt_of
from voxwire.dialects.sent_items import SentInput, input_of
from voxwire.dialects.shared_settings import (
    Include,
    MaxTokens,
    Metadata,
    ReasoningSettings,
    SemanticVadSettings,
    ServerVadSettings,
    ShownSession,
    Speed,
    ToolChoiceSettings,
    Tools,
    Tracing,
    TranscriptionSettings,
    TruncationSettings,
    Voice,
    WireStruct,
    echoed,
    include_of,
    keeps_unset,
    max_tokens,
    tool_choice_of,
    tools_of,
    transcription_of,
    truncation_of,
    turn_detection_of,
    voice_name,
)
from voxwire.dialects.unsupported import LeftOut, NoiseReduction, no_noise_reduction
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import Modality, ServerVad, SessionKind, SessionPatch, Transcription

# --- audio ----------------------------------------------------------------------------------------


class _Pcm(WireStruct, frozen=True, tag_field="type", tag="audio/pcm"):
    rate: Literal[24000] = 24000


class _Pcmu(WireStruct, frozen=True, tag_field="type", tag="audio/pcmu"):
    pass


class _Pcma(WireStruct, frozen=True, tag_field="type", tag="audio/pcma"):
    pass


_Format = _Pcm | _Pcmu | _Pcma


_IdleTimeout = Annotated[int, Meta(ge=5000, le=30_000)]


class _ServerVad(ServerVadSettings, frozen=True, tag="server_vad"):
    idle_timeout_ms: _IdleTimeout | None = None

    def setting(self) -> ServerVad:
        return structs.replace(super().setting(), idle_timeout_ms=self.idle_timeout_ms)


class _SemanticVad(SemanticVadSettings, frozen=True, tag="semantic_vad"):
    idle_timeout_ms: _IdleTimeout | None = None


_TurnDetection = _ServerVad | _SemanticVad | None


class _Transcription(TranscriptionSettings, frozen=True):
    keywords: list[str] | None = None
    languages: list[str] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None

    def setting(self) -> Transcription:
        return structs.replace(
            self.words(),
            keywords=tuple(self.keywords or ()),
            languages=tuple(self.languages or ()),
            delay=self.delay,
        )


class _Input(WireStruct, frozen=True):
    format: _Format | None = None
    noise_reduction: NoiseReduction | None = None
    transcription: _Transcription | UnsetType | None = UNSET
    turn_detection: _TurnDetection | UnsetType = UNSET


class _Output(WireStruct, frozen=True):
    format: _Format | None = None
    voice: Voice | UnsetType = UNSET
    speed: Speed | UnsetType = UNSET


class _Audio(WireStruct, frozen=True):
    input: _Input | None = None
    output: _Output | None = None


class _InputOnly(WireStruct, frozen=True):
    input: _Input | None = None


def _format_of(value: _Format | None) -> AudioFormat | UnsetType:
    return UNSET if value is None else AudioFormat(str(value.__struct_config__.tag))


@keeps_unset
def _modality_of(names: list[Literal["text", "audio"]], param: str) -> Modality:
    if len(names) != 1:
        supported = "Supported combinations are: ['text'] and ['audio']."
        raise invalid_value(param, f"Invalid modalities: {names[:8]}. {supported}")
    return Modality(names[0])


# --- sessions -------------------------------------------------------------------------------------


class RealtimeSession(ShownSession, frozen=True, tag_field="type", tag="realtime"):
    instructions: str | UnsetType = UNSET
    output_modalities: list[Literal["text", "audio"]] | UnsetType = UNSET
    audio: _Audio | None = None
    max_output_tokens: MaxTokens | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoiceSettings | UnsetType = UNSET
    include: Include | UnsetType | None = UNSET
    truncation: TruncationSettings | UnsetType = UNSET
    tracing: Tracing | UnsetType | None = UNSET
    reasoning: ReasoningSettings | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prompt: PromptSettings | UnsetType | None = UNSET

    def patch(self, left_out: LeftOut) -> SessionPatch:
        audio = self.audio or _Audio()
        input, output = audio.input or _Input(), audio.output or _Output()
        no_noise_reduction(input.noise_reduction, "session.audio.input.noise_reduction", left_out)
        return SessionPatch(
            kind=SessionKind.REALTIME,
            instructions=self.instructions,
            modality=_modality_of(self.output_modalities, "session.output_modalities"),
            voice=voice_name(output.voice),
            speed=output.speed,
            input_format=_format_of(input.format),
            output_format=_format_of(output.format),
            transcription=transcription_of(input.transcription),
            turn_detection=turn_detection_of(input.turn_detection),
            max_output_tokens=max_tokens(self.max_output_tokens),
            tools=tools_of(self.tools, "session.tools", left_out),
            tool_choice=tool_choice_of(self.tool_choice, "session.tool_choice", left_out),
            include=include_of(self.include),
            truncation=truncation_of(self.truncation),
            tracing=echoed(self.tracing, "session.tracing"),
            reasoning=echoed(self.reasoning, "session.reasoning"),
            parallel_tool_calls=self.parallel_tool_calls,
            prompt=UNSET if self.prompt is UNSET else prompt_of(self.prompt, "session.prompt"),
        )


class TranscriptionSession(ShownSession, frozen=True, tag_field="type", tag="transcription"):
    """A session that only writes down what it hears (protocol: transcription, Transcription sessions)."""

    audio: _InputOnly | None = None
    include: Include | UnsetType | None = UNSET

    def patch(self, left_out: LeftOut) -> SessionPatch:
        input = (self.audio or _InputOnly()).input or _Input()
        no_noise_reduction(input.noise_reduction, "session.audio.input.noise_reduction", left_out)
        return SessionPatch(
            kind=SessionKind.TRANSCRIPTION,
            input_format=_format_of(input.format),
            transcription=transcription_of(input.transcription),
            turn_detection=turn_detection_of(input.turn_detection),
            include=include_of(self.include),
        )


# --- responses ------------------------------------------------------------------------------------


class _ResponseOutput(WireStruct, frozen=True):
    format: _Format | None = None
    voice: Voice | UnsetType = UNSET


class _ResponseAudio(WireStruct, frozen=True):
    output: _ResponseOutput | None = None


class ResponseSettings(WireStruct, frozen=True):
    """Unlike a session's, `instructions` may be null, which leaves the session's in force: livekit sends
    it with every response that it has none for.
    """

    conversation: Literal["auto", "none"] = "auto"
    input: SentInput | UnsetType = UNSET
    instructions: str | UnsetType | None = UNSET
    output_modalities: list[Literal["text", "audio"]] | UnsetType = UNSET
    audio: _ResponseAudio | None = None
    max_output_tokens: MaxTokens | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoiceSettings | UnsetType = UNSET
    metadata: Metadata | None = None
    prompt: PromptSettings | None = None
    reasoning: ReasoningSettings | None = None
    parallel_tool_calls: bool | UnsetType = UNSET

    def params(self, left_out: LeftOut) -> ResponseParams:
        output = (self.audio or _ResponseAudio()).output or _ResponseOutput()
        return ResponseParams(
            out_of_band=self.conversation == "none",
            input=input_of(self.input, "response.input", left_out),
            instructions=UNSET if self.instructions is None else self.instructions,
            modality=_modality_of(self.output_modalities, "response.output_modalities"),
            voice=voice_name(output.voice),
            output_format=_format_of(output.format),
            max_output_tokens=max_tokens(self.max_output_tokens),
            tools=tools_of(self.tools, "response.tools", left_out),
            tool_choice=tool_choice_of(self.tool_choice, "response.tool_choice", left_out),
            parallel_tool_calls=self.parallel_tool_calls,
            reasoning=UNSET if self.reasoning is None else echoed(self.reasoning, "response.reasoning"),
            prompt=prompt_of(self.prompt, "response.prompt"),
            metadata=self.metadata,
        )
