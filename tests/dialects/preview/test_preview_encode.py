"""Preview server events: neutral events in, JSON out (protocol: events, Server events)."""

import json
from typing import Any

import pytest
from dialect_samples import (
    CONFIG,
    EVERY_EVENT,
    HEARD,
    PART,
    TRANSCRIPTION,
    encode,
    patch,
    response,
    spoken,
    written,
)
from msgspec import structs

from voxwire.audio.g711 import encode_alaw
from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec, detect
from voxwire.dialects.preview.spelling import preview_path
from voxwire.dialects.wire import decode_audio
from voxwire.events.items import AudioClip, PcmClip
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    AudioDelta,
    ErrorOccurred,
    ItemAdded,
    ItemRetrieved,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    TranscriptionDelta,
)
from voxwire.events.session_config import (
    LOGPROBS,
    FunctionTool,
    Modality,
    NamedTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)

#: (protocol: events, Server events) None is not sent.
NAMES = {
    "ErrorOccurred": "error",
    "SessionCreated": "session.created",
    "SessionUpdated": "session.updated",
    "BufferCommitted": "input_audio_buffer.committed",
    "BufferCleared": "input_audio_buffer.cleared",
    "SpeechStarted": "input_audio_buffer.speech_started",
    "SpeechStopped": "input_audio_buffer.speech_stopped",
    "IdleTimeout": None,
    "ItemAdded": "conversation.item.created",
    "ItemDone": None,
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
    "TextDelta": "response.text.delta",
    "TextDone": "response.text.done",
    "TranscriptDelta": "response.audio_transcript.delta",
    "TranscriptDone": "response.audio_transcript.done",
    "AudioDelta": "response.audio.delta",
    "AudioDone": "response.audio.done",
    "FunctionArgumentsDelta": "response.function_call_arguments.delta",
    "FunctionArgumentsDone": "response.function_call_arguments.done",
    "RateLimitsUpdated": "rate_limits.updated",
}
#: The first version lacks two more (protocol: oldest-clients, Events they know).
FIRST_NAMES = NAMES | {"TranscriptionDelta": None, "ItemRetrieved": None}


def names(codec: WireCodec) -> dict[str, str | None]:
    frames = {type(event).__name__: codec.encode(event, "event_1") for event in EVERY_EVENT}
    return {name: None if frame is None else json.loads(frame)["type"] for name, frame in frames.items()}


def test_names(preview: WireCodec) -> None:
    assert names(preview) == NAMES


def test_names_of_the_first_version(first: WireCodec) -> None:
    assert names(first) == FIRST_NAMES


def test_names_of_voice_live(voice_live: WireCodec) -> None:
    """Its clients know no rate limits."""
    assert names(voice_live) == NAMES | {"RateLimitsUpdated": None}


class TestTranscriptionDeltas:
    """The original clients fail on them wherever OpenAI's marker is (protocol: decisions, Transcription deltas)."""

    DELTA = TranscriptionDelta(item_id="item_1", content_index=0, delta="hel")
    UNKNOWING = (
        {"path": "/v1/realtime", "headers": {"openai-beta": "realtime=v1"}},
        {"path": "/v1/realtime", "subprotocols": ["realtime", "openai-beta.realtime-v1"]},
        {"path": "/openai/realtime", "query": {"api-version": "2024-10-01-preview"}},
        {"path": "/openai/realtime", "query": {"api-version": "2024-12-17"}},
        {"path": "/openai/realtime"},
    )
    KNOWING = (
        {"path": "/openai/realtime", "query": {"api-version": "2025-04-01-preview"}},
        {"path": "/v1/realtime", "query": {"intent": "transcription"}, "headers": {"openai-beta": "realtime=v1"}},
        {"path": "/voice-live/realtime"},
        {"path": "/v1/realtime"},
    )

    @staticmethod
    def connection(handshake: dict[str, Any]) -> WireCodec:
        return WireCodec(detect(**{"query": {}, "headers": {}, "subprotocols": [], **handshake}))

    @pytest.mark.parametrize("handshake", UNKNOWING)
    def test_stay_away_from_clients_that_may_not_know_them(self, handshake: dict[str, Any]) -> None:
        assert self.connection(handshake).encode(self.DELTA, "event_1") is None

    @pytest.mark.parametrize("handshake", KNOWING)
    def test_go_to_those_that_do(self, handshake: dict[str, Any]) -> None:
        assert encode(self.connection(handshake), self.DELTA)["delta"] == "hel"

    @pytest.mark.parametrize("name", [LOGPROBS, "voxwire.transcription_deltas"])
    @pytest.mark.parametrize("handshake", UNKNOWING)
    def test_go_to_whoever_asks(self, handshake: dict[str, Any], name: str) -> None:
        codec = self.connection(handshake)
        config = structs.replace(CONFIG, include=patch(codec, include=[name]).include)
        encode(codec, SessionUpdated(session_id="s", config=config, expires_at=1))
        assert encode(codec, self.DELTA)["delta"] == "hel"


