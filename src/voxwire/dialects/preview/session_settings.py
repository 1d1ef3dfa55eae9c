"""Session and response settings as preview clients send them, flat (protocol: events, Fields of session updates)."""

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.faults import invalid_value
from voxwire.dialects.preview.spelling import FORMATS, FormatName
from voxwire.dialects.sent_items import SentInput, SentItem, input_of, items_of
from voxwire.dialects.shared_settings import (
    Include,
    MaxTokens,
    Metadata,
    SemanticVadSettings,
    ServerVadSettings,
    ShownSession,
    Silence,
    Speed,
    Temperature,
    ToolChoiceSettings,
    Tools,
    Tracing,
    TranscriptionSettings,
    TurnDetectionSettings,
    Voice,
    WireStruct,
    echoed,
    include_of,
    keeps_unset,
    max_tokens,
    tool_choice_of,
    tools_of,
    transcription_of,
    turn_detection_of,
    voice_name,
)
from voxwire.dialects.unsupported import LeftOut, NoiseReduction, no_noise_reduction
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import Modality, SessionKind, SessionPatch, Transcription

_Modalities = list[Literal["text", "audio"]]


@keeps_unset
def format_of(name: FormatName) -> AudioFormat:
    return FORMATS[name]


class NoTurnDetection(TurnDetectionSettings, frozen=True, tag="none"):
    """How the first version switches detection off; later ones send null."""

    def setting(self) -> None:
        return None


_TurnDetection = ServerVadSettings | SemanticVadSettings | NoTurnDetection | None


class PreviewTranscription(TranscriptionSettings, frozen=True):
    """`enabled` is the form of the launch: an object that says whether it counts."""

    enabled: bool = True

    def setting(self) -> Transcription | None:
        return self.words() if self.enabled else None


@keeps_unset
def _modality_of(names: _Modalities, param: str) -> Modality:
    """Any order will do: one client makes the list from a set."""
    if sorted(names) == ["audio", "text"]:
        return Modality.AUDIO
    if names == ["text"]:
        return Modality.TEXT
    supported = "Supported combinations are: ['text'] and ['audio', 'text']."
    raise invalid_value(param, f"Invalid modalities: {names[:8]}. {supported}")


class SessionSettings(ShownSession, frozen=True):
    """`client_secret` belongs to REST. GA's settings may be there when they say nothing."""

    modalities: _Modalities | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET
    speed: Speed | UnsetType = UNSET
    input_audio_format: FormatName | UnsetType = UNSET
    output_audio_format: FormatName | UnsetType = UNSET
    input_audio_transcription: PreviewTranscription | UnsetType | None = UNSET
    input_audio_noise_reduction: NoiseReduction | None = None
    turn_detection: _TurnDetection | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoiceSettings | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    max_response_output_tokens: MaxTokens | UnsetType = UNSET
    include: Include | UnsetType | None = UNSET
    tracing: Tracing | UnsetType | None = UNSET
    client_secret: dict[str, Any] | None = None
    prompt: None = None
    truncation: None = None
    reasoning: None = None

    def format_names(self) -> Iterator[FormatName]:
        for name in (self.input_audio_format, self.output_audio_format):
            if not isinstance(name, UnsetType):
                yield name

    def patch(self, left_out: LeftOut) -> SessionPatch:
        no_noise_reduction(self.input_audio_noise_reduction, "session.input_audio_noise_reduction", left_out)
        return SessionPatch(
            instructions=self.instructions,
            modality=_modality_of(self.modalities, "session.modalities"),
            voice=voice_name(self.voice),
            speed=self.speed,
            input_format=format_of(self.input_audio_format),
            output_format=format_of(self.output_audio_format),
            transcription=transcription_of(self.input_audio_transcription),
            turn_detection=turn_detection_of(self.turn_detection),
            temperature=self.temperature,
            max_output_tokens=max_tokens(self.max_response_output_tokens),
            tools=tools_of(self.tools, "session.tools", left_out),
            tool_choice=tool_choice_of(self.tool_choice, "session.tool_choice", left_out),
            include=include_of(self.include),
            tracing=echoed(self.tracing, "session.tracing"),
        )


