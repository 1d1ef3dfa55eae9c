"""Whatever arrives, a codec answers with an event or with one ClientError; whatever leaves is JSON."""

import json
from typing import Any

import pytest
from dialect_samples import EVERY_EVENT, FIRST, GA, PREVIEW, VOICE_LIVE
from hypothesis import example, given
from hypothesis import strategies as st

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.items import FunctionCallOutputItem, InputText, MessageItem, Role
from voxwire.events.server import ErrorOccurred, ItemAdded, TextDelta

VARIANTS = [GA, PREVIEW, FIRST, VOICE_LIVE, Variant(dialect=Dialect.PREVIEW, late_switch=True)]

TYPES = [
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "conversation.item.create",
    "conversation.item.truncate",
    "response.create",
    "response.cancel",
]
WORDS = [
    *("type", "event_id", "session", "audio", "input", "output", "format", "rate", "voice", "id", "turn_detection"),
    *("modalities", "output_modalities", "transcription", "tools", "tool_choice", "name", "function", "parameters"),
    *("item", "content", "role", "text", "transcript", "status", "call_id", "arguments", "previous_item_id"),
    *("response", "metadata", "conversation", "input_items", "truncation", "retention_ratio", "token_limits"),
    *("tracing", "prompt", "reasoning", "include", "noise_reduction", "input_audio_noise_reduction"),
]
VALUES = [
    *("realtime", "transcription", "server_vad", "semantic_vad", "none", "auto", "function", "mcp", "message"),
    *("user", "assistant", "input_text", "input_audio", "text", "output_audio", "audio/pcm", "pcm16", "g711-ulaw"),
    *("AQI=", "!", "inf", "item_reference", "retention_ratio", "", "x" * 600),
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text()
keys = st.sampled_from(WORDS) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5))
events = st.builds(
    lambda type, fields: {**fields, "type": type},
    st.sampled_from(TYPES),
    st.dictionaries(keys, values, max_size=4),
)


CODES = {"invalid_event", "invalid_type", "invalid_value", "missing_required_parameter", "unknown_parameter"}


def error_of(codec: WireCodec, frame: str | bytes) -> ClientError | None:
    try:
        codec.decode(frame)
    except ClientError as error:
        return error
    return None


def read(variant: Variant, frame: str | bytes) -> None:
    """Decode; the codec must still work afterwards, and its answer must fit into an `error` event."""
    codec = WireCodec(variant)
    error = error_of(codec, frame)
    if error is not None:
        assert error.code in CODES
        assert error.event_id is None or len(error.event_id) <= 512
        assert len(error.message) < 2000
        assert error.param is None or len(error.param) < 500
        answer = ErrorOccurred(
            type=error.type, code=error.code, message=error.message, param=error.param, event_id=error.event_id
        )
        assert codec.encode(answer, "event_1")
    codec.decode('{"type": "input_audio_buffer.commit"}')


@pytest.mark.parametrize("variant", VARIANTS)
class TestDecode:
    @given(frame=st.binary())
    def test_bytes(self, variant: Variant, frame: bytes) -> None:
        read(variant, frame)

    @given(frame=st.text(st.characters()))
    @example(frame="\ud800")
    def test_text(self, variant: Variant, frame: str) -> None:
        read(variant, frame)

    @given(value=values)
    def test_any_json(self, variant: Variant, value: Any) -> None:
        read(variant, json.dumps(value))

    @given(event=events)
    def test_near_events(self, variant: Variant, event: dict[str, Any]) -> None:
        read(variant, json.dumps(event))

    @given(event=events, cut=st.integers(0, 200), junk=st.binary(max_size=3))
    def test_damaged_events(self, variant: Variant, event: dict[str, Any], cut: int, junk: bytes) -> None:
        frame = json.dumps(event).encode()
        at = cut % (len(frame) + 1)
        read(variant, frame[:at] + junk + frame[at + len(junk) :])


#: The code points past these stand for halves of surrogate pairs in a text of the program.
texts = st.text(st.characters(codec="utf-8", max_codepoint=0x10F7FF))


@pytest.mark.parametrize("variant", VARIANTS)
class TestEncode:
    @given(text=texts)
    def test_any_text(self, variant: Variant, text: str) -> None:
        codec = WireCodec(variant)
        part = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
        message = MessageItem(id=text, role=Role.USER, content=(InputText(text=text),))
        result = FunctionCallOutputItem(id=text, call_id=text, output=text)
        frames = [
            codec.encode(TextDelta(**part, delta=text), "event_1"),
            codec.encode(ItemAdded(item=message, previous_item_id=text), "event_1"),
            codec.encode(ItemAdded(item=result, previous_item_id=text), "event_1"),
        ]
        delta, added, answered = (json.loads(frame or b"") for frame in frames)
        assert delta["delta"] == added["item"]["content"][0]["text"] == answered["item"]["output"] == text

    @pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
    def test_one_line_of_json(self, variant: Variant, event: Any) -> None:
        frame = WireCodec(variant).encode(event, "event_1")
        assert frame is None or (isinstance(frame, bytes) and b"\n" not in frame and json.loads(frame))
