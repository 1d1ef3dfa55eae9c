"""GA client events: JSON in, neutral events out (protocol: events, Fields of session updates)."""

from typing import Any

import pytest
from dialect_samples import decode, params, refused
from dialect_samples import patch as any_patch
from msgspec import UNSET

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec
from voxwire.events.client import CreateResponse, UpdateSession
from voxwire.events.items import (
    FunctionCallOutputItem,
    InputText,
    ItemReference,
    MessageItem,
    Role,
)
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    NamedTool,
    PromptReference,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    SessionKind,
    SessionPatch,
    Transcription,
)

LOGPROBS = "item.input_audio_transcription.logprobs"


def patch(codec: WireCodec, **session: Any) -> SessionPatch:
    return any_patch(codec, type="realtime", **session)


def audio_input(codec: WireCodec, **fields: Any) -> SessionPatch:
    return patch(codec, audio={"input": fields})


def refused_session(codec: WireCodec, **session: Any) -> tuple[str, str | None]:
    return refused(codec, "session.update", session={"type": "realtime", **session})


class TestSessionUpdate:
    """Protocol: sessions, Updating a session."""

    def test_nothing(self, ga: WireCodec) -> None:
        assert patch(ga) == SessionPatch(kind=SessionKind.REALTIME)

    @pytest.mark.parametrize("audio", [None, {}, {"input": None, "output": None}, {"input": {}, "output": {}}])
    def test_null_objects_count_as_left_out(self, ga: WireCodec, audio: Any) -> None:
        assert patch(ga, audio=audio) == SessionPatch(kind=SessionKind.REALTIME)

    def test_event_id(self, ga: WireCodec) -> None:
        assert decode(ga, "session.update", event_id="mine", session={"type": "realtime"}).event_id == "mine"

    def test_model_is_ignored(self, ga: WireCodec) -> None:
        assert patch(ga, model="gpt-realtime-2.1") == SessionPatch(kind=SessionKind.REALTIME)

    def test_plain_fields(self, ga: WireCodec) -> None:
        found = patch(ga, instructions="", parallel_tool_calls=False, max_output_tokens=4096)
        assert (found.instructions, found.parallel_tool_calls, found.max_output_tokens) == ("", False, 4096)

    def test_unbounded_tokens(self, ga: WireCodec) -> None:
        assert patch(ga, max_output_tokens="inf").max_output_tokens is None

    @pytest.mark.parametrize("modality", Modality)
    def test_output_modalities(self, ga: WireCodec, modality: Modality) -> None:
        assert patch(ga, output_modalities=[modality.value]).modality is modality

    @pytest.mark.parametrize("names", [[], ["text", "audio"], ["audio", "audio"]])
    def test_exactly_one_output_modality(self, ga: WireCodec, names: list[str]) -> None:
        assert refused_session(ga, output_modalities=names) == ("invalid_value", "session.output_modalities")

    @pytest.mark.parametrize("side", ["input", "output"])
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"type": "audio/pcm", "rate": 24000}, AudioFormat.PCM16),
            ({"type": "audio/pcm"}, AudioFormat.PCM16),
            ({"type": "audio/pcmu"}, AudioFormat.ULAW),
            ({"type": "audio/pcma"}, AudioFormat.ALAW),
            (None, UNSET),
        ],
    )
    def test_formats(self, ga: WireCodec, side: str, value: Any, expected: Any) -> None:
        found = patch(ga, audio={side: {"format": value}})
        assert getattr(found, f"{side}_format") is expected

    @pytest.mark.parametrize(("voice", "name"), [("marin", "marin"), ({"id": "voice_1"}, "voice_1")])
    def test_voice(self, ga: WireCodec, voice: Any, name: str) -> None:
        assert patch(ga, audio={"output": {"voice": voice}}).voice == name

    @pytest.mark.parametrize("speed", [0.25, 1, 1.5])
    def test_speed(self, ga: WireCodec, speed: float) -> None:
        assert patch(ga, audio={"output": {"speed": speed}}).speed == speed

    def test_transcription(self, ga: WireCodec) -> None:
        found = audio_input(ga, transcription={"model": "whisper-1", "language": "en", "prompt": "names"})
        assert found.transcription == Transcription(model="whisper-1", language="en", prompt="names")

    def test_transcription_with_nulls_as_we_send_them(self, ga: WireCodec) -> None:
        found = audio_input(ga, transcription={"model": None, "language": None, "prompt": None})
        assert found.transcription == Transcription()

    def test_transcription_of_the_newest_models(self, ga: WireCodec) -> None:
        asked = {"model": "gpt-transcribe", "keywords": ["Voxwire"], "languages": ["en", "de"], "delay": "low"}
        found = audio_input(ga, transcription=asked)
        assert found.transcription == Transcription(
            model="gpt-transcribe", keywords=("Voxwire",), languages=("en", "de"), delay="low"
        )

    def test_an_empty_language_is_none(self, ga: WireCodec) -> None:
        assert audio_input(ga, transcription={"language": ""}).transcription == Transcription()

    def test_transcription_off(self, ga: WireCodec) -> None:
        assert audio_input(ga, transcription=None).transcription is None

    def test_include(self, ga: WireCodec) -> None:
        assert patch(ga, include=[LOGPROBS]).include == (LOGPROBS,)
        assert patch(ga, include=[]).include == ()
        assert patch(ga, include=None).include is None

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("auto", "auto"),
            ("disabled", "disabled"),
            (None, "auto"),
            ({"type": "retention_ratio", "retention_ratio": 0.8}, RetentionRatio(retention_ratio=0.8)),
            (
                {"type": "retention_ratio", "retention_ratio": 0, "token_limits": {"post_instructions": 0}},
                RetentionRatio(retention_ratio=0, post_instructions=0),
            ),
            (
                {"type": "retention_ratio", "retention_ratio": 1, "token_limits": {}},
                RetentionRatio(retention_ratio=1),
            ),
        ],
    )
    def test_truncation(self, ga: WireCodec, value: Any, expected: Any) -> None:
        assert patch(ga, truncation=value).truncation == expected

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("tracing", None),
            ("tracing", "auto"),
            ("tracing", {"workflow_name": "w", "group_id": "g", "metadata": {"a": [1]}}),
            ("tracing", {}),
            ("reasoning", None),
            ("reasoning", {"effort": "xhigh"}),
            ("reasoning", {}),
            ("prompt", None),
        ],
    )
    def test_accepted_and_echoed(self, ga: WireCodec, field: str, value: Any) -> None:
        assert getattr(patch(ga, **{field: value}), field) == value

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"tracing": "on"}, "invalid_value", "session.tracing"),
            ({"tracing": {"name": "w"}}, "unknown_parameter", "session.tracing.name"),
            ({"reasoning": {"effort": "huge"}}, "invalid_value", "session.reasoning.effort"),
            ({"prompt": {}}, "missing_required_parameter", "session.prompt.id"),
            ({"prompt": {"id": "p", "text": "x"}}, "unknown_parameter", "session.prompt.text"),
            ({"prompt": {"id": "p", "version": 2}}, "invalid_type", "session.prompt.version"),
            ({"prompt": {"id": "p", "variables": {"a": 1}}}, "invalid_value", "session.prompt.variables.a"),
            (
                {"prompt": {"id": "p", "variables": {"a": {"type": "input_image", "image_url": "data:,"}}}},
                "unsupported_value",
                "session.prompt.variables.a",
            ),
            ({"parallel_tool_calls": "no"}, "invalid_type", "session.parallel_tool_calls"),
            ({"temperature": 0.8}, "unknown_parameter", "session.temperature"),
            ({"id": 1}, "invalid_type", "session.id"),
            (
                {"truncation": {"type": "retention_ratio"}},
                "missing_required_parameter",
                "session.truncation.retention_ratio",
            ),
            ({"audio": {"input": {"format": "pcm16"}}}, "invalid_type", "session.audio.input.format"),
            ({"audio": {"input": {"voice": "ash"}}}, "unknown_parameter", "session.audio.input.voice"),
            ({"audio": {"output": {"voice": {"name": "ash"}}}}, "unknown_parameter", "session.audio.output.voice.name"),
            ({"audio": {"output": {"voice": 5}}}, "invalid_type", "session.audio.output.voice"),
        ],
    )
    def test_refused(self, ga: WireCodec, fields: Any, code: str, param: str) -> None:
        assert refused_session(ga, **fields) == (code, param)

    def test_stored_prompt(self, ga: WireCodec) -> None:
        variables = {"city": "Oslo", "shop": {"type": "input_text", "text": "Books & more", "cache": None}}
        given = {"id": "p", "version": "2", "variables": variables}
        expected = PromptReference(id="p", version="2", variables=variables)
        assert patch(ga, prompt=given).prompt == expected
        assert params(ga, prompt=given).prompt == expected
        assert params(ga, prompt=None).prompt is None
        assert patch(ga, prompt={"id": "p", "version": None, "variables": None}).prompt == PromptReference(id="p")

    def test_noise_reduction_is_off(self, ga: WireCodec) -> None:
        assert audio_input(ga, noise_reduction=None) == SessionPatch(kind=SessionKind.REALTIME)

    def test_null_session(self, ga: WireCodec) -> None:
        assert refused(ga, "session.update", session=None) == ("invalid_type", "session")


