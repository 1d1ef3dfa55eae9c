"""Neutral events to encode, and helpers to talk to a codec in JSON."""

import json
from typing import Any

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.client import ClientEvent, CreateItem, CreateResponse, UpdateSession
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import RateLimit, Response, ResponseParams, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    BufferCleared,
    BufferCommitted,
    ClockRead,
    ContentPartAdded,
    ContentPartDone,
    EngineChanged,
    ErrorOccurred,
    FalseInterruption,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    IdleTimeout,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    LogProb,
    OutputItemAdded,
    OutputItemDone,
    RateLimitsUpdated,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
    TurnTimings,
    WordTime,
    WordTimes,
)
from voxwire.events.session_config import Modality, SessionConfig, SessionKind, SessionPatch

GA = Variant(dialect=Dialect.GA)
PREVIEW = Variant(dialect=Dialect.PREVIEW, transcription_deltas=True)
FIRST = Variant(dialect=Dialect.PREVIEW, projection=True)
VOICE_LIVE = Variant(dialect=Dialect.VOICE_LIVE)

EXPIRES_AT = 1_790_000_000
CONFIG = SessionConfig(model="gpt-4o-realtime-preview", instructions="Be brief.")
TRANSCRIPTION = SessionConfig(model="gpt-4o-realtime-preview", kind=SessionKind.TRANSCRIPTION)
USAGE = TokenUsage(input_text=12, input_audio=20, cached_text=3, cached_audio=4, output_text=7, output_audio=30)


# --- talking to a codec -----------------------------------------------------------------------------


def decode(codec: WireCodec, type: str, **fields: Any) -> ClientEvent:
    return codec.decode(json.dumps({"type": type, **fields}))


def patch(codec: WireCodec, **session: Any) -> SessionPatch:
    """What a `session.update` with these settings asks for."""
    event = decode(codec, "session.update", session=session)
    assert isinstance(event, UpdateSession)
    return event.patch


def params(codec: WireCodec, **response: Any) -> ResponseParams:
    """What a `response.create` with these settings asks for."""
    event = decode(codec, "response.create", response=response)
    assert isinstance(event, CreateResponse)
    return event.params


def refusal(codec: WireCodec, frame: str | bytes) -> ClientError:
    """The error that a frame gets."""
    with pytest.raises(ClientError) as caught:
        codec.decode(frame)
    return caught.value


def refused(codec: WireCodec, type: str, **fields: Any) -> tuple[str, str | None]:
    """Code and param of the error that an event gets."""
    error = refusal(codec, json.dumps({"type": type, **fields}))
    return error.code, error.param


def left_out(codec: WireCodec, type: str, **fields: Any) -> list[str]:
    """Params of what a valid event has to do without."""
    event = decode(codec, type, **fields)
    assert isinstance(event, UpdateSession | CreateItem | CreateResponse)
    return [field.param for field in event.unsupported]


def encode(codec: WireCodec, event: ServerEvent) -> dict[str, Any]:
    """The event on the wire, which must be there."""
    frame = codec.encode(event, "event_1")
    assert frame is not None
    body = json.loads(frame)
    assert isinstance(body, dict)
    assert body["event_id"] == "event_1"
    return body


# --- values -----------------------------------------------------------------------------------------


def response(
    status: ResponseStatus = ResponseStatus.IN_PROGRESS,
    *output: MessageItem | FunctionCallItem,
    details: StatusDetails | None = None,
    modality: Modality = Modality.AUDIO,
    usage: TokenUsage | None = USAGE,
) -> Response:
    return Response(
        id="resp_1",
        status=status,
        status_details=details,
        output=output,
        conversation_id="conv_1",
        modality=modality,
        voice="alloy",
        output_format=AudioFormat.PCM16,
        temperature=0.8,
        max_output_tokens=None,
        metadata={"topic": "weather"},
        usage=None if status is ResponseStatus.IN_PROGRESS else usage,
    )


def spoken(text: str = "Hello there.", status: ItemStatus = ItemStatus.COMPLETED) -> MessageItem:
    """An answer in speech."""
    content = () if status is ItemStatus.IN_PROGRESS else (OutputAudio(transcript=text),)
    return MessageItem(id="item_2", role=Role.ASSISTANT, content=content, status=status)


def written(text: str = "Hello there.", status: ItemStatus = ItemStatus.COMPLETED) -> MessageItem:
    """An answer in text."""
    content = () if status is ItemStatus.IN_PROGRESS else (OutputText(text=text),)
    return MessageItem(id="item_2", role=Role.ASSISTANT, content=content, status=status)


def call(arguments: str = "", status: ItemStatus = ItemStatus.IN_PROGRESS) -> FunctionCallItem:
    return FunctionCallItem(id="item_2", name="get_weather", call_id="call_1", arguments=arguments, status=status)


