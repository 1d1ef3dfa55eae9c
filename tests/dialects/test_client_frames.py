"""First frames of real clients, as captured on the wire: all of them must be understood."""

import json
from typing import Any

import pytest
from dialect_samples import FIRST, GA

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.events.client import CreateItem, CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import Eagerness, SemanticVad, ServerVad

BY_PATH = Variant(dialect=Dialect.PREVIEW, late_switch=True)
PCM = {"type": "audio/pcm", "rate": 24000}
SEMANTIC = {"create_response": True, "eagerness": "medium", "interrupt_response": True, "type": "semantic_vad"}

SESSIONS: dict[str, tuple[Variant, dict[str, Any]]] = {
    "agents-js": (
        GA,
        {
            "type": "realtime",
            "instructions": "Be brief.",
            "model": "gpt-realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": PCM,
                    "noise_reduction": None,
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "semantic_vad"},
                },
                "output": {"format": PCM, "speed": 1},
            },
        },
    ),
    "agents-js, tracing": (GA, {"type": "realtime", "tracing": "auto"}),
    "agents-py": (
        GA,
        {
            "type": "realtime",
            "audio": {
                "input": {
                    "format": {"rate": 24000, "type": "audio/pcm"},
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "semantic_vad", "interrupt_response": True},
                },
                "output": {"format": {"rate": 24000, "type": "audio/pcm"}, "voice": "ash"},
            },
            "model": "gpt-realtime-2.1",
            "output_modalities": ["audio"],
            "tools": [],
        },
    ),
    "pipecat": (GA, {"type": "realtime", "model": "gpt-realtime-2.1"}),
    "livekit": (
        GA,
        {
            "type": "realtime",
            "audio": {
                "input": {
                    "noise_reduction": None,
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": SEMANTIC,
                },
                "output": {"speed": 1.0, "voice": "marin"},
            },
            "max_output_tokens": "inf",
            "model": "gpt-realtime",
            "tool_choice": "auto",
            "tracing": None,
        },
    ),
    "livekit, preview": (
        BY_PATH,
        {
            "model": "dep1",
            "voice": "marin",
            "modalities": ["audio", "text"],
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 200,
                "create_response": True,
            },
            "input_audio_transcription": {"model": "whisper-1"},
            "max_response_output_tokens": "inf",
            "speed": 1.0,
        },
    ),
    "semantic-kernel": (GA, {"type": "realtime", "instructions": "Be brief.", "model": "gpt-realtime"}),
    "openai-python on the preview path": (BY_PATH, {"type": "realtime", "output_modalities": ["text"]}),
    "rtclient": (
        FIRST,
        {
            "modalities": ["text", "audio"],
            "voice": "alloy",
            "instructions": "Be brief.",
            "input_audio_format": "g711-ulaw",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 200},
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}],
            "tool_choice": {"type": "function", "function": "f"},
            "temperature": 0.6,
            "max_response_output_tokens": "inf",
        },
    ),
    "rtclient, no turn detection": (FIRST, {"turn_detection": {"type": "none"}}),
    "rt-client": (FIRST, {"instructions": "Be brief.", "turn_detection": None}),
}


@pytest.mark.parametrize("client", SESSIONS)
def test_session_update(client: str) -> None:
    variant, session = SESSIONS[client]
    frame = json.dumps({"type": "session.update", "event_id": "session_update_1", "session": session})
    event = WireCodec(variant).decode(frame)
    assert isinstance(event, UpdateSession)
    assert event.event_id == "session_update_1"


def test_turn_detection_of_livekit() -> None:
    found = []
    for client in ("livekit", "livekit, preview"):
        variant, session = SESSIONS[client]
        event = WireCodec(variant).decode(json.dumps({"type": "session.update", "session": session}))
        assert isinstance(event, UpdateSession)
        found.append(event.patch.turn_detection)
    assert found == [SemanticVad(eagerness=Eagerness.MEDIUM), ServerVad(silence_duration_ms=200)]


PAIRED = {"client_event_id": "response_create_1"}


@pytest.mark.parametrize(
    ("variant", "frame", "params"),
    [
        (GA, {"event_id": None, "response": None}, ResponseParams()),
        (GA, {"event_id": "agents_py_response_create_1"}, ResponseParams()),
        (
            GA,
            {"response": {"instructions": "Hi", "metadata": PAIRED}},
            ResponseParams(instructions="Hi", metadata=PAIRED),
        ),
        (GA, {"response": {"instructions": None, "metadata": PAIRED}}, ResponseParams(metadata=PAIRED)),
        (BY_PATH, {"response": {"instructions": None, "metadata": PAIRED}}, ResponseParams(metadata=PAIRED)),
    ],
    ids=["semantic-kernel", "agents-py", "livekit, instructed", "livekit", "livekit, preview"],
)
def test_response_create(variant: Variant, frame: dict[str, Any], params: ResponseParams) -> None:
    event = WireCodec(variant).decode(json.dumps({"type": "response.create", **frame}))
    assert isinstance(event, CreateResponse)
    assert event.params == params


def test_rtclient_sends_an_explicit_null_predecessor() -> None:
    item = {"type": "message", "role": "user", "id": "item-Ab_9", "content": [{"type": "input_text", "text": "Hi"}]}
    event = WireCodec(FIRST).decode(
        json.dumps({"type": "conversation.item.create", "previous_item_id": None, "item": item})
    )
    assert isinstance(event, CreateItem)
    assert (event.item.id, event.previous_item_id) == ("item-Ab_9", None)
