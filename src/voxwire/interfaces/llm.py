"""Language: an engine answers a conversation, with text and with calls of tools."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Protocol, runtime_checkable

import msgspec

from voxwire.audio.pcm import AudioFormat
from voxwire.events.items import Item
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import FunctionTool, Modality, ToolChoice
from voxwire.interfaces.engine import Claim, Engine, EngineInfo


class LlmRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an answer depends on.

    User speech is in `InputAudio.transcript`: "" is speech that was not understood, None is silence
    (the idle timeout). For an engine that hears it is in `InputAudio.clip`, and the transcript is what is known of it
    by now, perhaps nothing; of long conversations old clips are gone. `voice` is for an engine that speaks, and
    empty for others.

    `session_key` is opaque and the same for all requests of one session: requests with one key begin alike, so a cache
    of prompts, or a choice among several servers, may follow it. `principal` is opaque, too: who holds the session, and
    perhaps others; engines with little room serve principals in turn. `parallel_tool_calls` and `reasoning` (how much
    to think: `minimal` to `xhigh`) are None where the client said nothing. `end_user` is the client's name for the
    person who speaks, for engines that pass it on to the model's owner; None where it gave none.
    """

    instructions: str
    items: tuple[Item, ...]
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    modality: Modality = Modality.AUDIO
    voice: str = ""
    temperature: float = 0.8
    max_output_tokens: int | None = None
    parallel_tool_calls: bool | None = None
    reasoning: str | None = None
    session_key: str = ""
    principal: str = ""
    end_user: str | None = None

    @property
    def claim(self) -> Claim:
        """Whose work the answer is."""
        return Claim(self.session_key, principal=self.principal)


class LlmText(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    text: str


class LlmAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch of speech, of an engine that speaks (`LlmCapabilities.speech`).

    `pcm` is PCM16 mono at its rate. It voices the text since the last tool call up to character `chars_to`, as far as
    the engine knows that: a truncation cuts the transcript there. Text may come before its audio or after it.
    """

    pcm: bytes
    chars_to: int


class LlmToolCall(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """A tool call begins; its arguments follow."""

    name: str


class LlmToolArguments(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """A piece of the JSON text of the call that began last."""

    delta: str


class FinishReason(Enum):
    STOP = "stop"
    MAX_TOKENS = "max_output_tokens"
    CONTENT_FILTER = "content_filter"


class LlmDone(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """Last event of every answer. `usage` None means that the session estimates."""

    reason: FinishReason = FinishReason.STOP
    usage: TokenUsage | None = None


LlmEvent = LlmText | LlmAudio | LlmToolCall | LlmToolArguments | LlmDone


class OwnSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine speaks: `rate` in Hz, and the names of its voices, empty where it takes any name."""

    rate: int
    voices: tuple[str, ...] = ()


class LlmCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`context_tokens` is what the engine can read, output included.

    `local`: it runs on a machine of whoever runs the server, so its answers cost time and no money. Answers are begun
    then before it is certain that they are wanted, unless the settings say otherwise.

    `hears`: it reads `InputAudio.clip`, where there is one, and needs no transcript of it. So an answer does not wait
    for words, and a recogniser works only for clients that ask for transcripts or for `semantic_vad`. `speech`: it
    answers spoken responses with speech of its own, in one of its own voices; no synthesiser is asked, and its text is
    the transcript.

    `patience_s` is how long an engine with deadlines of its own may yield nothing before it fails by itself;
    the runtime then waits at least that long. None leaves it to the runtime.
    """

    info: EngineInfo
    context_tokens: int = 32_000
    images: bool = False
    hears: bool = False
    tools: bool = True
    local: bool = False
    speech: OwnSpeech | None = None
    patience_s: float | None = None


class LlmEngine(Engine, Protocol):
    """A language engine. Any number of answers may be in the making at once."""

    @property
    def capabilities(self) -> LlmCapabilities:
        """What it can do; asked for anew, since some engines learn their model's name after the start."""
        ...

    def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """Answer: text, speech and tool calls as they are made, then exactly one `LlmDone`.

        Ended: after `LlmDone`. Closed: by `aclose()` or by cancelling the task that iterates, at any moment; the work
        stops at once, and what it held is free within 100 ms. Broken: EngineError, before the first event or later.
        """
        ...


@runtime_checkable
class Queues(Protocol):
    """Of a language engine that knows how busy it is. Without it the answers that are in the making are counted."""

    @property
    def queue(self) -> int:
        """Answers that would come before one that is asked for now: those that wait, and those in the making where
        no further one can be made beside them. Never raises."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """Of a language engine that knows its model's tokens. Without it they are estimated, at four bytes each."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` as the model reads it: what fits into its context depends on them.

        Called on the event loop, once for each item: some 10 ms for 32,000 characters are too many already. An engine
        that has to ask somebody else does not count. Never raises.
        """
        ...


@runtime_checkable
class Warms(Protocol):
    """Of a language engine that answers sooner where it has read the beginning of the conversation before."""

    async def warm(self, request: LlmRequest) -> None:
        """Answers to requests that begin like this one, which has no items, are likely: read the beginning once.

        A hint: returns when it was read, and also when it cannot be or is not worth it. Answers come first: an engine
        that has little room reads on when nobody waits. Closed: by cancelling the task that waits; reading stops at
        once. Never raises.
        """
        ...


@runtime_checkable
class Remembers(Protocol):
    """Of a language engine that keeps something for each session: a connection, a cache."""

    def forget(self, session_key: str) -> None:
        """The session has ended: nothing is asked with this key any more. Returns at once; never raises."""
        ...


@runtime_checkable
class Overhears(Protocol):
    """Of a language engine that hears, and can begin to listen while somebody still speaks."""

    def overhear(self, session_key: str, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        """More of a turn, from its beginning on, in the order of the sound.

        A hint: the request has the whole turn all the same, or will never come. Another number is another turn, and
        ends the one before. Returns at once; never raises.
        """
        ...
