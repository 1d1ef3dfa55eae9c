"""What the world tells a session, besides client events.

Results carry the number of the work they belong to; a result of cancelled work discards itself.
"""

from typing import Self

import msgspec

from voxwire.errors import ClientError
from voxwire.events.client import ClientEvent
from voxwire.events.response import RateLimit
from voxwire.interfaces.engine import Word
from voxwire.interfaces.llm import LlmDone, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.stt import SttEvent
from voxwire.interfaces.turn import TurnSign


class ClientMistake(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
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


class SpeechScores(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, tag_field="_"):
    """Speech probabilities of the next windows of `epoch`, in their order.

    A detector puts them on the tape, and the session pulls them. This is the same told as an input, as journals have
    it: the windows are cut, the scores put and followed at once.
    """

    epoch: int
    scores: tuple[float, ...]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """The work ended without a result; nothing more comes of it."""

    code: str
    message: str


class Filtered(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """A check of the content ended the answer; nothing more comes of it."""


class AnswerRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """The work was not begun, for its principal may use no more now: nothing was used. `type` is that of the error."""

    type: str
    code: str
    message: str


class SpokenAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, tag_field="_"):
    """The next stretch of speech: PCM16 mono at the response's output rate.

    It voices the message's text up to character `chars_to`; `words` are timed from the start of
    the message's audio.
    """

    pcm: bytes
    chars_to: int
    words: tuple[Word, ...] = ()


class Transcribed(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="_"):
    """What the recogniser says of the utterance with this number."""

    number: int
    event: SttEvent | Failed


class TurnJudged(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="_"):
    """What the pause with this number looks like; None where nobody can say."""

    number: int
    sign: TurnSign | None


#: What comes of an answer. Speech is `SpokenAudio`, whoever made it.
GenerationResult = LlmText | LlmToolCall | LlmToolArguments | LlmDone | SpokenAudio | Failed | Filtered | AnswerRefused


class Generated(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="_"):
    """What was made of the answer with this number.

    All audio of the text before a tool call, and before the end, has been delivered.
    """

    number: int
    event: GenerationResult


class PlayoutProgress(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """The transport has played so many milliseconds of this part's speech, and all that came before it."""

    item_id: str
    content_index: int
    played_ms: float


class PlayoutDrained(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """The transport has played all speech that it was handed so far."""


class QuotaChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """What may still be used by the principal of this session, whichever of its sessions used the rest."""

    rate_limits: tuple[RateLimit, ...]


class EngineTookOver(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """Another engine of `stage` serves this session now than `before`; `code` is why, where that is known."""

    stage: str
    engine: str
    before: str
    code: str | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """The clock reached `Session.deadline`."""


EngineResult = Transcribed | Generated | TurnJudged
Input = (
    ClientEvent
    | ClientMistake
    | SpeechScores
    | EngineResult
    | PlayoutProgress
    | PlayoutDrained
    | QuotaChanged
    | EngineTookOver
    | Tick
)
