"""GA server events: neutral events in, JSON out (protocol: events, Server events)."""

import json
from typing import Any

import pytest
from dialect_samples import (
    CONFIG,
    EVERY_EVENT,
    HEARD,
    PART,
    RESULT,
    TRANSCRIPTION,
    call,
    encode,
    response,
    spoken,
    written,
)
from msgspec import structs

from voxwire.audio.g711 import encode_ulaw
from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec
from voxwire.dialects.wire import decode_audio
from voxwire.events.items import (
    AudioClip,
    InputImage,
    InputText,
    Item,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import ResponseStatus, StatusDetails
from voxwire.events.server import (
    AudioDelta,
    ContentPartDone,
    ErrorOccurred,
    ItemAdded,
    ItemRetrieved,
    LogProb,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    TranscriptionCompleted,
    TranscriptionFailed,
)
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    NamedTool,
    PromptReference,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)

#: (protocol: events, Server events)
NAMES = {
    "ErrorOccurred": "error",
    "SessionCreated": "session.created",
    "SessionUpdated": "session.updated",
    "BufferCommitted": "input_audio_buffer.committed",
    "BufferCleared": "input_audio_buffer.cleared",
    "SpeechStarted": "input_audio_buffer.speech_started",
    "SpeechStopped": "input_audio_buffer.speech_stopped",
    "IdleTimeout": "input_audio_buffer.timeout_triggered",
    "ItemAdded": "conversation.item.added",
    "ItemDone": "conversation.item.done",
    "ItemRetrieved": "conversation.item.retrieved",
    "ItemDeleted": "conversation.item.deleted",
    "ItemTruncated": "conversation.item.truncated",
    "TranscriptionDelta": "conversation.item.input_audio_transcription.delta",
    "TranscriptionCompleted": "conversation.item.input_audio_transcription.completed",
    "TranscriptionFailed": "conversation.item.input_audio_transcription.failed",
    "ResponseCreated": "response.created",
    "ResponseDone": "response.done",
    "OutputItemAdded": "response.output_item.added",
    "OutputItemDone": "response.output_item.done",
    "ContentPartAdded": "response.content_part.added",
    "ContentPartDone": "response.content_part.done",
    "TextDelta": "response.output_text.delta",
    "TextDone": "response.output_text.done",
    "TranscriptDelta": "response.output_audio_transcript.delta",
    "TranscriptDone": "response.output_audio_transcript.done",
    "AudioDelta": "response.output_audio.delta",
    "AudioDone": "response.output_audio.done",
    "FunctionArgumentsDelta": "response.function_call_arguments.delta",
    "FunctionArgumentsDone": "response.function_call_arguments.done",
    "RateLimitsUpdated": "rate_limits.updated",
}


def test_names(ga: WireCodec) -> None:
    assert {type(event).__name__: encode(ga, event)["type"] for event in EVERY_EVENT} == NAMES


def session(codec: WireCodec, config: SessionConfig) -> dict[str, Any]:
    created = encode(codec, SessionCreated(session_id="sess_1", config=config, expires_at=7))["session"]
    updated = encode(codec, SessionUpdated(session_id="sess_1", config=config, expires_at=7))["session"]
    assert created == updated
    assert isinstance(created, dict)
    return created


def item(codec: WireCodec, value: Item) -> dict[str, Any]:
    found: dict[str, Any] = encode(codec, ItemAdded(item=value, previous_item_id=None))["item"]
    return found