def session(codec: WireCodec, config: SessionConfig) -> dict[str, Any]:
    created = encode(codec, SessionCreated(session_id="sess_1", config=config, expires_at=7))
    updated = encode(codec, SessionUpdated(session_id="sess_1", config=config, expires_at=7))
    assert created["type"] == updated["type"].replace("updated", "created")
    assert created["session"] == updated["session"]
    found: dict[str, Any] = created["session"]
    return found


class TestSessionObject:
    """Protocol: sessions, A session as it starts."""

    def test_a_new_session(self, preview: WireCodec) -> None:
        assert session(preview, SessionConfig(model="m")) == {
            "id": "sess_1",
            "object": "realtime.session",
            "model": "m",
            "expires_at": 7,
            "modalities": ["text", "audio"],
            "instructions": "",
            "voice": "alloy",
            "speed": 1.0,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 200,
                "create_response": True,
                "interrupt_response": True,
            },
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": None,
            "input_audio_noise_reduction": None,
            "client_secret": None,
            "include": None,
            "tool_choice": "auto",
            "temperature": 0.8,
            "max_response_output_tokens": "inf",
            "tools": [],
            "tracing": None,
        }

    def test_settings(self, preview: WireCodec) -> None:
        config = structs.replace(
            CONFIG,
            modality=Modality.TEXT,
            transcription=Transcription(model="gpt-4o-transcribe"),
            turn_detection=SemanticVad(),
            max_output_tokens=12,
            tools=(FunctionTool(name="f"),),
            tool_choice=NamedTool(name="f"),
            voice="marin",
        )
        found = session(preview, config)
        assert found["modalities"] == ["text"]
        assert found["input_audio_transcription"]["model"] == "gpt-4o-transcribe"
        assert found["turn_detection"]["type"] == "semantic_vad"
        assert found["max_response_output_tokens"] == 12
        assert found["tools"] == [{"type": "function", "name": "f"}]
        assert found["tool_choice"] == {"type": "function", "name": "f"}
        assert found["voice"] == "marin"

    def test_a_named_tool_keeps_its_spelling(self, preview: WireCodec) -> None:
        config = structs.replace(CONFIG, tool_choice=NamedTool(name="f", nested=True))
        assert session(preview, config)["tool_choice"] == {"type": "function", "function": {"name": "f"}}

    def test_idle_timeout_is_ga_alone(self, preview: WireCodec) -> None:
        config = structs.replace(CONFIG, turn_detection=ServerVad(idle_timeout_ms=6000))
        assert "idle_timeout_ms" not in session(preview, config)["turn_detection"]

    def test_whisper_is_the_default_recogniser(self, preview: WireCodec) -> None:
        config = structs.replace(CONFIG, transcription=Transcription(language="en"))
        shown = {"model": "whisper-1", "language": "en"}
        assert session(preview, config)["input_audio_transcription"] == shown

    def test_transcription_session(self, preview: WireCodec) -> None:
        config = structs.replace(TRANSCRIPTION, transcription=Transcription(model="whisper-1"))
        assert encode(preview, SessionCreated(session_id="sess_1", config=config, expires_at=7)) == {
            "type": "transcription_session.created",
            "event_id": "event_1",
            "session": {
                "id": "sess_1",
                "object": "realtime.transcription_session",
                "expires_at": 7,
                "modalities": ["text", "audio"],
                "input_audio_format": "pcm16",
                "input_audio_transcription": {"model": "whisper-1"},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 200,
                },
                "input_audio_noise_reduction": None,
                "include": None,
                "client_secret": None,
            },
        }
        updated = encode(preview, SessionUpdated(session_id="sess_1", config=config, expires_at=7))
        assert updated["type"] == "transcription_session.updated"

    @pytest.mark.parametrize(
        ("config", "type"), [(CONFIG, "session.update"), (TRANSCRIPTION, "transcription_session.update")]
    )
    def test_what_we_send_can_be_sent_back(self, preview: WireCodec, config: SessionConfig, type: str) -> None:
        """All but identity and lifetime: clients keep the session and send it again with changes."""
        sent = session(preview, structs.replace(config, transcription=Transcription(), tools=(FunctionTool(name="f"),)))
        for key in ("id", "object", "expires_at"):
            del sent[key]
        preview.decode(json.dumps({"type": type, "session": sent}))


