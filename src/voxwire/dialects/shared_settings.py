"""Settings that sessions and responses carry in both dialects: their JSON form and what it means.

What this server writes as null it also reads as null, so that a client may send back what it got.
Conversions take the dotted path of their value for the error that names it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from voxwire.dialects.faults import missing, unknown
from voxwire.dialects.unsupported import LeftOut, McpChoice, McpTool, no_mcp_choice, no_mcp_tool
from voxwire.dialects.wire import bounded
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    NamedTool,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    ToolChoice,
    Transcription,
    Truncation,
    TurnDetection,
)

P = ParamSpec("P")
_T = TypeVar("_T")
U = TypeVar("U")

# Ranges (protocol: events, Fields of session updates).
Speed = Annotated[float, Meta(ge=0.25, le=1.5)]
Temperature = Annotated[float, Meta(ge=0.6, le=1.2)]
MaxTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Include = list[
    Literal[
        "item.input_audio_transcription.logprobs",
        "voxwire.turn_timings",
        "voxwire.transcription_deltas",
        "voxwire.engine_changed",
        "voxwire.false_interruption",
        "voxwire.word_times",
        "voxwire.fingerprint",
    ]
]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=16),
]


class WireStruct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the JSON objects inside events: a field nobody knows is an error, never swallowed."""


class ShownSession(WireStruct, frozen=True):
    """What a session shows of itself beside its settings: a program may send all of it back, and none can be changed.

    `model` is fixed by the connection; clients send it along in every update.
    """

    id: str | None = None
    object: str | None = None
    expires_at: int | None = None
    model: str | None = None


def keeps_unset(convert: Callable[Concatenate[_T, P], U]) -> Callable[Concatenate[_T | UnsetType, P], U | UnsetType]:
    """Let a conversion pass on UNSET: what the client left out stays left out."""

    @wraps(convert)
    def converted(value: _T | UnsetType, /, *args: P.args, **kwargs: P.kwargs) -> U | UnsetType:
        return UNSET if isinstance(value, UnsetType) else convert(value, *args, **kwargs)

    return converted


@keeps_unset
def max_tokens(value: int | Literal["inf"]) -> int | None:
    return None if value == "inf" else value


