"""Per-response parameters, the response object, usage (protocol: responses)."""

from enum import Enum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import SERVER_ERROR
from voxwire.events.items import BorrowingMessage, Item, ItemReference
from voxwire.events.session_config import FunctionTool, Modality, PromptReference, ToolChoice

ResponseInput = tuple[Item | ItemReference | BorrowingMessage, ...]


class ResponseParams(msgspec.Struct, frozen=True, kw_only=True):
    """Overrides of the session for one response; `UNSET` keeps the session's value.

    `out_of_band` is `conversation: "none"`. `input` replaces the context. `append_items` and
    `cancel_previous` exist for 2024-10-01 alone: items put into the conversation first, and an
    active response cancelled instead of an error. Of a `prompt` the runtime makes `instructions` before the session
    sees it. `words`, which no client can send, is what the response says, in place of a language engine.
    """

    out_of_band: bool = False
    input: ResponseInput | UnsetType = UNSET
    append_items: tuple[Item, ...] = ()
    cancel_previous: bool = False
    instructions: str | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    output_format: AudioFormat | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    max_output_tokens: int | UnsetType | None = UNSET
    tools: tuple[FunctionTool, ...] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Any | UnsetType = UNSET
    prompt: PromptReference | None = None
    metadata: dict[str, str] | None = None
    words: str | None = None


class ResponseStatus(Enum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response ended otherwise than completed.

    `reason`: `turn_detected` or `client_cancelled` (cancelled), `max_output_tokens` or
    `content_filter` (incomplete), None (failed). `code` and `message` are set when failed, and `type`
    says whose fault that was (protocol: errors, Events of type error).
    """

    reason: str | None = None
    type: str = SERVER_ERROR
    code: str | None = None
    message: str | None = None


class TokenUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by modality; cached ones are part of the input."""

    input_text: int = 0
    input_audio: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    output_text: int = 0
    output_audio: int = 0

    @property
    def input_tokens(self) -> int:
        return self.input_text + self.input_audio

    @property
    def output_tokens(self) -> int:
        return self.output_text + self.output_audio

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The response object as `response.created` and `response.done` carry it.

    `conversation_id` is None out of band; `usage` is None until done.
    """

    id: str
    status: ResponseStatus
    status_details: StatusDetails | None = None
    output: tuple[Item, ...] = ()
    conversation_id: str | None
    modality: Modality
    voice: str
    output_format: AudioFormat
    temperature: float
    max_output_tokens: int | None
    metadata: dict[str, str] | None = None
    usage: TokenUsage | None = None


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is `requests` or `tokens` (protocol: responses, Rate limits)."""

    name: str
    limit: int
    remaining: int
    reset_seconds: float