class TestItems:
    """Protocol: dialects, Names of content parts."""

    def test_answers_are_called_text_and_audio(self, preview: WireCodec) -> None:
        for item, part in [
            (spoken("a"), {"type": "audio", "transcript": "a"}),
            (written("a"), {"type": "text", "text": "a"}),
            (HEARD, {"type": "input_audio", "transcript": None}),
        ]:
            found = encode(preview, ItemAdded(item=item, previous_item_id=None))
            assert found["previous_item_id"] is None
            assert found["item"]["content"] == [part]

    def test_retrieved(self, preview: WireCodec) -> None:
        clip = AudioClip(data=b"\1\2", format=AudioFormat.PCM16)
        event = ItemRetrieved(item=spoken("a"), audio={0: clip}, format=AudioFormat.PCM16)
        assert encode(preview, event)["item"]["content"] == [{"type": "audio", "transcript": "a", "audio": "AQI="}]

    def test_retrieved_audio_is_converted(self, preview: WireCodec) -> None:
        """What an assistant said is kept at its engine's rate, speech of the user as it came."""
        kept = PcmClip(data=bytes(16_000), rate=16_000)
        event = ItemRetrieved(item=spoken("a"), audio={0: kept}, format=AudioFormat.ULAW)
        (part,) = encode(preview, event)["item"]["content"]
        assert decode_audio(part["audio"], "audio") == b"\xff" * 4000

    def test_audio_is_companded(self, preview: WireCodec) -> None:
        pcm = b"\1\0\2\0\0\x40"
        frame = encode(preview, AudioDelta(**PART, pcm=pcm, format=AudioFormat.ALAW))
        assert decode_audio(frame["delta"], "delta") == encode_alaw(pcm)


class TestResponseObject:
    """Protocol: responses, The response object."""

    def test_done(self, preview: WireCodec) -> None:
        found = encode(preview, ResponseDone(response=response(ResponseStatus.COMPLETED, spoken("a"))))["response"]
        assert found.pop("output")[0]["content"] == [{"type": "audio", "transcript": "a"}]
        assert found == {
            "object": "realtime.response",
            "id": "resp_1",
            "status": "completed",
            "status_details": None,
            "conversation_id": "conv_1",
            "modalities": ["text", "audio"],
            "voice": "alloy",
            "output_audio_format": "pcm16",
            "temperature": 0.8,
            "max_output_tokens": "inf",
            "metadata": {"topic": "weather"},
            "usage": {
                "total_tokens": 69,
                "input_tokens": 32,
                "output_tokens": 37,
                "input_token_details": {
                    "text_tokens": 12,
                    "audio_tokens": 20,
                    "cached_tokens": 7,
                    "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 4},
                },
                "output_token_details": {"text_tokens": 7, "audio_tokens": 30},
            },
        }


class TestErrors:
    """The session speaks of GA paths, the client hears of preview's (protocol: dialects, Names of session fields)."""

    @pytest.mark.parametrize(
        ("ga", "preview"),
        [
            ("session.audio.output.voice", "session.voice"),
            ("session.audio.output.speed", "session.speed"),
            ("session.audio.output.format", "session.output_audio_format"),
            ("session.audio.input.format", "session.input_audio_format"),
            ("session.audio.input.format.rate", "session.input_audio_sampling_rate"),
            ("session.audio.input.transcription.language", "session.input_audio_transcription.language"),
            ("session.audio.input.turn_detection.threshold", "session.turn_detection.threshold"),
            ("session.audio.input.noise_reduction", "session.input_audio_noise_reduction"),
            ("session.output_modalities", "session.modalities"),
            ("session.max_output_tokens", "session.max_response_output_tokens"),
            ("response.audio.output.voice", "response.voice"),
            ("response.audio.output.format", "response.output_audio_format"),
            ("response.output_modalities", "response.modalities"),
            ("response.max_output_tokens", "response.max_output_tokens"),
            ("session.tools[0].name", "session.tools[0].name"),
            ("session.voice", "session.voice"),
            ("item.content[0].audio", "item.content[0].audio"),
            ("audio", "audio"),
        ],
    )
    def test_path(self, ga: str, preview: str) -> None:
        assert preview_path(ga) == preview

    def error(self, codec: WireCodec, **fields: Any) -> dict[str, Any]:
        event = ErrorOccurred(type="invalid_request_error", **fields)
        found: dict[str, Any] = encode(codec, event)["error"]
        return found

    def test_param_and_message(self, preview: WireCodec, first: WireCodec) -> None:
        param = "session.audio.output.voice"
        for codec in (preview, first):
            found = self.error(codec, code="invalid_value", message=f"Invalid value for '{param}'.", param=param)
            assert found["param"] == "session.voice"
            assert found["message"] == "Invalid value for 'session.voice'."

    def test_without_param(self, preview: WireCodec) -> None:
        assert self.error(preview, code="c", message="m", event_id="mine") == {
            "type": "invalid_request_error",
            "code": "c",
            "message": "m",
            "param": None,
            "event_id": "mine",
        }

    def test_an_unknown_parameter_is_named_as_it_came(self, preview: WireCodec) -> None:
        param = "session.output_modalities"
        message = f"Unknown parameter: '{param}'."
        found = self.error(preview, code="unknown_parameter", message=message, param=param)
        assert (found["param"], found["message"]) == (param, message)
