"""What the server says (protocol: events, Server events), in GA meaning.

The session emits these in wire order. Every struct is a value; `event_id` is given by the
attachment that sends it. Output audio is PCM16 at the rate of its format (24 kHz, or 8 kHz when the
format is G.711): the dialect encodes it.
"""

import msgspec

from voxwire.audio.pcm import AudioFormat
from voxwire.events.items import AudioClip, ContentPart, FunctionCallItem, Item, PcmClip
from voxwire.events.response import RateLimit, Response
from voxwire.events.session_config import SessionConfig


class ServerEventBase(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    """What all of them are: tells them from commands at once."""


class ErrorOccurred(ServerEventBase, frozen=True, kw_only=True):
    """`error`; goes to the attachment `origin` alone, or to all when None. `param` in GA spelling."""

    type: str
    code: str | None
    message: str
    param: str | None = None
    event_id: str | None = None
    origin: int | None = None


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What answers a session, for whoever reports a fault: the server's version, the engines by stage, and a digest
    of the settings."""

    version: str
    engines: dict[str, str]
    settings: str


class SessionCreated(ServerEventBase, frozen=True, kw_only=True):
    """`expires_at` in Unix seconds; `fingerprint` where the settings ask for it."""

    session_id: str
    config: SessionConfig
    expires_at: int
    fingerprint: Fingerprint | None = None


class SessionUpdated(ServerEventBase, frozen=True, kw_only=True):
    session_id: str
    config: SessionConfig
    expires_at: int
    fingerprint: Fingerprint | None = None


class BufferCommitted(ServerEventBase, frozen=True, kw_only=True):
    item_id: str
    previous_item_id: str | None


class BufferCleared(ServerEventBase, frozen=True, kw_only=True):
    pass


class SpeechStarted(ServerEventBase, frozen=True, kw_only=True):
    item_id: str
    audio_start_ms: int


class SpeechStopped(ServerEventBase, frozen=True, kw_only=True):
    item_id: str
    audio_end_ms: int


class IdleTimeout(ServerEventBase, frozen=True, kw_only=True):
    """`input_audio_buffer.timeout_triggered` (GA alone)."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


class ItemAdded(ServerEventBase, frozen=True, kw_only=True):
    """`conversation.item.added`; beta `conversation.item.created`."""

    item: Item
    previous_item_id: str | None


class ItemDone(ServerEventBase, frozen=True, kw_only=True):
    """`conversation.item.done` (GA alone)."""

    item: Item
    previous_item_id: str | None


class ItemRetrieved(ServerEventBase, frozen=True, kw_only=True):
    """`audio[content_index]` as it was kept; it goes out in `format`. A part without an entry has no audio left."""

    item: Item
    audio: dict[int, AudioClip | PcmClip]
    format: AudioFormat

    @property
    def audio_bytes(self) -> int:
        """Size of all audio in the format in which it goes out."""
        return sum(self.format.size_of(clip.duration_ms) for clip in self.audio.values())


class ItemDeleted(ServerEventBase, frozen=True, kw_only=True):
    item_id: str


class ItemTruncated(ServerEventBase, frozen=True, kw_only=True):
    item_id: str
    content_index: int
    audio_end_ms: int


class LogProb(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    logprob: float


class TranscriptionDelta(ServerEventBase, frozen=True, kw_only=True):
    """Not sent to 2024-10-01 clients: it kills them."""

    item_id: str
    content_index: int
    delta: str
    logprobs: tuple[LogProb, ...] | None = None


class TranscriptionCompleted(ServerEventBase, frozen=True, kw_only=True):
    """`seconds` of audio, reported as usage of type duration."""

    item_id: str
    content_index: int
    transcript: str
    seconds: float
    logprobs: tuple[LogProb, ...] | None = None


class TranscriptionFailed(ServerEventBase, frozen=True, kw_only=True):
    item_id: str
    content_index: int
    code: str
    message: str


class ResponseCreated(ServerEventBase, frozen=True, kw_only=True):
    response: Response


class ResponseDone(ServerEventBase, frozen=True, kw_only=True):
    response: Response


class OutputItemAdded(ServerEventBase, frozen=True, kw_only=True):
    response_id: str
    output_index: int
    item: Item


class OutputItemDone(ServerEventBase, frozen=True, kw_only=True):
    response_id: str
    output_index: int
    item: Item


class _PartEvent(ServerEventBase, frozen=True, kw_only=True):
    response_id: str
    item_id: str
    output_index: int
    content_index: int


class ContentPartAdded(_PartEvent, frozen=True, kw_only=True):
    """`part` is OutputText or OutputAudio, empty."""

    part: ContentPart


class ContentPartDone(_PartEvent, frozen=True, kw_only=True):
    part: ContentPart


class TextDelta(_PartEvent, frozen=True, kw_only=True):
    delta: str


class TextDone(_PartEvent, frozen=True, kw_only=True):
    text: str


class TranscriptDelta(_PartEvent, frozen=True, kw_only=True):
    """What the spoken answer says, ahead of its audio."""

    delta: str


class TranscriptDone(_PartEvent, frozen=True, kw_only=True):
    transcript: str


class AudioDelta(_PartEvent, frozen=True, kw_only=True, gc=False):
    """`pcm` is PCM16 mono at `format.rate`."""

    pcm: bytes
    format: AudioFormat


class AudioDone(_PartEvent, frozen=True, kw_only=True):
    pass


class FunctionArgumentsDelta(ServerEventBase, frozen=True, kw_only=True):
    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str


class FunctionArgumentsDone(ServerEventBase, frozen=True, kw_only=True):
    """`item` is the call as it ended: name, call_id and full arguments."""

    response_id: str
    output_index: int
    item: FunctionCallItem


class RateLimitsUpdated(ServerEventBase, frozen=True, kw_only=True):
    rate_limits: tuple[RateLimit, ...]


class ClockRead(ServerEventBase, frozen=True, kw_only=True):
    """`voxwire.clock`, ours: the session's clock, in milliseconds since the session began."""

    now_ms: int


class TurnTimings(ServerEventBase, frozen=True, kw_only=True):
    """`voxwire.turn_timings`, ours: when a response and the turn it answers reached their stages.

    `item_id` is the last item that the response read. `audio_speech_end_ms` is the last speech of that
    item in the time of the input audio, like `audio_end_ms`; the others are on the session's clock. None
    for what did not happen. `draft_saved_ms` is by how much the answer came earlier, since it was begun before the turn
    was certain; None where it was not. `drafts_wasted` were begun since the response before, and dropped.
    """

    response_id: str
    item_id: str | None
    audio_speech_end_ms: int | None
    turn_decided_ms: int
    transcript_final_ms: int | None
    first_token_ms: int | None
    first_audio_ms: int | None
    draft_saved_ms: int | None = None
    drafts_wasted: int = 0


class FalseInterruption(ServerEventBase, frozen=True, kw_only=True):
    """`voxwire.false_interruption`, ours: somebody spoke while an answer was heard, and it goes on.

    `response_id` is None where all of it was said already. The times are those of the input audio.
    """

    response_id: str | None
    audio_start_ms: int
    audio_end_ms: int


class EngineChanged(ServerEventBase, frozen=True, kw_only=True):
    """`voxwire.engine_changed`, ours: another engine of a list serves this session now.

    `stage` is `stt`, `llm` or `tts`; `code` is why the one before failed, None where it did so in another session, or
    works again.
    """

    stage: str
    engine: str
    before: str
    code: str | None


class WordTime(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a transcript, and when it was said, in milliseconds of the input audio, like `audio_start_ms`."""

    word: str
    start_ms: int
    end_ms: int


class WordTimes(ServerEventBase, frozen=True, kw_only=True):
    """`voxwire.word_times`, ours: when the words were said of the transcript that was completed just before."""

    item_id: str
    content_index: int
    words: tuple[WordTime, ...]


ServerEvent = (
    ErrorOccurred
    | SessionCreated
    | SessionUpdated
    | BufferCommitted
    | BufferCleared
    | SpeechStarted
    | SpeechStopped
    | IdleTimeout
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | TextDelta
    | TextDone
    | TranscriptDelta
    | TranscriptDone
    | AudioDelta
    | AudioDone
    | FunctionArgumentsDelta
    | FunctionArgumentsDone
    | RateLimitsUpdated
    | ClockRead
    | TurnTimings
    | EngineChanged
    | FalseInterruption
    | WordTimes
)