class TestTranscriptionSession:
    """Protocol: transcription, Transcription sessions."""

    def test_update(self, ga: WireCodec) -> None:
        input = {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-transcribe"},
            "turn_detection": None,
            "noise_reduction": None,
        }
        session = {"type": "transcription", "audio": {"input": input}, "include": [LOGPROBS]}
        assert decode(ga, "session.update", session=session) == UpdateSession(
            patch=SessionPatch(
                kind=SessionKind.TRANSCRIPTION,
                input_format=AudioFormat.ULAW,
                transcription=Transcription(model="gpt-transcribe"),
                turn_detection=None,
                include=(LOGPROBS,),
            )
        )

    @pytest.mark.parametrize("fields", [{}, {"audio": None}, {"audio": {}}, {"audio": {"input": None}}])
    def test_nothing(self, ga: WireCodec, fields: Any) -> None:
        event = decode(ga, "session.update", session={"type": "transcription", **fields})
        assert event == UpdateSession(patch=SessionPatch(kind=SessionKind.TRANSCRIPTION))

    def test_has_no_output(self, ga: WireCodec) -> None:
        session = {"type": "transcription", "audio": {"output": {}}}
        assert refused(ga, "session.update", session=session) == ("unknown_parameter", "session.audio.output")

    def test_unknown_kind(self, ga: WireCodec) -> None:
        assert refused(ga, "session.update", session={"type": "translation"}) == ("invalid_value", "session.type")


