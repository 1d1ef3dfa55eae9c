"""What a session asks the runtime to do.

Commands appear among the server events in the order in which they are to take effect. Numbers
(`transcription`, `generation`) are never reused within a session. That windows have to be scored is no command: the
session's tape says so (`voxwire.audio.tape`).
"""

import msgspec

from voxwire.audio.pcm import AudioFormat
from voxwire.events.closing import CloseReason
from voxwire.events.response import TokenUsage
from voxwire.events.server import ServerEvent
from voxwire.interfaces.llm import LlmRequest


class OverhearTurn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """More of a turn that somebody speaks, for a language engine that listens meanwhile (`Capabilities.overhears`)."""

    turn: int
    audio: bytes | bytearray
    format: AudioFormat


class StartTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """Open a recogniser.

    `recorded`: nobody is speaking, all of the audio is there. Recordings of one session take turns, so that many
    of them leave recognisers to others. `word_times`, `logprobs`: when each word was said, and how likely
    it is, will be told as well.
    """

    transcription: int
    format: AudioFormat
    language: str | None
    prompt: str | None
    word_times: bool = False
    logprobs: bool = False
    recorded: bool = False


class FeedTranscription(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """More audio of the utterance, in the format it was started with."""

    transcription: int
    audio: bytes | bytearray


class ProbeTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """Ask what was heard so far, by an `SttInterim`. The utterance goes on."""

    transcription: int


class JudgeTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has paused: may the turn be over? One `TurnJudged` must follow, soon: speech scores wait for it.

    `transcription` is the utterance, of which all audio up to here was fed; it may have failed, or not be needed.
    `audio` is the end of the turn, the pause included, where the deployment has a turn model; else it is empty.
    """

    judgement: int
    transcription: int
    audio: bytes
    format: AudioFormat


class FinishTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """The utterance is complete: an `SttFinal` or `Failed` must follow."""

    transcription: int


class CancelTranscription(msgspec.Struct, frozen=True, kw_only=True):
    transcription: int


class StartResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Generate an answer; exactly one `LlmDone`, `Failed` or `AnswerRefused` must follow, unless cancelled.

    `response_id` is None for a draft: an answer that may not be needed, for the turn may go on.
    `background`: it stands outside of the conversation, whose own answers come first where engines are scarce.
    `words` is the whole answer, where it is fixed: no language engine is asked. `tokens` is about what the answer will
    have used in the end, of what it reads and of what it says: it does not change what is asked.
    """

    generation: int
    response_id: str | None
    request: LlmRequest
    voice: str
    speed: float
    output_format: AudioFormat
    background: bool = False
    words: str | None = None
    tokens: int = 0


class TakeDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The draft of this number has become the response `response_id`: from now on somebody waits for it.

    `saved_ms` is by how much its answer comes earlier.
    """

    generation: int
    response_id: str
    saved_ms: int


class CancelGeneration(msgspec.Struct, frozen=True, kw_only=True):
    """Stop the work at once; what still arrives is ignored."""

    generation: int


class DiscardPendingAudio(msgspec.Struct, frozen=True, kw_only=True):
    """The answer was interrupted: transports that play audio themselves drop what they hold of it."""

    response_id: str


class UsageCounted(msgspec.Struct, frozen=True, kw_only=True):
    """A response has ended, however it ended, and this is what it used: for the books.

    `response_id` is None for a draft that was dropped: nobody asked for it, and nobody was told.
    """

    response_id: str | None
    usage: TokenUsage


class CloseSession(msgspec.Struct, frozen=True, kw_only=True):
    """End all attachments. `message` is for a person to read."""

    reason: CloseReason
    message: str


EngineCommand = (
    OverhearTurn
    | StartTranscription
    | FeedTranscription
    | ProbeTranscription
    | JudgeTurn
    | FinishTranscription
    | CancelTranscription
    | StartResponse
    | TakeDraft
    | CancelGeneration
)
Command = EngineCommand | DiscardPendingAudio | UsageCounted | CloseSession
Output = ServerEvent | Command
