"""A null that has no meaning counts as a field that was left out; one that means "off" does not."""

import json
from typing import Any

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE, decode, params, patch, refused

from voxwire.dialects import Variant, WireCodec
from voxwire.events.client import CreateItem
from voxwire.events.items import FunctionCallItem, InputText, ItemStatus, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import FunctionTool, SemanticVad, ServerVad, SessionKind, SessionPatch

GA_SESSION: dict[str, Any] = {
    "type": "realtime",
    "model": None,
    "instructions": None,
    "output_modalities": None,
    "max_output_tokens": None,
    "tools": None,
    "tool_choice": None,
    "parallel_tool_calls": None,
    "audio": {
        "input": {"format": None, "noise_reduction": None},
        "output": {"format": None, "voice": None, "speed": None},
    },
}
PREVIEW_SESSION: dict[str, Any] = {
    "model": None,
    "modalities": None,
    "instructions": None,
    "voice": None,
    "speed": None,
    "input_audio_format": None,
    "output_audio_format": None,
    "input_audio_noise_reduction": None,
    "tools": None,
    "tool_choice": None,
    "temperature": None,
    "max_response_output_tokens": None,
    "client_secret": None,
}
GA_RESPONSE: dict[str, Any] = {
    "conversation": None,
    "input": None,
    "instructions": None,
    "output_modalities": None,
    "audio": {"output": {"format": None, "voice": None}},
    "max_output_tokens": None,
    "tools": None,
    "tool_choice": None,
    "metadata": None,
    "prompt": None,
    "reasoning": None,
    "parallel_tool_calls": None,
}
PREVIEW_RESPONSE: dict[str, Any] = {
    "conversation": None,
    "input": None,
    "instructions": None,
    "modalities": None,
    "voice": None,
    "output_audio_format": None,
    "temperature": None,
    "max_response_output_tokens": None,
    "tools": None,
    "tool_choice": None,
    "metadata": None,
}


@pytest.mark.parametrize("field", sorted(GA_SESSION.keys() - {"type"}))
def test_a_setting_of_ga(ga: WireCodec, field: str) -> None:
    assert patch(ga, type="realtime", **{field: GA_SESSION[field]}) == SessionPatch(kind=SessionKind.REALTIME)


@pytest.mark.parametrize("variant", [PREVIEW, FIRST, VOICE_LIVE], ids=["preview", "first", "voice_live"])
@pytest.mark.parametrize("field", PREVIEW_SESSION)
def test_a_setting_of_the_previews(variant: Variant, field: str) -> None:
    assert patch(WireCodec(variant), **{field: PREVIEW_SESSION[field]}) == SessionPatch()


@pytest.mark.parametrize("field", GA_RESPONSE)
def test_a_setting_of_one_response_in_ga(ga: WireCodec, field: str) -> None:
    assert params(ga, **{field: GA_RESPONSE[field]}) == ResponseParams()


@pytest.mark.parametrize("variant", [PREVIEW, FIRST, VOICE_LIVE], ids=["preview", "first", "voice_live"])
@pytest.mark.parametrize("field", PREVIEW_RESPONSE)
def test_a_setting_of_one_response_in_the_previews(variant: Variant, field: str) -> None:
    assert params(WireCodec(variant), **{field: PREVIEW_RESPONSE[field]}) == params(WireCodec(variant))


@pytest.mark.parametrize(
    "field", ["threshold", "prefix_padding_ms", "silence_duration_ms", "create_response", "interrupt_response"]
)
def test_a_setting_of_turn_detection_is_its_default(codec: WireCodec, field: str) -> None:
    def detection(**fields: Any) -> Any:
        found = {"type": "server_vad", **fields}
        shaped = (
            {"audio": {"input": {"turn_detection": found}}}
            if codec.dialect.value == "ga"
            else {"turn_detection": found}
        )
        return patch(codec, **({"type": "realtime"} if codec.dialect.value == "ga" else {}), **shaped).turn_detection

    assert detection(**{field: None}) == detection()
    assert isinstance(detection(), ServerVad)