class TestSessionObject:
    """Protocol: sessions, A session as it starts."""

    def test_a_new_session(self, ga: WireCodec) -> None:
        format = {"type": "audio/pcm", "rate": 24000}
        assert session(ga, SessionConfig(model="m")) == {
            "type": "realtime",
            "object": "realtime.session",
            "id": "sess_1",
            "model": "m",
            "output_modalities": ["audio"],
            "instructions": "",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "expires_at": 7,
            "audio": {
                "input": {
                    "format": format,
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 200,
                        "idle_timeout_ms": None,
                        "create_response": True,
                        "interrupt_response": True,
                    },
                },
                "output": {"format": format, "voice": "alloy", "speed": 1.0},
            },
            "include": None,
        }

    def test_everything_set(self, ga: WireCodec) -> None:
        config = structs.replace(
            CONFIG,
            modality=Modality.TEXT,
            input_format=AudioFormat.ULAW,
            output_format=AudioFormat.ALAW,
            transcription=Transcription(model="whisper-1", language="en"),
            turn_detection=SemanticVad(eagerness=Eagerness.LOW, interrupt_response=False),
            max_output_tokens=12,
            tools=(FunctionTool(name="f", description="d", parameters={"type": "object"}), FunctionTool(name="g")),
            tool_choice=NamedTool(name="f"),
            include=("x",),
            truncation=RetentionRatio(retention_ratio=0.5, post_instructions=9),
            tracing="auto",
            reasoning={"effort": "low"},
            parallel_tool_calls=False,
            prompt=PromptReference(id="p"),
        )
        found = session(ga, config)
        assert found["output_modalities"] == ["text"]
        assert found["audio"]["input"] == {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "whisper-1", "language": "en"},
            "noise_reduction": None,
            "turn_detection": {
                "type": "semantic_vad",
                "eagerness": "low",
                "create_response": True,
                "interrupt_response": False,
            },
        }
        assert found["audio"]["output"]["format"] == {"type": "audio/pcma"}
        assert found["max_output_tokens"] == 12
        assert found["tools"] == [
            {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
            {"type": "function", "name": "g"},
        ]
        assert found["tool_choice"] == {"type": "function", "name": "f"}
        assert found["include"] == ["x"]
        assert found["truncation"] == {
            "type": "retention_ratio",
            "retention_ratio": 0.5,
            "token_limits": {"post_instructions": 9},
        }
        assert (found["tracing"], found["prompt"]) == ("auto", {"id": "p"})
        assert (found["reasoning"], found["parallel_tool_calls"]) == ({"effort": "low"}, False)

    def test_truncation_without_a_limit(self, ga: WireCodec) -> None:
        config = structs.replace(CONFIG, truncation=RetentionRatio(retention_ratio=0.5))
        assert session(ga, config)["truncation"] == {"type": "retention_ratio", "retention_ratio": 0.5}

    def test_idle_timeout(self, ga: WireCodec) -> None:
        config = structs.replace(CONFIG, turn_detection=ServerVad(idle_timeout_ms=6000))
        assert session(ga, config)["audio"]["input"]["turn_detection"]["idle_timeout_ms"] == 6000

    def test_no_turn_detection(self, ga: WireCodec) -> None:
        config = structs.replace(CONFIG, turn_detection=None)
        assert session(ga, config)["audio"]["input"]["turn_detection"] is None

    def test_a_named_tool_keeps_its_spelling(self, ga: WireCodec) -> None:
        config = structs.replace(CONFIG, tool_choice=NamedTool(name="f", nested=True))
        assert session(ga, config)["tool_choice"] == {"type": "function", "function": {"name": "f"}}

    def test_what_only_some_recognisers_have_shows_once_it_is_set(self, ga: WireCodec) -> None:
        asked = Transcription(keywords=("Voxwire",), languages=("en", "de"), delay="low")
        event = SessionUpdated(session_id="sess_1", config=structs.replace(CONFIG, transcription=asked), expires_at=7)
        assert encode(ga, event)["session"]["audio"]["input"]["transcription"] == {
            "model": "whisper-1",
            "keywords": ["Voxwire"],
            "languages": ["en", "de"],
            "delay": "low",
        }

    def test_transcription_session(self, ga: WireCodec) -> None:
        """No response settings, not even in the turn detection."""
        config = structs.replace(TRANSCRIPTION, transcription=Transcription(model="gpt-transcribe"))
        assert session(ga, config) == {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": "sess_1",
            "expires_at": 7,
            "include": None,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-transcribe"},
                    "noise_reduction": None,
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 200,
                    },
                }
            },
        }

    @pytest.mark.parametrize("config", [CONFIG, TRANSCRIPTION])
    def test_what_we_send_can_be_sent_back(self, ga: WireCodec, config: SessionConfig) -> None:
        """All but identity and lifetime: clients keep the session and send it again with changes."""
        sent = session(ga, structs.replace(config, transcription=Transcription(), tools=(FunctionTool(name="f"),)))
        for key in ("id", "object", "expires_at"):
            del sent[key]
        ga.decode(json.dumps({"type": "session.update", "session": sent}))


class TestItems:
    """Protocol: dialects, Names of content parts."""

    def test_message(self, ga: WireCodec) -> None:
        content = (InputText(text="a"), InputImage(image_url="data:", detail="low"))
        assert item(ga, MessageItem(id="i", role=Role.USER, content=content)) == {
            "id": "i",
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "data:", "detail": "low"},
            ],
        }

    def test_speech_of_the_user_has_no_bytes_but_the_key_transcript(self, ga: WireCodec) -> None:
        assert item(ga, HEARD)["content"] == [{"type": "input_audio", "transcript": None}]

    def test_answers_are_called_output(self, ga: WireCodec) -> None:
        assert item(ga, spoken("a"))["content"] == [{"type": "output_audio", "transcript": "a"}]
        assert item(ga, written("a"))["content"] == [{"type": "output_text", "text": "a"}]

    def test_function_call_in_progress_has_arguments(self, ga: WireCodec) -> None:
        assert item(ga, call()) == {
            "id": "item_2",
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": "get_weather",
            "call_id": "call_1",
            "arguments": "",
        }

    def test_function_call_output(self, ga: WireCodec) -> None:
        assert item(ga, RESULT) == {
            "id": "item_3",
            "object": "realtime.item",
            "type": "function_call_output",
            "status": "completed",
            "call_id": "call_1",
            "output": '{"degrees": 20}',
        }

    def test_retrieved_has_audio_where_some_is_left(self, ga: WireCodec) -> None:
        value = MessageItem(
            id="i", role=Role.ASSISTANT, content=(OutputAudio(transcript="a"), OutputAudio(transcript="b"))
        )
        clip = AudioClip(data=b"\1\2", format=AudioFormat.ULAW)
        event = ItemRetrieved(item=value, audio={1: clip}, format=AudioFormat.ULAW)
        assert encode(ga, event)["item"]["content"] == [
            {"type": "output_audio", "transcript": "a"},
            {"type": "output_audio", "transcript": "b", "audio": "AQI="},
        ]

    def test_parts_of_the_stream_keep_their_short_names(self, ga: WireCodec) -> None:
        event = ContentPartDone(**PART, part=OutputAudio(transcript="a"))
        assert encode(ga, event)["part"] == {"type": "audio", "transcript": "a"}
        event = ContentPartDone(**PART, part=OutputText(text="a"))
        assert encode(ga, event)["part"] == {"type": "text", "text": "a"}


