"""Forms of settings that say nothing new, or say it in other words: accepted."""

import json
from typing import Any

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE, decode, params, patch, refused
from msgspec import structs

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.events.client import UpdateSession
from voxwire.events.server import ServerEvent, SessionCreated, SessionUpdated
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    NamedTool,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.testing.driver import Driver

PREVIEWS = [
    pytest.param(PREVIEW, id="preview"),
    pytest.param(FIRST, id="first"),
    pytest.param(VOICE_LIVE, id="voice_live"),
]
VARIANTS = [pytest.param(GA, id="ga"), *PREVIEWS]


def settings(variant: Variant, **fields: Any) -> dict[str, Any]:
    return {"type": "realtime", **fields} if variant.dialect is Dialect.GA else fields


def detection(variant: Variant, **fields: Any) -> Any:
    shaped = {"audio": {"input": {"turn_detection": fields}}} if variant is GA else {"turn_detection": fields}
    return patch(WireCodec(variant), **settings(variant, **shaped)).turn_detection


# --- the session sent back --------------------------------------------------------------------------

PLAIN = SessionConfig(model="gpt-realtime")
RICH = structs.replace(
    PLAIN,
    instructions="Be brief.",
    modality=Modality.TEXT,
    voice="marin",
    input_format=AudioFormat.ULAW,
    output_format=AudioFormat.ALAW,
    transcription=Transcription(
        model="gpt-4o-transcribe", language="en", prompt="names", keywords=("Oslo",), delay="low"
    ),
    turn_detection=SemanticVad(eagerness=Eagerness.LOW, interrupt_response=False),
    temperature=0.7,
    max_output_tokens=100,
    tools=(FunctionTool(name="f", description="does", parameters={"type": "object"}),),
    tool_choice=NamedTool(name="f"),
    include=("item.input_audio_transcription.logprobs",),
    truncation=RetentionRatio(retention_ratio=0.8, post_instructions=1000),
    tracing={"workflow_name": "w"},
    reasoning={"effort": "low"},
    parallel_tool_calls=True,
)


def show(codec: WireCodec, event: ServerEvent) -> Any:
    frame = codec.encode(event, "event_1")
    assert frame is not None
    return json.loads(frame)["session"]


def send_back(variant: Variant, config: SessionConfig, type: str, *, spoken: bool = False) -> None:
    """The whole object of `session.created` in an update: the answer shows the same, and nothing has changed."""
    codec, driver = WireCodec(variant), Driver(config)
    if spoken:
        driver.respond(modality=Modality.AUDIO)
        driver.say("Hello.")
        driver.finish()
    shown = show(codec, driver.last(SessionCreated))
    driver.send(decode(codec, type, session=shown))
    assert driver.errors == []
    updated = driver.last(SessionUpdated)
    assert show(codec, updated) == shown
    assert updated.config.voice == config.voice
    assert updated.config.temperature == config.temperature


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("config", [PLAIN, RICH, structs.replace(PLAIN, turn_detection=None)])
class TestTheSessionSentBack:
    def test_of_a_conversation(self, variant: Variant, config: SessionConfig) -> None:
        send_back(variant, config, "session.update")

    def test_when_the_assistant_has_spoken(self, variant: Variant, config: SessionConfig) -> None:
        """The voice is fixed by then: one that is shown under another name must not count as a change."""
        send_back(variant, config, "session.update", spoken=True)

    def test_of_a_transcription(self, variant: Variant, config: SessionConfig) -> None:
        hearing = structs.replace(config, kind=SessionKind.TRANSCRIPTION)
        send_back(variant, hearing, "session.update")
        if variant in (PREVIEW, VOICE_LIVE):
            send_back(variant, hearing, "transcription_session.update")


def test_what_the_first_clients_see_otherwise_can_still_be_changed() -> None:
    codec = WireCodec(FIRST)
    codec.encode(SessionCreated(session_id="s", config=RICH, expires_at=1), "e")
    assert patch(codec, voice="coral", temperature=0.9) == SessionPatch(temperature=0.9)
    assert patch(codec, voice="ash").voice == "ash"


# --- turn detection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
class TestLeftoversOfTheOtherTurnDetection:
    def test_eagerness(self, variant: Variant) -> None:
        found = detection(variant, type="server_vad", eagerness="high", threshold=0.6, silence_duration_ms=700)
        assert found == ServerVad(threshold=0.6, silence_duration_ms=700)

    def test_silence(self, variant: Variant) -> None:
        found = detection(
            variant,
            type="semantic_vad",
            eagerness="low",
            threshold=0.6,
            prefix_padding_ms=100,
            silence_duration_ms=700,
        )
        assert found == SemanticVad(eagerness=Eagerness.LOW)