def test_eagerness(ga: WireCodec) -> None:
    found = {"type": "semantic_vad", "eagerness": None, "create_response": None}
    session = {"type": "realtime", "audio": {"input": {"turn_detection": found}}}
    assert patch(ga, **session).turn_detection == SemanticVad()


def test_tools(codec: WireCodec) -> None:
    tools = [{"type": "function", "name": "f", "description": None, "parameters": None}]
    head = {"type": "realtime"} if codec.dialect.value == "ga" else {}
    assert patch(codec, **head, tools=tools).tools == (FunctionTool(name="f"),)


class TestItems:
    """Official types of the previews are one flat class: a program that writes all of it sends many nulls."""

    def test_fields_of_other_kinds_of_item(self, codec: WireCodec) -> None:
        item = {
            "id": None,
            "object": None,
            "status": None,
            "type": "function_call",
            "name": "f",
            "arguments": "{}",
            "call_id": None,
            "content": None,
            "role": None,
            "output": None,
        }
        event = decode(codec, "conversation.item.create", item=item, previous_item_id=None, event_id=None)
        assert event == CreateItem(item=FunctionCallItem(name="f", call_id="", arguments="{}"))

    def test_fields_of_other_kinds_of_content(self, codec: WireCodec) -> None:
        part = {
            "type": "input_text",
            "text": "Hi",
            "audio": None,
            "transcript": None,
            "image_url": None,
            "detail": None,
            "id": None,
        }
        item = {"type": "message", "role": "user", "content": [part], "name": None, "output": None, "call_id": None}
        expected = MessageItem(role=Role.USER, content=(InputText(text="Hi"),), status=ItemStatus.COMPLETED)
        assert decode(codec, "conversation.item.create", item=item) == CreateItem(item=expected)


class TestWhatNullDoesNotExcuse:
    def test_a_field_nobody_knows(self, ga: WireCodec) -> None:
        assert refused(ga, "session.update", session={"type": "realtime", "voices": None}) == (
            "unknown_parameter",
            "session.voices",
        )

    def test_a_field_of_another_event(self, codec: WireCodec) -> None:
        assert refused(codec, "input_audio_buffer.commit", item=None) == ("unknown_parameter", "item")

    @pytest.mark.parametrize(
        ("type", "field"),
        [
            ("session.update", "session"),
            ("input_audio_buffer.append", "audio"),
            ("conversation.item.create", "item"),
            ("conversation.item.delete", "item_id"),
        ],
    )
    def test_a_field_that_is_needed(self, codec: WireCodec, type: str, field: str) -> None:
        assert refused(codec, type, **{field: None}) == ("invalid_type", field)

    def test_another_fault_beside_it(self, ga: WireCodec) -> None:
        session = {"type": "realtime", "instructions": None, "parallel_tool_calls": "no"}
        assert refused(ga, "session.update", session=session) == ("invalid_type", "session.parallel_tool_calls")

    def test_an_entry_of_metadata(self, codec: WireCodec) -> None:
        frame = {"metadata": {"topic": None}, "instructions": None}
        assert refused(codec, "response.create", response=frame) == ("invalid_type", "response.metadata")


def test_nulls_in_free_form_values_stay() -> None:
    """The `instructions` make the frame one that is cleaned."""
    parameters = {"type": "object", "properties": {"name": {"default": None, "enum": [None, "x"]}}}
    tools = [{"type": "function", "name": "f", "parameters": parameters}]
    found = patch(WireCodec(PREVIEW), instructions=None, tools=tools)
    assert found.tools == (FunctionTool(name="f", parameters=parameters),)


def test_off_is_kept(ga: WireCodec) -> None:
    """Beside a null without meaning, which makes the frame one that is cleaned."""
    input = {"transcription": None, "turn_detection": None, "format": None}
    found = patch(ga, type="realtime", instructions=None, audio={"input": input}, tracing=None, include=None)
    assert found == SessionPatch(
        kind=SessionKind.REALTIME, transcription=None, turn_detection=None, tracing=None, include=None
    )


def test_what_cannot_be_read_to_the_end_is_refused_as_such() -> None:
    frame = json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": None}})[:-1]
    with pytest.raises(Exception, match="not valid JSON"):
        WireCodec(GA).decode(frame)