class TestTurnDetection:
    """Protocol: turns, Turn detection."""

    def test_off(self, ga: WireCodec) -> None:
        assert audio_input(ga, turn_detection=None).turn_detection is None

    def test_left_out(self, ga: WireCodec) -> None:
        assert audio_input(ga).turn_detection is UNSET

    def test_defaults_of_a_supplied_object(self, ga: WireCodec) -> None:
        found = audio_input(ga, turn_detection={"type": "server_vad"}).turn_detection
        assert found == ServerVad(
            threshold=0.5,
            prefix_padding_ms=300,
            silence_duration_ms=500,
            create_response=True,
            interrupt_response=True,
            idle_timeout_ms=None,
        )

    @pytest.mark.parametrize("idle", [None, 5000, 30_000])
    def test_all_settings(self, ga: WireCodec, idle: int | None) -> None:
        settings = {
            "threshold": 1,
            "prefix_padding_ms": 0,
            "silence_duration_ms": 700,
            "create_response": False,
            "interrupt_response": False,
            "idle_timeout_ms": idle,
        }
        found = audio_input(ga, turn_detection={"type": "server_vad", **settings}).turn_detection
        assert found == ServerVad(
            threshold=1.0,
            prefix_padding_ms=0,
            silence_duration_ms=700,
            create_response=False,
            interrupt_response=False,
            idle_timeout_ms=idle,
        )

    def test_semantic_vad(self, ga: WireCodec) -> None:
        assert audio_input(ga, turn_detection={"type": "semantic_vad"}).turn_detection == SemanticVad()
        settings = {"eagerness": "high", "create_response": False, "interrupt_response": False}
        found = audio_input(ga, turn_detection={"type": "semantic_vad", **settings}).turn_detection
        assert found == SemanticVad(eagerness=Eagerness.HIGH, create_response=False, interrupt_response=False)

    @pytest.mark.parametrize(
        ("settings", "code", "field"),
        [
            ({"type": "server_vad", "threshold": 1.1}, "invalid_value", "threshold"),
            ({"type": "server_vad", "threshold": -0.1}, "invalid_value", "threshold"),
            ({"type": "server_vad", "prefix_padding_ms": -1}, "invalid_value", "prefix_padding_ms"),
            ({"type": "server_vad", "prefix_padding_ms": 10_001}, "invalid_value", "prefix_padding_ms"),
            ({"type": "server_vad", "silence_duration_ms": 60_001}, "invalid_value", "silence_duration_ms"),
            ({"type": "server_vad", "silence_duration_ms": 200.5}, "invalid_type", "silence_duration_ms"),
            ({"type": "server_vad", "idle_timeout_ms": 4999}, "invalid_value", "idle_timeout_ms"),
            ({"type": "server_vad", "idle_timeout_ms": 30_001}, "invalid_value", "idle_timeout_ms"),
            ({"type": "server_vad", "eagerness": "lazy"}, "invalid_value", "eagerness"),
            ({"type": "semantic_vad", "threshold": 1.1}, "invalid_value", "threshold"),
            ({"type": "semantic_vad", "treshold": 0.5}, "unknown_parameter", "treshold"),
            ({"type": "none"}, "invalid_value", "type"),
            ({}, "missing_required_parameter", "type"),
        ],
    )
    def test_refused(self, ga: WireCodec, settings: Any, code: str, field: str) -> None:
        expected = (code, f"session.audio.input.turn_detection.{field}")
        assert refused_session(ga, audio={"input": {"turn_detection": settings}}) == expected


