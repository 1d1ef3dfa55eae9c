"""Replies to 2024-10-01 clients stay within what these accept (protocol: oldest-clients, Closed sets).

The table below is our own copy of their rules: value by value, what a client of that version would
reject. "Key needed" is a key that may be null but must be there.
"""

import json
from typing import Any

import pytest
from dialect_samples import CONFIG, EVERY_EVENT, FLOWS, encode, response, spoken
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.dialects.preview.projection import OFFICIAL_VOICES, project_error, project_session
from voxwire.events.response import ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import ErrorOccurred, ResponseDone, ServerEvent, SessionUpdated
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    NamedTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)

FIRST = Variant(dialect=Dialect.PREVIEW, projection=True)

#: The only events that may be sent (protocol: oldest-clients, Events they know), with the keys that each must have.
EVENTS: dict[str, set[str]] = {
    "error": {"error"},
    "session.created": {"session"},
    "session.updated": {"session"},
    "input_audio_buffer.committed": {"previous_item_id", "item_id"},
    "input_audio_buffer.cleared": set(),
    "input_audio_buffer.speech_started": {"audio_start_ms", "item_id"},
    "input_audio_buffer.speech_stopped": {"audio_end_ms", "item_id"},
    "conversation.item.created": {"previous_item_id", "item"},
    "conversation.item.truncated": {"item_id", "content_index", "audio_end_ms"},
    "conversation.item.deleted": {"item_id"},
    "conversation.item.input_audio_transcription.completed": {"item_id", "content_index", "transcript"},
    "conversation.item.input_audio_transcription.failed": {"item_id", "content_index", "error"},
    "response.created": {"response"},
    "response.done": {"response"},
    "response.output_item.added": {"response_id", "output_index", "item"},
    "response.output_item.done": {"response_id", "output_index", "item"},
    "rate_limits.updated": {"rate_limits"},
    "response.function_call_arguments.delta": {"response_id", "item_id", "output_index", "call_id", "delta"},
    "response.function_call_arguments.done": {
        "response_id",
        "item_id",
        "output_index",
        "call_id",
        "name",
        "arguments",
    },
}
PART_KEYS = {"response_id", "item_id", "output_index", "content_index"}
EVENTS |= {
    f"response.{name}": PART_KEYS | keys
    for name, keys in {
        "content_part.added": {"part"},
        "content_part.done": {"part"},
        "text.delta": {"delta"},
        "text.done": {"text"},
        "audio_transcript.delta": {"delta"},
        "audio_transcript.done": {"transcript"},
        "audio.delta": {"delta"},
        "audio.done": set(),
    }.items()
}