HEARD = MessageItem(id="item_1", role=Role.USER, content=(InputAudio(duration_ms=900.0),))
TYPED = MessageItem(id="item_1", role=Role.USER, content=(InputText(text="Hello"),))
RESULT = FunctionCallOutputItem(id="item_3", call_id="call_1", output='{"degrees": 20}')
PART = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
ITEM = {"response_id": "resp_1", "output_index": 0}
RATE_LIMITS = RateLimitsUpdated(
    rate_limits=(
        RateLimit(name="requests", limit=100_000, remaining=99_999, reset_seconds=0.0006),
        RateLimit(name="tokens", limit=100_000_000, remaining=99_999_931, reset_seconds=0.0),
    )
)

#: One event of every type that is not official; it leaves only when asked for.
OUR_EVENTS: tuple[ServerEvent, ...] = (
    ClockRead(now_ms=1200),
    TurnTimings(
        response_id="resp_1",
        item_id="item_1",
        audio_speech_end_ms=1080,
        turn_decided_ms=1290,
        transcript_final_ms=1320,
        first_token_ms=1350,
        first_audio_ms=None,
    ),
    EngineChanged(stage="llm", engine="offline-assistant", before="chat", code="llm_timeout"),
    FalseInterruption(response_id="resp_1", audio_start_ms=2000, audio_end_ms=2300),
    WordTimes(item_id="item_1", content_index=0, words=(WordTime(word="Hello.", start_ms=1080, end_ms=1400),)),
)

#: One event of every official type.
EVERY_EVENT: tuple[ServerEvent, ...] = (
    ErrorOccurred(type="invalid_request_error", code="invalid_value", message="No.", param="audio", event_id="mine"),
    SessionCreated(session_id="sess_1", config=CONFIG, expires_at=EXPIRES_AT),
    SessionUpdated(session_id="sess_1", config=CONFIG, expires_at=EXPIRES_AT),
    BufferCommitted(item_id="item_1", previous_item_id=None),
    BufferCleared(),
    SpeechStarted(item_id="item_1", audio_start_ms=320),
    SpeechStopped(item_id="item_1", audio_end_ms=1280),
    IdleTimeout(item_id="item_1", audio_start_ms=0, audio_end_ms=6000),
    ItemAdded(item=HEARD, previous_item_id=None),
    ItemDone(item=HEARD, previous_item_id="item_0"),
    ItemRetrieved(
        item=HEARD, audio={0: AudioClip(data=b"\1\0\2\0", format=AudioFormat.PCM16)}, format=AudioFormat.PCM16
    ),
    ItemDeleted(item_id="item_1"),
    ItemTruncated(item_id="item_2", content_index=0, audio_end_ms=740),
    TranscriptionDelta(item_id="item_1", content_index=0, delta="hel"),
    TranscriptionCompleted(
        item_id="item_1",
        content_index=0,
        transcript="hello",
        seconds=0.9,
        logprobs=(LogProb(token="hé", logprob=-0.25),),
    ),
    TranscriptionFailed(item_id="item_1", content_index=0, code="audio_unintelligible", message="No words."),
    ResponseCreated(response=response()),
    ResponseDone(response=response(ResponseStatus.COMPLETED, spoken())),
    OutputItemAdded(**ITEM, item=spoken(status=ItemStatus.IN_PROGRESS)),
    OutputItemDone(**ITEM, item=spoken()),
    ContentPartAdded(**PART, part=OutputAudio(transcript="")),
    ContentPartDone(**PART, part=OutputText(text="Hello there.")),
    TextDelta(**PART, delta="Hello"),
    TextDone(**PART, text="Hello there."),
    TranscriptDelta(**PART, delta="Hello"),
    TranscriptDone(**PART, transcript="Hello there."),
    AudioDelta(**PART, pcm=b"\1\0\2\0", format=AudioFormat.PCM16),
    AudioDone(**PART),
    FunctionArgumentsDelta(**ITEM, item_id="item_2", call_id="call_1", delta='{"city"'),
    FunctionArgumentsDone(**ITEM, item=call('{"city": "Oslo"}', ItemStatus.COMPLETED)),
    RATE_LIMITS,
)

# --- flows (protocol: turns, Spoken turn; responses, Order of events) -----------------------------

_OPENING: list[ServerEvent] = [
    SessionCreated(session_id="sess_1", config=CONFIG, expires_at=EXPIRES_AT),
    SessionUpdated(session_id="sess_1", config=CONFIG, expires_at=EXPIRES_AT),
]

_HEARING: list[ServerEvent] = [
    SpeechStarted(item_id="item_1", audio_start_ms=320),
    SpeechStopped(item_id="item_1", audio_end_ms=1280),
    BufferCommitted(item_id="item_1", previous_item_id=None),
    ItemAdded(item=HEARD, previous_item_id=None),
    ItemDone(item=HEARD, previous_item_id=None),
    TranscriptionDelta(item_id="item_1", content_index=0, delta="hello"),
    TranscriptionCompleted(item_id="item_1", content_index=0, transcript="hello", seconds=0.9),
]