class TestTools:
    """Protocol: sessions, Tools."""

    def test_functions(self, ga: WireCodec) -> None:
        schema = {"type": "object", "properties": {"city": {"type": "string"}}, "strict": True}
        tools = [
            {"type": "function", "name": "f", "description": "Does f.", "parameters": schema},
            {"type": "function", "name": "g", "description": None, "parameters": None},
        ]
        assert patch(ga, tools=tools).tools == (
            FunctionTool(name="f", description="Does f.", parameters=schema),
            FunctionTool(name="g"),
        )

    def test_none(self, ga: WireCodec) -> None:
        assert patch(ga, tools=[]).tools == ()

    def test_parameters_too_deep(self, ga: WireCodec) -> None:
        deep: Any = {}
        for _ in range(100):
            deep = {"properties": deep}
        tools = [{"type": "function", "name": "f", "parameters": deep}]
        assert refused_session(ga, tools=tools) == ("invalid_value", "session.tools[0].parameters")

    @pytest.mark.parametrize("choice", ["auto", "none", "required"])
    def test_choice_by_word(self, ga: WireCodec, choice: str) -> None:
        assert patch(ga, tool_choice=choice).tool_choice == choice

    @pytest.mark.parametrize(
        ("choice", "nested"),
        [({"name": "f"}, False), ({"function": {"name": "f"}}, True), ({"function": "f"}, True)],
    )
    def test_choice_by_name_in_every_form(self, ga: WireCodec, choice: Any, nested: bool) -> None:
        expected = NamedTool(name="f", nested=nested)
        assert patch(ga, tool_choice={"type": "function", **choice}).tool_choice == expected

    @pytest.mark.parametrize(
        ("choice", "code", "field"),
        [
            ({}, "missing_required_parameter", "name"),
            ({"name": "f", "function": {"name": "f"}}, "unknown_parameter", "function"),
            ({"function": {}}, "missing_required_parameter", "function.name"),
            ({"name": None}, "missing_required_parameter", "name"),
            ({"name": 5}, "invalid_type", "name"),
        ],
    )
    def test_choice_refused(self, ga: WireCodec, choice: Any, code: str, field: str) -> None:
        found = refused_session(ga, tool_choice={"type": "function", **choice})
        assert found == (code, f"session.tool_choice.{field}")


