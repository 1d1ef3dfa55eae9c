"""What engines must do: the interfaces that the runtime drives (docs/architecture.md, "Engines"; ENGINES 8).

Shared contract, held by one suite over all engines (`tests/engines/contract`):

- `start()` warms up and is awaited before the server says that it listens; `close()` ends every
  process and is idempotent.
- Failure is an `EngineError` with a stage and a stable code, never another exception.
- Cancelling is idempotent and never raises; after it returns nothing more is yielded.
- Native code runs in a worker process (`voxwire.engines.worker`), so nothing here blocks the loop.
"""

from collections.abc import AsyncIterator, Sequence
from enum import Enum
from typing import Any, Protocol

import msgspec

from voxwire.events.config import FunctionTool, Modality, ToolChoice
from voxwire.events.items import Item
from voxwire.events.response import TokenUsage
from voxwire.events.server import LogProb


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word and when it is heard, in milliseconds from the start of its stream.

    `start` and `end` are character offsets into the stream's text, `end` exclusive.
    """

    text: str
    start: int
    end: int
    start_ms: float
    end_ms: float


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told about an engine; `label` says plainly what answers.

    `notice` is a warning shown wherever a user meets the engine ("demo-grade, US English").
    """

    name: str
    label: str
    licence: str
    notice: str | None = None


class Claim(msgspec.Struct, frozen=True):
    """Whose work it is. Where an engine has less room than is asked for, owners are served in turn, and what
    somebody waits for comes before `background` work.

    `owner` is opaque: whatever shares one share of the room has the same.
    """

    owner: str = ""
    background: bool = False


# --- speech to text ------------------------------------------------------------------------------


class SttConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One utterance, in audio of `rate` samples a second.

    `phrases` are sentences or words likely to be said; `prompt` is free text.
    """

    rate: int = 16_000
    language: str | None = None
    phrases: tuple[str, ...] = ()
    prompt: str | None = None
    claim: Claim = Claim()


class SttPartial(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard so far; the first `stable` characters will not change any more."""

    text: str
    stable: int = 0


class SttFinal(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard. Empty text means no words.

    `alternatives` are readings in the sentences of `SttConfig.phrases`, likeliest first, offered
    where the sound supports them; the runtime takes the first that the language engine fully
    understands (`LlmEngine.understands`). `logprobs` are those of `text`, None where the recogniser has none.
    """

    text: str
    alternatives: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    logprobs: tuple[LogProb, ...] | None = None


SttEvent = SttPartial | SttFinal


class SttCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`languages` are ISO-639-1 codes, empty for "any".

    `rates` are the samples a second that it takes. Audio of the wire, at 24 or 8 kHz, is handed over as
    it is where they name its rate, and else resampled on the loop to the first of them.
    """

    info: EngineInfo
    languages: tuple[str, ...] = ()
    rates: tuple[int, ...] = (16_000,)
    streaming: bool = True


class SttStream(Protocol):
    """One utterance. Iterating yields partials and exactly one `SttFinal`, then ends; raises EngineError."""

    async def push(self, pcm: bytes) -> None:
        """Hear PCM16 mono at the rate of the config; waits when the engine is behind."""

    async def commit(self) -> None:
        """The utterance is complete; the final follows."""

    async def cancel(self) -> None:
        """Stop and free the engine; idempotent."""

    def __aiter__(self) -> AsyncIterator[SttEvent]: ...


class SttEngine(Protocol):
    @property
    def capabilities(self) -> SttCapabilities: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def prepare(self, config: SttConfig) -> None:
        """Utterances with this configuration are likely: load or build what they need, once.

        Returns when ready; a hint, so an engine with nothing to prepare returns at once, and a
        failure shows in the utterance itself. Raises EngineError.
        """

    def open(self, config: SttConfig) -> SttStream:
        """Begin an utterance. Returns at once; a lease is taken in the background."""


# --- language ------------------------------------------------------------------------------------


class LlmRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an answer depends on.

    User speech is in `InputAudio.transcript`: "" is speech that was not understood, None is silence
    (the idle timeout).
    """

    instructions: str
    items: tuple[Item, ...]
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    modality: Modality = Modality.AUDIO
    temperature: float = 0.8
    max_output_tokens: int | None = None


class LlmText(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class LlmToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call begins; its arguments follow."""

    name: str


class LlmToolArguments(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the JSON text of the call that began last."""

    delta: str


class FinishReason(Enum):
    STOP = "stop"
    MAX_TOKENS = "max_output_tokens"
    CONTENT_FILTER = "content_filter"


class LlmDone(msgspec.Struct, frozen=True, kw_only=True):
    """Last event of every answer. `usage` None means that the session estimates."""

    reason: FinishReason = FinishReason.STOP
    usage: TokenUsage | None = None


LlmEvent = LlmText | LlmToolCall | LlmToolArguments | LlmDone


class LlmCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`context_tokens` is what the engine can read, output included.

    `patience_s` is how long an engine with deadlines of its own may yield nothing before it fails by itself;
    the runtime then waits at least that long. None leaves it to the runtime.
    """

    info: EngineInfo
    context_tokens: int = 32_000
    images: bool = False
    tools: bool = True
    patience_s: float | None = None


class LlmEngine(Protocol):
    @property
    def capabilities(self) -> LlmCapabilities: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """Answer. Closing the iterator stops the work at once. Raises EngineError."""

    def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
        """Sentences that the engine expects to hear with these settings; empty for open-ended engines."""

    def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
        """Whether `text` as a whole is something this engine has an answer for; True for open-ended engines."""


# --- text to speech ------------------------------------------------------------------------------


class TtsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`voice` is a name of `TtsCapabilities.voices`; `speed` 0.25 to 1.5, 1 is natural."""

    voice: str
    speed: float = 1.0
    claim: Claim = Claim()


class TtsAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch of speech.

    `pcm` is PCM16 mono at the engine's rate; it voices the characters `chars_from` to `chars_to` of
    all text fed so far. `words` are timed from the start of the stream, empty when unknown.
    """

    pcm: bytes
    chars_from: int
    chars_to: int
    words: tuple[Word, ...] = ()


class TtsCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` in Hz. `voices` maps the names that clients use to what the engine calls them."""

    info: EngineInfo
    rate: int
    voices: dict[str, str]
    word_times: bool = False


class TtsStream(Protocol):
    """One spoken answer. Iterating yields audio and ends after `flush()` was spoken out; raises EngineError."""

    async def feed(self, text: str) -> None:
        """Add text to be spoken; pieces of words may come separately."""

    async def flush(self) -> None:
        """No more text comes."""

    async def cancel(self) -> None:
        """Stop within 100 ms of audio; idempotent."""

    def __aiter__(self) -> AsyncIterator[TtsAudio]: ...


class TtsEngine(Protocol):
    @property
    def capabilities(self) -> TtsCapabilities: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def open(self, config: TtsConfig) -> TtsStream: ...


# --- voice activity ------------------------------------------------------------------------------


class VadEngine(Protocol):
    """Scores 32 ms windows for many conversations in one call; pure computation, no process.

    `new_state()` gives the memory of one conversation, which `score` updates in place. The type of
    the state is the engine's own.
    """

    def new_state(self) -> Any: ...

    def score(self, states: Sequence[Any], windows: Sequence[bytes]) -> list[float]:
        """Speech probability 0 to 1 of each window: 512 samples of PCM16 at 16 kHz, one a state.

        A state that occurs several times gets its windows in the order given.
        """
