"""Session settings, partial updates to them, and tools (protocol: sessions).

A patch holds `UNSET` for what the client left out; `None` clears a feature.
"""

from enum import Enum
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from voxwire.audio.pcm import AudioFormat


class SessionKind(Enum):
    REALTIME = "realtime"
    TRANSCRIPTION = "transcription"


class Modality(Enum):
    """What a response delivers: AUDIO includes its transcript."""

    TEXT = "text"
    AUDIO = "audio"


class FunctionTool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the client offers; `parameters` is a JSON Schema object."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class NamedTool(msgspec.Struct, frozen=True, kw_only=True):
    """Tool choice that forces one function. `nested` remembers the older beta spelling, so that replies use it."""

    name: str
    nested: bool = False


ToolChoice = Literal["auto", "none", "required"] | NamedTool


class ServerVad(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """Turns end by silence. A field left out of an object has these defaults (protocol: turns, Turn detection)."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = None


class Eagerness(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


class SemanticVad(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """Turns end by meaning; without a turn model by silence (protocol: turns, Semantic turn detection)."""

    eagerness: Eagerness = Eagerness.AUTO
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad

#: What a new session starts with: 200 ms, as the official ones show (protocol: decisions, Default silence).
DEFAULT_TURN_DETECTION = ServerVad(silence_duration_ms=200)


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for transcription events. `model` None means the deployment's recogniser.

    `keywords` are words to expect, beside the `prompt`; `languages` are those that may be spoken. `delay`
    is accepted and echoed without effect.
    """

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    delay: str | None = None

    def expected(self) -> str | None:
        """All that helps to recognise the words: the prompt and each keyword on a line of its own."""
        return "\n".join(filter(None, (self.prompt, *self.keywords))) or None

    def spoken(self) -> str | None:
        """The one language that is spoken; None where it is open."""
        return self.language or (self.languages[0] if len(self.languages) == 1 else None)


class RetentionRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Truncation that keeps this share of the budget; `post_instructions` caps it in tokens."""

    retention_ratio: float
    post_instructions: int | None = None


Truncation = Literal["auto", "disabled"] | RetentionRatio

#: Names that `include` may hold: log-probabilities of transcripts; and ours: the times of each turn, growing
#: transcripts on previews whose clients may not know them, that another engine serves the session, speech that was
#: taken for an interruption at first, when each word of a transcript was said, and what answers.
LOGPROBS = "item.input_audio_transcription.logprobs"
TURN_TIMINGS = "voxwire.turn_timings"
TRANSCRIPTION_DELTAS = "voxwire.transcription_deltas"
ENGINE_CHANGED = "voxwire.engine_changed"
FALSE_INTERRUPTION = "voxwire.false_interruption"
WORD_TIMES = "voxwire.word_times"
FINGERPRINT = "voxwire.fingerprint"


class PromptReference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stored prompt, and what it is filled with. `version` None is the current one; `variables` are as the wire has
    them, each a text or an `input_text`."""

    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The full effective settings of a session.

    `max_output_tokens` None means unbounded ("inf"). `model` is the name that was asked for.
    `reasoning` is an object as the wire has it; its `effort` and `parallel_tool_calls` are the language engine's to
    follow. `prompt` is where the instructions came from, unless others were sent later. `tracing` is accepted and
    echoed without effect (protocol: sessions, Fields without effect).
    """

    kind: SessionKind = SessionKind.REALTIME
    model: str
    instructions: str = ""
    modality: Modality = Modality.AUDIO
    voice: str = "alloy"
    speed: float = 1.0
    input_format: AudioFormat = AudioFormat.PCM16
    output_format: AudioFormat = AudioFormat.PCM16
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = DEFAULT_TURN_DETECTION
    temperature: float = 0.8
    max_output_tokens: int | None = None
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    include: tuple[str, ...] | None = None
    truncation: Truncation = "auto"
    tracing: Any = None
    reasoning: Any = None
    parallel_tool_calls: bool | None = None
    prompt: PromptReference | None = None


def effort(reasoning: Any) -> str | None:
    """How much to think, of a `reasoning` object; None where it does not say."""
    return reasoning.get("effort") if isinstance(reasoning, dict) else None


class SessionPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one `session.update` changes, and what it takes for granted.

    `kind` is what the client said the session is, `input_rate` how many samples a second it said its audio has. Of a
    `prompt` the runtime makes `instructions` before the session sees it.
    """

    kind: SessionKind | UnsetType = UNSET
    input_rate: int | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    input_format: AudioFormat | UnsetType = UNSET
    output_format: AudioFormat | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET
    temperature: float | UnsetType = UNSET
    max_output_tokens: int | UnsetType | None = UNSET
    tools: tuple[FunctionTool, ...] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    include: tuple[str, ...] | UnsetType | None = UNSET
    truncation: Truncation | UnsetType = UNSET
    tracing: Any | UnsetType = UNSET
    reasoning: Any | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    prompt: PromptReference | UnsetType | None = UNSET