class _FirstServerVad(ServerVadSettings, frozen=True, tag="server_vad"):
    """The first clients leave the silence out and count on 200 ms (protocol: decisions, Default silence).

    Their recordings end in 380 ms of silence: 500 would never end the turn.
    """

    silence_duration_ms: Silence = 200


class FirstSessionSettings(SessionSettings, frozen=True):
    """A session of 2024-10-01."""

    turn_detection: _FirstServerVad | SemanticVadSettings | NoTurnDetection | UnsetType | None = UNSET


class TranscriptionSettingsUpdate(ShownSession, frozen=True):
    """A session that only writes down; `modalities` and `client_secret` have no meaning on a socket."""

    input_audio_format: FormatName | UnsetType = UNSET
    input_audio_transcription: PreviewTranscription | UnsetType | None = UNSET
    input_audio_noise_reduction: NoiseReduction | None = None
    turn_detection: _TurnDetection | UnsetType = UNSET
    include: Include | UnsetType | None = UNSET
    modalities: _Modalities | UnsetType = UNSET
    client_secret: dict[str, Any] | None = None

    def format_names(self) -> Iterator[FormatName]:
        if not isinstance(self.input_audio_format, UnsetType):
            yield self.input_audio_format

    def patch(self, left_out: LeftOut) -> SessionPatch:
        no_noise_reduction(self.input_audio_noise_reduction, "session.input_audio_noise_reduction", left_out)
        return SessionPatch(
            kind=SessionKind.TRANSCRIPTION,
            input_format=format_of(self.input_audio_format),
            transcription=transcription_of(self.input_audio_transcription),
            turn_detection=turn_detection_of(self.turn_detection),
            include=include_of(self.include),
        )


class ResponseSettings(WireStruct, frozen=True):
    """Both names of the token limit are in use: SDKs send the long one, documents show the short one.

    `instructions` may be null, as in GA.
    """

    conversation: Literal["auto", "none"] = "auto"
    input: SentInput | UnsetType = UNSET
    instructions: str | UnsetType | None = UNSET
    modalities: _Modalities | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET
    output_audio_format: FormatName | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    max_response_output_tokens: MaxTokens | UnsetType = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoiceSettings | UnsetType = UNSET
    metadata: Metadata | None = None
    prompt: None = None
    reasoning: None = None

    def format_names(self) -> Iterator[FormatName]:
        if not isinstance(self.output_audio_format, UnsetType):
            yield self.output_audio_format

    def params(self, left_out: LeftOut) -> ResponseParams:
        limit = self.max_output_tokens if self.max_response_output_tokens is UNSET else self.max_response_output_tokens
        return ResponseParams(
            out_of_band=self.conversation == "none",
            input=input_of(self.input, "response.input", left_out),
            instructions=UNSET if self.instructions is None else self.instructions,
            modality=_modality_of(self.modalities, "response.modalities"),
            voice=voice_name(self.voice),
            output_format=format_of(self.output_audio_format),
            temperature=self.temperature,
            max_output_tokens=max_tokens(limit),
            tools=tools_of(self.tools, "response.tools", left_out),
            tool_choice=tool_choice_of(self.tool_choice, "response.tool_choice", left_out),
            metadata=self.metadata,
        )


class FirstResponseSettings(ResponseSettings, frozen=True):
    """What 2024-10-01 alone has (protocol: dialects, 2024-10-01).

    `commit: false` keeps the answer out of the conversation. `cancel_previous` cancels the active
    response where later versions answer with an error. `input_items` replaces the context,
    `append_input_items` goes into the conversation first.
    """

    commit: bool = True
    cancel_previous: bool = True
    input_items: SentInput | UnsetType = UNSET
    append_input_items: list[SentItem] | UnsetType = UNSET

    def params(self, left_out: LeftOut) -> ResponseParams:
        params = super().params(left_out)
        input = input_of(self.input_items, "response.input_items", left_out)
        added = items_of(self.append_input_items, "response.append_input_items", left_out)
        return replace(
            params,
            out_of_band=params.out_of_band or not self.commit,
            input=params.input if input is UNSET else input,
            append_items=() if isinstance(added, UnsetType) else added,
            cancel_previous=self.cancel_previous,
        )