@keeps_unset
def include_of(names: Include | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


# --- voice ----------------------------------------------------------------------------------------


class VoiceId(WireStruct, frozen=True):
    id: str


Voice = str | VoiceId


@keeps_unset
def voice_name(voice: Voice) -> str:
    return voice.id if isinstance(voice, VoiceId) else voice


# --- turn detection (protocol: turns, Turn detection) ---------------------------------------------

#: Kept audio before speech: ten seconds are far beyond any onset; ours.
_Padding = Annotated[int, Meta(ge=0, le=10_000)]
#: Silence that ends a turn: a minute is beyond any pause in talk; ours.
Silence = Annotated[int, Meta(ge=0, le=60_000)]


class TurnDetectionSettings(WireStruct, frozen=True, tag_field="type"):
    """The fields of every kind of detection: a program that changes the kind leaves those of the former kind behind.

    A field left out of a supplied object means its documented default, not the session's value.
    """

    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    prefix_padding_ms: _Padding = 300
    silence_duration_ms: Silence = 500
    eagerness: Eagerness = Eagerness.AUTO
    create_response: bool = True
    interrupt_response: bool = True

    def setting(self) -> TurnDetection | None:
        raise NotImplementedError


class ServerVadSettings(TurnDetectionSettings, frozen=True, tag="server_vad"):
    """Ends turns by silence; `eagerness` says nothing here."""

    def setting(self) -> ServerVad:
        return ServerVad(
            threshold=self.threshold,
            prefix_padding_ms=self.prefix_padding_ms,
            silence_duration_ms=self.silence_duration_ms,
            create_response=self.create_response,
            interrupt_response=self.interrupt_response,
        )


class SemanticVadSettings(TurnDetectionSettings, frozen=True, tag="semantic_vad"):
    """Ends turns by meaning; `eagerness` is all that it reads of how."""

    def setting(self) -> SemanticVad:
        return SemanticVad(
            eagerness=self.eagerness,
            create_response=self.create_response,
            interrupt_response=self.interrupt_response,
        )


@keeps_unset
def turn_detection_of(value: TurnDetectionSettings | None) -> TurnDetection | None:
    return None if value is None else value.setting()


# --- transcription --------------------------------------------------------------------------------


class TranscriptionSettings(WireStruct, frozen=True):
    model: str | None = None
    language: str | None = None
    prompt: str | None = None

    def setting(self) -> Transcription | None:
        raise NotImplementedError

    def words(self) -> Transcription:
        """A text is cleared with "" (protocol: sessions, Updating a session), and "" is no language."""
        return Transcription(model=self.model, language=self.language or None, prompt=self.prompt)


@keeps_unset
def transcription_of(value: TranscriptionSettings | None) -> Transcription | None:
    return None if value is None else value.setting()


# --- tools (protocol: sessions, Tools) ------------------------------------------------------------


class _Function(WireStruct, frozen=True):
    """`parameters` is a JSON Schema and stays as it is. `strict` asks for what is done anyway: calls that fit it."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionToolSettings(WireStruct, frozen=True, tag_field="type", tag="function"):
    """A function, flat or as Chat Completions nests it: `{function: {name, …}}`."""

    name: str | UnsetType = UNSET
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    function: _Function | UnsetType = UNSET

    def tool(self, param: str) -> FunctionTool:
        name, description, parameters = self.name, self.description, self.parameters
        if not isinstance(self.function, UnsetType):
            if (name, description, parameters) != (UNSET, None, None):
                raise unknown(f"{param}.function")
            name, description, parameters = self.function.name, self.function.description, self.function.parameters
            param = f"{param}.function"
        if isinstance(name, UnsetType):
            raise missing(f"{param}.name")
        return FunctionTool(name=name, description=description, parameters=bounded(parameters, f"{param}.parameters"))


Tools = list[FunctionToolSettings | McpTool]


@keeps_unset
def tools_of(tools: Tools, param: str, left_out: LeftOut) -> tuple[FunctionTool, ...]:
    found = []
    for index, tool in enumerate(tools):
        where = f"{param}[{index}]"
        if isinstance(tool, McpTool):
            no_mcp_tool(where, left_out)
            continue
        found.append(tool.tool(where))
    return tuple(found)


class _FunctionName(WireStruct, frozen=True):
    name: str


class FunctionChoice(WireStruct, frozen=True, tag_field="type", tag="function"):
    """Flat `{name}`, the older `{function: {name}}`, or `{function: name}` of the 2024-10-01 clients."""

    name: str | UnsetType = UNSET
    function: _FunctionName | str | UnsetType = UNSET


ToolChoiceSettings = Literal["auto", "none", "required"] | FunctionChoice | McpChoice


@keeps_unset
def tool_choice_of(choice: ToolChoiceSettings, param: str, left_out: LeftOut) -> ToolChoice | UnsetType:
    if isinstance(choice, McpChoice):
        no_mcp_choice(param, left_out)
        return UNSET
    if not isinstance(choice, FunctionChoice):
        return choice
    if isinstance(choice.name, str):
        if choice.function is not UNSET:
            raise unknown(f"{param}.function")
        return NamedTool(name=choice.name)
    if isinstance(choice.function, UnsetType):
        raise missing(f"{param}.name")
    name = choice.function if isinstance(choice.function, str) else choice.function.name
    return NamedTool(name=name, nested=True)


# --- accepted and echoed (protocol: sessions, Fields without effect) ------------------------------


class TracingSettings(WireStruct, frozen=True, omit_defaults=True):
    workflow_name: str | UnsetType = UNSET
    group_id: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


Tracing = Literal["auto"] | TracingSettings


class ReasoningSettings(WireStruct, frozen=True):
    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


@keeps_unset
def echoed(value: Any, param: str) -> Any:
    """The JSON value that the session shows again; raises ClientError when it nests too deeply."""
    return bounded(msgspec.to_builtins(value), param)


# --- truncation of the context --------------------------------------------------------------------


class TokenLimits(WireStruct, frozen=True):
    #: Beyond any context window; the bound keeps arithmetic sane.
    post_instructions: Annotated[int, Meta(ge=0, le=2**31 - 1)] | UnsetType = UNSET


class RetentionRatioSettings(WireStruct, frozen=True, tag_field="type", tag="retention_ratio"):
    retention_ratio: Annotated[float, Meta(ge=0, le=1)]
    token_limits: TokenLimits | None = None


TruncationSettings = Literal["auto", "disabled"] | RetentionRatioSettings | None


@keeps_unset
def truncation_of(value: TruncationSettings) -> Truncation:
    """Null goes back to the default, as for every feature."""
    if not isinstance(value, RetentionRatioSettings):
        return value or "auto"
    limit = UNSET if value.token_limits is None else value.token_limits.post_instructions
    return RetentionRatio(
        retention_ratio=value.retention_ratio,
        post_instructions=None if isinstance(limit, UnsetType) else limit,
    )