_SPEAKING: list[ServerEvent] = [
    ResponseCreated(response=response()),
    OutputItemAdded(**ITEM, item=spoken(status=ItemStatus.IN_PROGRESS)),
    ItemAdded(item=spoken(status=ItemStatus.IN_PROGRESS), previous_item_id="item_1"),
    ContentPartAdded(**PART, part=OutputAudio(transcript="")),
    TranscriptDelta(**PART, delta="Hello there."),
    AudioDelta(**PART, pcm=b"\1\0\2\0\3\0", format=AudioFormat.PCM16),
]


def _closing(text: str, status: ItemStatus, done: Response) -> list[ServerEvent]:
    return [
        AudioDone(**PART),
        TranscriptDone(**PART, transcript=text),
        ContentPartDone(**PART, part=OutputAudio(transcript=text)),
        ItemDone(item=spoken(text, status), previous_item_id="item_1"),
        OutputItemDone(**ITEM, item=spoken(text, status)),
        ResponseDone(response=done),
    ]


SPOKEN_TURN: list[ServerEvent] = [
    *_OPENING,
    *_HEARING,
    *_SPEAKING,
    *_closing("Hello there.", ItemStatus.COMPLETED, response(ResponseStatus.COMPLETED, spoken())),
    RATE_LIMITS,
]

TEXT_TURN: list[ServerEvent] = [
    ItemAdded(item=TYPED, previous_item_id=None),
    ItemDone(item=TYPED, previous_item_id=None),
    ResponseCreated(response=response(modality=Modality.TEXT)),
    OutputItemAdded(**ITEM, item=written(status=ItemStatus.IN_PROGRESS)),
    ItemAdded(item=written(status=ItemStatus.IN_PROGRESS), previous_item_id="item_1"),
    ContentPartAdded(**PART, part=OutputText(text="")),
    TextDelta(**PART, delta="Hello "),
    TextDelta(**PART, delta="there."),
    TextDone(**PART, text="Hello there."),
    ContentPartDone(**PART, part=OutputText(text="Hello there.")),
    ItemDone(item=written(), previous_item_id="item_1"),
    OutputItemDone(**ITEM, item=written()),
    ResponseDone(response=response(ResponseStatus.COMPLETED, written(), modality=Modality.TEXT)),
    RATE_LIMITS,
]

_CALLED = call('{"city": "Oslo"}', ItemStatus.COMPLETED)

FUNCTION_CALL: list[ServerEvent] = [
    ResponseCreated(response=response()),
    OutputItemAdded(**ITEM, item=call()),
    ItemAdded(item=call(), previous_item_id="item_1"),
    FunctionArgumentsDelta(**ITEM, item_id="item_2", call_id="call_1", delta='{"city": '),
    FunctionArgumentsDelta(**ITEM, item_id="item_2", call_id="call_1", delta='"Oslo"}'),
    FunctionArgumentsDone(**ITEM, item=_CALLED),
    ItemDone(item=_CALLED, previous_item_id="item_1"),
    OutputItemDone(**ITEM, item=_CALLED),
    ResponseDone(response=response(ResponseStatus.COMPLETED, _CALLED)),
    RATE_LIMITS,
    ItemAdded(item=RESULT, previous_item_id="item_2"),
    ItemDone(item=RESULT, previous_item_id="item_2"),
]

CANCEL: list[ServerEvent] = [
    *_SPEAKING,
    SpeechStarted(item_id="item_3", audio_start_ms=2400),
    *_closing(
        "Hello there.",
        ItemStatus.INCOMPLETE,
        response(
            ResponseStatus.CANCELLED,
            spoken(status=ItemStatus.INCOMPLETE),
            details=StatusDetails(reason="turn_detected"),
        ),
    ),
    ItemTruncated(item_id="item_2", content_index=0, audio_end_ms=740),
]

FAILURE: list[ServerEvent] = [
    ResponseCreated(response=response()),
    ResponseDone(
        response=response(
            ResponseStatus.FAILED,
            details=StatusDetails(code="engine_busy", message="No free worker within 10 s."),
        )
    ),
    ErrorOccurred(
        type="invalid_request_error",
        code="cannot_update_voice",
        message="Cannot update a conversation's voice if assistant audio is present.",
        param="session.audio.output.voice",
        event_id="mine",
    ),
]

TRANSCRIPTION_ONLY: list[ServerEvent] = [
    SessionCreated(session_id="sess_1", config=TRANSCRIPTION, expires_at=EXPIRES_AT),
    SessionUpdated(session_id="sess_1", config=TRANSCRIPTION, expires_at=EXPIRES_AT),
    *_HEARING,
]

FLOWS: dict[str, list[ServerEvent]] = {
    "spoken_turn": SPOKEN_TURN,
    "text_turn": TEXT_TURN,
    "function_call": FUNCTION_CALL,
    "cancel": CANCEL,
    "failure": FAILURE,
    "transcription": TRANSCRIPTION_ONLY,
}