class TestResponseObject:
    """Protocol: responses, The response object; responses, Usage."""

    def test_done(self, ga: WireCodec) -> None:
        shown = structs.replace(
            response(ResponseStatus.COMPLETED, spoken(status=ItemStatus.COMPLETED)),
            conversation_id=None,
            max_output_tokens=9,
            output_format=AudioFormat.ULAW,
        )
        found = encode(ga, ResponseDone(response=shown))["response"]
        assert len(found.pop("output")) == 1
        assert found == {
            "object": "realtime.response",
            "id": "resp_1",
            "status": "completed",
            "status_details": None,
            "conversation_id": None,
            "output_modalities": ["audio"],
            "max_output_tokens": 9,
            "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "alloy"}},
            "metadata": {"topic": "weather"},
            "usage": {
                "total_tokens": 69,
                "input_tokens": 32,
                "output_tokens": 37,
                "input_token_details": {
                    "text_tokens": 12,
                    "audio_tokens": 20,
                    "image_tokens": 0,
                    "cached_tokens": 7,
                    "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 4, "image_tokens": 0},
                },
                "output_token_details": {"text_tokens": 7, "audio_tokens": 30},
            },
        }

    @pytest.mark.parametrize(
        ("status", "details", "expected"),
        [
            (ResponseStatus.IN_PROGRESS, None, None),
            (ResponseStatus.COMPLETED, None, None),
            (ResponseStatus.COMPLETED, StatusDetails(reason="completed"), None),
            (ResponseStatus.CANCELLED, None, None),
            (
                ResponseStatus.CANCELLED,
                StatusDetails(reason="client_cancelled"),
                {"type": "cancelled", "reason": "client_cancelled"},
            ),
            (
                ResponseStatus.INCOMPLETE,
                StatusDetails(reason="max_output_tokens"),
                {"type": "incomplete", "reason": "max_output_tokens"},
            ),
            (
                ResponseStatus.FAILED,
                StatusDetails(code="engine_busy", message="m"),
                {"type": "failed", "error": {"type": "server_error", "code": "engine_busy", "message": "m"}},
            ),
            (
                ResponseStatus.FAILED,
                StatusDetails(type="invalid_request_error", code="session_expired", message="m"),
                {
                    "type": "failed",
                    "error": {"type": "invalid_request_error", "code": "session_expired", "message": "m"},
                },
            ),
        ],
    )
    def test_status_details(
        self, codec: WireCodec, status: ResponseStatus, details: StatusDetails | None, expected: Any
    ) -> None:
        found = encode(codec, ResponseDone(response=response(status, details=details)))["response"]
        assert (found["status"], found["status_details"]) == (status.value, expected)


class TestOthers:
    """Protocol: transcription, Transcription events; errors, Events of type error."""

    def test_error(self, ga: WireCodec) -> None:
        event = ErrorOccurred(
            type="invalid_request_error", code="c", message="No.", param="session.audio.output.voice", origin=3
        )
        assert encode(ga, event)["error"] == {
            "type": "invalid_request_error",
            "code": "c",
            "message": "No.",
            "param": "session.audio.output.voice",
            "event_id": None,
        }

    def test_logprobs_carry_their_bytes(self, ga: WireCodec) -> None:
        event = TranscriptionCompleted(
            item_id="i", content_index=0, transcript="é", seconds=1.5, logprobs=(LogProb(token="é", logprob=-0.5),)
        )
        found = encode(ga, event)
        assert found["logprobs"] == [{"token": "é", "logprob": -0.5, "bytes": [195, 169]}]
        assert found["usage"] == {"type": "duration", "seconds": 1.5}

    def test_transcription_failed(self, codec: WireCodec) -> None:
        event = TranscriptionFailed(item_id="i", content_index=0, code="audio_unintelligible", message="m")
        assert encode(codec, event)["error"] == {
            "type": "transcription_error",
            "code": "audio_unintelligible",
            "message": "m",
        }

    def test_audio_is_companded(self, ga: WireCodec) -> None:
        pcm = b"\1\0\2\0\0\x40"
        frame = encode(ga, AudioDelta(**PART, pcm=pcm, format=AudioFormat.ULAW))
        assert decode_audio(frame["delta"], "delta") == encode_ulaw(pcm)