class TestResponseCreate:
    """Protocol: responses, Creating a response."""

    @pytest.mark.parametrize("fields", [{}, {"response": None}, {"response": {}}, {"event_id": None, "response": None}])
    def test_bare(self, ga: WireCodec, fields: Any) -> None:
        assert decode(ga, "response.create", **fields) == CreateResponse(params=ResponseParams())

    def test_overrides(self, ga: WireCodec) -> None:
        found = params(
            ga,
            conversation="none",
            instructions="Sing.",
            output_modalities=["audio"],
            audio={"output": {"format": {"type": "audio/pcma"}, "voice": {"id": "v"}}},
            max_output_tokens=7,
            tools=[],
            tool_choice="none",
            metadata={"client_event_id": "x"},
            reasoning={"effort": "low"},
            parallel_tool_calls=True,
            prompt=None,
        )
        assert found == ResponseParams(
            out_of_band=True,
            instructions="Sing.",
            modality=Modality.AUDIO,
            voice="v",
            output_format=AudioFormat.ALAW,
            max_output_tokens=7,
            tools=(),
            tool_choice="none",
            parallel_tool_calls=True,
            reasoning={"effort": "low"},
            metadata={"client_event_id": "x"},
        )

    @pytest.mark.parametrize("audio", [None, {}, {"output": None}, {"output": {}}])
    def test_null_objects_count_as_left_out(self, ga: WireCodec, audio: Any) -> None:
        assert params(ga, audio=audio, conversation="auto") == ResponseParams()

    def test_input(self, ga: WireCodec) -> None:
        found = params(
            ga,
            input=[
                {"type": "item_reference", "id": "item_1"},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                {"type": "function_call_output", "call_id": "c", "output": "1"},
            ],
        )
        assert found.input == (
            ItemReference(id="item_1"),
            MessageItem(role=Role.USER, content=(InputText(text="Hi"),)),
            FunctionCallOutputItem(call_id="c", output="1"),
        )

    def test_empty_input_is_not_no_input(self, ga: WireCodec) -> None:
        assert params(ga, input=[]).input == ()
        assert params(ga).input is UNSET

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"conversation": "other"}, "invalid_value", "response.conversation"),
            ({"output_modalities": ["audio", "text"]}, "invalid_value", "response.output_modalities"),
            ({"modalities": ["text"]}, "unknown_parameter", "response.modalities"),
            ({"commit": False}, "unknown_parameter", "response.commit"),
            ({"metadata": {"a": 1}}, "invalid_type", "response.metadata"),
            ({"max_output_tokens": 0}, "invalid_value", "response.max_output_tokens"),
            ({"tools": [{"type": "mcp"}]}, "missing_required_parameter", "response.tools[0].server_label"),
            ({"input": [{"type": "item_reference"}]}, "missing_required_parameter", "response.input[0].id"),
            (
                {"input": [{"type": "message", "role": "user", "content": [{"type": "text", "text": ""}]}]},
                "invalid_value",
                "response.input[0].content[0].type",
            ),
        ],
    )
    def test_refused(self, ga: WireCodec, fields: Any, code: str, param: str) -> None:
        assert refused(ga, "response.create", response=fields) == (code, param)


@pytest.mark.parametrize("type", ["transcription_session.update", "session.close", "input_audio.turn.start"])
def test_events_of_other_protocols(ga: WireCodec, type: str) -> None:
    assert refused(ga, type, session={}) == ("invalid_value", "type")