SESSION_KEYS = {
    "id",
    "model",
    "modalities",
    "instructions",
    "voice",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "turn_detection",
    "tools",
    "tool_choice",
    "temperature",
    "max_response_output_tokens",
}
VOICE_NAMES = {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"}
FORMAT_NAMES = {"pcm16", "g711-ulaw", "g711-alaw"}
REASONS = {
    "cancelled": {"turn_detected", "client_cancelled"},
    "incomplete": {"max_output_tokens", "content_filter"},
}
PART_TEXTS = {"input_text": "text", "text": "text", "input_audio": "transcript", "audio": "transcript"}


def check_event(event: dict[str, Any]) -> None:
    assert isinstance(event["event_id"], str)
    assert EVENTS[event["type"]] <= event.keys()
    if "session" in event:
        check_session(event["session"])
    if "response" in event:
        check_response(event["response"])
    if "item" in event:
        check_item(event["item"])
    if "part" in event:
        check_part(event["part"])
    if event["type"] == "error":
        assert isinstance(event["error"]["message"], str)
        assert all(isinstance(value, str | None) for value in event["error"].values())
    for limit in event.get("rate_limits", []):
        assert {"name", "limit", "remaining", "reset_seconds"} <= limit.keys()


def check_session(session: dict[str, Any]) -> None:
    assert session.keys() >= SESSION_KEYS
    nullable = {"input_audio_transcription", "turn_detection", "max_response_output_tokens"}
    assert all(session[key] is not None for key in SESSION_KEYS - nullable)
    assert set(session["modalities"]) in ({"text"}, {"text", "audio"})
    assert session["voice"] in VOICE_NAMES
    assert {session["input_audio_format"], session["output_audio_format"]} <= FORMAT_NAMES
    assert session["input_audio_transcription"] is None or session["input_audio_transcription"]["model"] == "whisper-1"
    assert session["turn_detection"] is None or session["turn_detection"]["type"] in ("none", "server_vad")
    if not isinstance(session["tool_choice"], str):
        assert session["tool_choice"].keys() == {"type", "function"}
        assert session["tool_choice"]["type"] == "function"
        assert isinstance(session["tool_choice"]["function"], str)
    else:
        assert session["tool_choice"] in ("auto", "none", "required")
    assert 0.6 <= session["temperature"] <= 1.2
    assert session["max_response_output_tokens"] == "inf" or isinstance(session["max_response_output_tokens"], int)


def check_response(response: dict[str, Any]) -> None:
    assert {"id", "status", "status_details", "output", "usage"} <= response.keys()
    assert isinstance(response["output"], list)
    for item in response["output"]:
        check_item(item)
    details = response["status_details"]
    if details is not None and details["type"] == "failed":
        assert "error" in details
    elif details is not None:
        assert details["reason"] in REASONS[details["type"]]
    usage = response["usage"]
    if usage is not None:
        assert all(isinstance(usage[key], int) for key in ("total_tokens", "input_tokens", "output_tokens"))
        assert {"cached_tokens", "text_tokens", "audio_tokens"} <= usage["input_token_details"].keys()
        assert {"text_tokens", "audio_tokens"} <= usage["output_token_details"].keys()


def check_item(item: dict[str, Any]) -> None:
    if item["type"] == "message":
        assert item.keys() >= {"id", "status", "role", "content"}
        for part in item["content"]:
            check_part(part)
    elif item["type"] == "function_call":
        assert item.keys() >= {"id", "status", "name", "call_id", "arguments"}
    else:
        assert item["type"] == "function_call_output"
        assert item.keys() >= {"id", "call_id", "output"}
    assert item.get("status") in ("in_progress", "completed", "incomplete")


def check_part(part: dict[str, Any]) -> None:
    assert PART_TEXTS[part["type"]] in part


@pytest.mark.parametrize("rule", [check_session, check_response, check_item, check_part, check_event])
def test_the_rules_can_be_broken(rule: Any) -> None:
    with pytest.raises((AssertionError, KeyError)):
        rule({"type": "output_text", "event_id": "e"})


class TestEveryEvent:
    @pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
    def test_event(self, event: ServerEvent) -> None:
        frame = WireCodec(FIRST).encode(event, "event_1")
        if frame is not None:
            check_event(json.loads(frame))

    @pytest.mark.parametrize("flow", [name for name in FLOWS if name != "transcription"])
    def test_flow(self, flow: str) -> None:
        codec = WireCodec(FIRST)
        frames = [codec.encode(event, "event_1") for event in FLOWS[flow]]
        assert any(frames)
        for frame in frames:
            if frame is not None:
                check_event(json.loads(frame))


def settings() -> st.SearchStrategy[SessionConfig]:
    flags = st.booleans()
    detection = st.one_of(
        st.none(),
        st.builds(ServerVad, create_response=flags, idle_timeout_ms=st.none() | st.just(6000)),
        st.builds(SemanticVad, eagerness=st.sampled_from(Eagerness), interrupt_response=flags),
    )
    return st.builds(
        SessionConfig,
        model=st.text(),
        modality=st.sampled_from(Modality),
        voice=st.sampled_from(["alloy", "verse", "marin", "cedar", "voice_1", ""]),
        input_format=st.sampled_from(AudioFormat),
        output_format=st.sampled_from(AudioFormat),
        transcription=st.none() | st.builds(Transcription, model=st.none() | st.text(), language=st.just("en")),
        turn_detection=detection,
        temperature=st.floats(0, 2),
        max_output_tokens=st.none() | st.integers(1, 4096),
        tools=st.just(()) | st.just((FunctionTool(name="f"),)),
        tool_choice=st.sampled_from(["auto", "none", "required"])
        | st.builds(NamedTool, name=st.just("f"), nested=flags),
    )


class TestSettings:
    @given(settings())
    def test_any_session_fits(self, config: SessionConfig) -> None:
        check_event(encode(WireCodec(FIRST), SessionUpdated(session_id="s", config=config, expires_at=1)))

    @given(settings())
    def test_what_fits_is_not_changed(self, config: SessionConfig) -> None:
        shown = project_session(config)
        assert project_session(shown) == shown
        assert (shown.tools, shown.tool_choice, shown.modality) == (config.tools, config.tool_choice, config.modality)

    @pytest.mark.parametrize(("voice", "shown"), [("marin", "coral"), ("cedar", "ash"), ("mine", "alloy")])
    def test_voices_become_the_nearest(self, voice: str, shown: str) -> None:
        assert project_session(structs.replace(CONFIG, voice=voice)).voice == shown

    def test_known_voices_stay(self) -> None:
        assert OFFICIAL_VOICES == VOICE_NAMES
        for voice in OFFICIAL_VOICES:
            assert project_session(structs.replace(CONFIG, voice=voice)).voice == voice

    @pytest.mark.parametrize(("temperature", "shown"), [(0.1, 0.6), (0.9, 0.9), (2.0, 1.2)])
    def test_temperature(self, temperature: float, shown: float) -> None:
        assert project_session(structs.replace(CONFIG, temperature=temperature)).temperature == shown

    def test_semantic_vad_keeps_what_it_does(self) -> None:
        config = structs.replace(CONFIG, turn_detection=SemanticVad(create_response=False))
        assert project_session(config).turn_detection == ServerVad(create_response=False)

    def test_named_tool(self) -> None:
        config = structs.replace(CONFIG, tool_choice=NamedTool(name="f", nested=True))
        frame = encode(WireCodec(FIRST), SessionUpdated(session_id="s", config=config, expires_at=1))
        assert frame["session"]["tool_choice"] == {"type": "function", "function": "f"}


class TestResponses:
    @given(
        voice=st.sampled_from(["alloy", "marin", "voice_1"]),
        temperature=st.floats(0, 2),
        usage=st.none() | st.just(TokenUsage()),
        ended=st.sampled_from(
            [
                (ResponseStatus.COMPLETED, None),
                (ResponseStatus.COMPLETED, StatusDetails(reason="completed")),
                (ResponseStatus.CANCELLED, StatusDetails(reason="turn_detected")),
                (ResponseStatus.INCOMPLETE, StatusDetails(reason="content_filter")),
                (ResponseStatus.FAILED, StatusDetails(code="engine_died", message="m")),
            ]
        ),
    )
    def test_any_response_fits(
        self,
        voice: str,
        temperature: float,
        usage: TokenUsage | None,
        ended: tuple[ResponseStatus, StatusDetails | None],
    ) -> None:
        status, details = ended
        shown = structs.replace(
            response(status, spoken(), details=details, usage=usage), voice=voice, temperature=temperature
        )
        frame = encode(WireCodec(FIRST), ResponseDone(response=shown))
        check_event(frame)
        assert frame["response"]["voice"] in VOICE_NAMES
        assert 0.6 <= frame["response"]["temperature"] <= 1.2


class TestErrors:
    TOO_SMALL = ErrorOccurred(
        type="invalid_request_error",
        code="input_audio_buffer_commit_empty",
        message="Error committing input audio buffer: buffer too small.",
    )

    def test_an_empty_commit_says_what_clients_look_for(self, first: WireCodec, preview: WireCodec) -> None:
        assert "buffer is empty" in encode(first, self.TOO_SMALL)["error"]["message"]
        assert encode(preview, self.TOO_SMALL)["error"]["message"] == self.TOO_SMALL.message

    def test_other_errors_stay(self) -> None:
        error = structs.replace(
            self.TOO_SMALL, code="item_create_invalid_previous_item_id", message="'i' does not exist"
        )
        assert project_error(error) is error
