"""What the world tells a session, besides client events.

Results carry the number of the work they belong to; a result of cancelled work discards itself.
"""

from typing import Self

import msgspec

from voxwire.errors import ClientError
from voxwire.events.client import ClientEvent
from voxwire.events.response import TokenUsage
from voxwire.events.server import LogProb
from voxwire.interfaces.engine import Word
from voxwire.interfaces.llm import FinishReason


class ClientMistake(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that the dialect could not turn into an event; answered in its place in line.

    Text alone, as in every input: an exception would hold on to the frame of the client through its traceback,
    and to itself, so that only a full collection frees both.
    """

    type: str
    code: str
    message: str
    param: str | None = None
    event_id: str | None = None

    @classmethod
    def of(cls, error: ClientError) -> Self:
        return cls(type=error.type, code=error.code, message=error.message, param=error.param, event_id=error.event_id)


class SpeechScores(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Speech probabilities of the next windows of `epoch`, in the order of the `Analyse` commands."""

    epoch: int
    scores: tuple[float, ...]


class TranscriptPartial(msgspec.Struct, frozen=True, kw_only=True):
    """Words recognised so far; `text` is the whole hypothesis, its first `stable` characters fixed."""

    transcription: int
    text: str
    stable: int = 0


class TranscriptFinal(msgspec.Struct, frozen=True, kw_only=True):
    """The words of an utterance; "" when none were understood."""

    transcription: int
    text: str
    logprobs: tuple[LogProb, ...] | None = None


class TranscriptFailed(msgspec.Struct, frozen=True, kw_only=True):
    transcription: int
    code: str
    message: str


class GeneratedText(msgspec.Struct, frozen=True, kw_only=True):
    """The next words of the answer; spoken later when the response has audio."""

    generation: int
    text: str


class GeneratedAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The next stretch of speech: PCM16 mono at the response's output rate.

    It voices the message's text up to character `chars_to`; `words` are timed from the start of
    the message's audio.
    """

    generation: int
    pcm: bytes
    chars_to: int
    words: tuple[Word, ...] = ()


class GeneratedToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call begins. All audio of the text before it has been delivered."""

    generation: int
    name: str


class GeneratedToolArguments(msgspec.Struct, frozen=True, kw_only=True):
    generation: int
    delta: str


class GenerationDone(msgspec.Struct, frozen=True, kw_only=True):
    """Everything was delivered, audio included."""

    generation: int
    reason: FinishReason = FinishReason.STOP
    usage: TokenUsage | None = None


class GenerationFailed(msgspec.Struct, frozen=True, kw_only=True):
    generation: int
    code: str
    message: str


class PlayoutProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The transport has played so many milliseconds of this part's speech, and all that came before it."""

    item_id: str
    content_index: int
    played_ms: float


class PlayoutDrained(msgspec.Struct, frozen=True, kw_only=True):
    """The transport has played all speech that it was handed so far."""


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The clock reached `Session.deadline`."""


EngineResult = (
    TranscriptPartial
    | TranscriptFinal
    | TranscriptFailed
    | GeneratedText
    | GeneratedAudio
    | GeneratedToolCall
    | GeneratedToolArguments
    | GenerationDone
    | GenerationFailed
)
Input = ClientEvent | ClientMistake | SpeechScores | EngineResult | PlayoutProgress | PlayoutDrained | Tick