@pytest.mark.parametrize("variant", PREVIEWS)
def test_leftovers_beside_no_turn_detection(variant: Variant) -> None:
    everything = {"threshold": 0.6, "prefix_padding_ms": 1, "silence_duration_ms": 7, "eagerness": "low"}
    found = detection(variant, type="none", create_response=True, interrupt_response=False, **everything)
    assert found is None


def test_idle_timeout_beside_semantic_vad() -> None:
    assert detection(GA, type="semantic_vad", idle_timeout_ms=6000) == SemanticVad()


# --- transcription ----------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", PREVIEWS)
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"enabled": True, "model": "whisper-1"}, Transcription(model="whisper-1")),
        ({"enabled": False, "model": "whisper-1"}, None),
        ({"enabled": None, "model": "whisper-1"}, Transcription(model="whisper-1")),
    ],
)
def test_transcription_of_the_launch(variant: Variant, sent: Any, expected: Transcription | None) -> None:
    assert patch(WireCodec(variant), input_audio_transcription=sent).transcription == expected


def test_ga_never_had_that_form(ga: WireCodec) -> None:
    session = {"type": "realtime", "audio": {"input": {"transcription": {"enabled": True}}}}
    param = "session.audio.input.transcription.enabled"
    assert refused(ga, "session.update", session=session) == ("unknown_parameter", param)


# --- tools ------------------------------------------------------------------------------------------

FUNCTION = {"name": "f", "description": "does", "parameters": {"type": "object"}}
TOOL = FunctionTool(**FUNCTION)


@pytest.mark.parametrize("variant", VARIANTS)
class TestTools:
    @pytest.mark.parametrize("strict", [True, False, None])
    def test_strict(self, variant: Variant, strict: bool | None) -> None:
        sent = [{"type": "function", **FUNCTION, "strict": strict}]
        assert patch(WireCodec(variant), **settings(variant, tools=sent)).tools == (TOOL,)
        assert params(WireCodec(variant), tools=sent).tools == (TOOL,)

    def test_nested(self, variant: Variant) -> None:
        sent = [{"type": "function", "function": {**FUNCTION, "strict": True}}]
        assert patch(WireCodec(variant), **settings(variant, tools=sent)).tools == (TOOL,)

    @pytest.mark.parametrize(
        ("tool", "code", "field"),
        [
            ({}, "missing_required_parameter", "name"),
            ({"function": {}}, "missing_required_parameter", "function.name"),
            ({"name": "f", "function": FUNCTION}, "unknown_parameter", "function"),
            ({"name": "f", "strict": "yes"}, "invalid_type", "strict"),
            ({"function": {"name": "f", "parameters": []}}, "invalid_type", "function.parameters"),
            ({"function": {"name": "f", "args": []}}, "unknown_parameter", "function.args"),
        ],
    )
    def test_refused(self, variant: Variant, tool: Any, code: str, field: str) -> None:
        session = settings(variant, tools=[{"type": "function", **tool}])
        assert refused(WireCodec(variant), "session.update", session=session) == (code, f"session.tools[0].{field}")

    def test_a_nested_schema_is_bounded_like_a_flat_one(self, variant: Variant) -> None:
        deep: dict[str, Any] = {}
        for _ in range(70):
            deep = {"x": deep}
        session = settings(variant, tools=[{"type": "function", "function": {"name": "f", "parameters": deep}}])
        expected = ("invalid_value", "session.tools[0].function.parameters")
        assert refused(WireCodec(variant), "session.update", session=session) == expected


# --- GA's settings in the previews ------------------------------------------------------------------


@pytest.mark.parametrize("variant", PREVIEWS)
def test_nulls_of_ga(variant: Variant) -> None:
    event = decode(WireCodec(variant), "session.update", session=dict.fromkeys(["prompt", "truncation", "reasoning"]))
    assert event == UpdateSession(patch=SessionPatch())
    assert patch(WireCodec(variant), tracing=None) == SessionPatch(tracing=None)
    assert params(WireCodec(variant), prompt=None, reasoning=None) == params(WireCodec(variant))


@pytest.mark.parametrize("field", ["prompt", "truncation", "reasoning"])
def test_only_nulls(preview: WireCodec, field: str) -> None:
    assert refused(preview, "session.update", session={field: "auto"}) == ("unknown_parameter", f"session.{field}")
