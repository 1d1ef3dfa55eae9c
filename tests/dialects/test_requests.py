"""Client events that are the same in every dialect (protocol: events, Fields of client events)."""

from typing import Any

import pybase64
import pytest
from dialect_samples import decode, left_out, refused

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec
from voxwire.dialects.shared_requests import ClientRequest
from voxwire.events.client import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    CommitAudio,
    CreateItem,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
)
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)

AUDIO = b"\1\0\2\0"
BASE64 = pybase64.b64encode_as_string(AUDIO)
PICTURE = "data:image/png;base64,AAAA"


def created(codec: WireCodec, **item: Any) -> Item:
    event = decode(codec, "conversation.item.create", item=item)
    assert isinstance(event, CreateItem)
    return event.item


def message(codec: WireCodec, role: str, **part: Any) -> Any:
    """The only part of a message."""
    item = created(codec, type="message", role=role, content=[part])
    assert isinstance(item, MessageItem)
    (found,) = item.content
    return found


class TestAudioBuffer:
    """Protocol: turns, Input audio buffer."""

    def test_append(self, codec: WireCodec) -> None:
        event = decode(codec, "input_audio_buffer.append", event_id="mine", audio=BASE64)
        assert event == AppendAudio(event_id="mine", audio=AUDIO)

    def test_append_of_nothing(self, codec: WireCodec) -> None:
        assert decode(codec, "input_audio_buffer.append", audio="") == AppendAudio(audio=b"")

    def test_append_of_half_a_sample_is_left_to_the_session(self, codec: WireCodec) -> None:
        assert decode(codec, "input_audio_buffer.append", audio="AQ==") == AppendAudio(audio=b"\1")

    def test_append_of_15_mib(self, codec: WireCodec) -> None:
        audio = bytes(15 * 1024 * 1024)
        event = decode(codec, "input_audio_buffer.append", audio=pybase64.b64encode_as_string(audio))
        assert event == AppendAudio(audio=audio)

    @pytest.mark.parametrize("audio", ["A", "AQI=AQ", "AQI=AQI=", "AQ=", "AQI==", "A-/_", "AQ*=", "é", None, 5, [1]])
    def test_append_of_no_base64(self, codec: WireCodec, audio: Any) -> None:
        code, param = refused(codec, "input_audio_buffer.append", audio=audio)
        assert param == "audio"
        assert code == ("invalid_value" if isinstance(audio, str) else "invalid_type")

    def test_commit(self, codec: WireCodec) -> None:
        assert decode(codec, "input_audio_buffer.commit", event_id="mine") == CommitAudio(event_id="mine")

    def test_clear(self, codec: WireCodec) -> None:
        assert decode(codec, "input_audio_buffer.clear", event_id="mine") == ClearAudio(event_id="mine")


class TestItemEvents:
    """Protocol: conversation, Creating items."""

    def test_delete(self, codec: WireCodec) -> None:
        assert decode(codec, "conversation.item.delete", item_id="i") == DeleteItem(item_id="i")

    def test_truncate(self, codec: WireCodec) -> None:
        event = decode(codec, "conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=1500)
        assert event == TruncateItem(item_id="i", content_index=0, audio_end_ms=1500)

    @pytest.mark.parametrize("field", ["content_index", "audio_end_ms"])
    @pytest.mark.parametrize("value", [-1, 2**31, 10**30])
    def test_truncate_out_of_range(self, codec: WireCodec, field: str, value: int) -> None:
        fields = {"item_id": "i", "content_index": 0, "audio_end_ms": 0, field: value}
        assert refused(codec, "conversation.item.truncate", **fields) == ("invalid_value", field)

    @pytest.mark.parametrize("field", ["item_id", "content_index", "audio_end_ms"])
    def test_truncate_needs_all_three(self, codec: WireCodec, field: str) -> None:
        fields = {"item_id": "i", "content_index": 0, "audio_end_ms": 0}
        del fields[field]
        assert refused(codec, "conversation.item.truncate", **fields) == ("missing_required_parameter", field)

    @pytest.mark.parametrize("name", ["ga", "preview", "voice_live"])
    def test_retrieve(self, name: str, request: pytest.FixtureRequest) -> None:
        event = decode(request.getfixturevalue(name), "conversation.item.retrieve", item_id="i")
        assert event == RetrieveItem(item_id="i")

    @pytest.mark.parametrize("name", ["ga", "preview", "voice_live"])
    def test_output_audio_buffer_clear(self, name: str, request: pytest.FixtureRequest) -> None:
        event = decode(request.getfixturevalue(name), "output_audio_buffer.clear", event_id="mine")
        assert event == ClearOutputAudio(event_id="mine")

    @pytest.mark.parametrize(("previous", "expected"), [({}, None), ({"previous_item_id": None}, None)])
    def test_create_appends(self, codec: WireCodec, previous: Any, expected: None) -> None:
        item = {"type": "function_call_output", "call_id": "c", "output": ""}
        event = decode(codec, "conversation.item.create", item=item, **previous)
        assert event == CreateItem(item=FunctionCallOutputItem(call_id="c", output=""), previous_item_id=expected)

    @pytest.mark.parametrize("previous", ["root", "item_1"])
    def test_create_after(self, codec: WireCodec, previous: str) -> None:
        item = {"type": "function_call_output", "call_id": "c", "output": ""}
        event = decode(codec, "conversation.item.create", item=item, previous_item_id=previous)
        assert isinstance(event, CreateItem)
        assert event.previous_item_id == previous


class TestItems:
    """Items by type (protocol: conversation, Creating items)."""

    def test_message(self, codec: WireCodec) -> None:
        item = created(
            codec,
            type="message",
            role="user",
            id="msg_1",
            object="realtime.item",
            content=[{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        )
        assert item == MessageItem(id="msg_1", role=Role.USER, content=(InputText(text="a"), InputText(text="b")))

    def test_message_without_parts(self, codec: WireCodec) -> None:
        assert created(codec, type="message", role="system", content=[]) == MessageItem(role=Role.SYSTEM)

    @pytest.mark.parametrize("empty", [{}, {"id": None}, {"id": ""}])
    def test_the_session_names_an_item_without_id(self, codec: WireCodec, empty: Any) -> None:
        assert created(codec, type="message", role="user", content=[], **empty).id == ""

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("completed", ItemStatus.COMPLETED),
            ("incomplete", ItemStatus.INCOMPLETE),
            ("in_progress", ItemStatus.COMPLETED),
        ],
    )
    def test_status(self, codec: WireCodec, status: str, expected: ItemStatus) -> None:
        assert created(codec, type="message", role="user", content=[], status=status).status is expected
        call = {"name": "f", "arguments": "{}"}
        assert created(codec, type="function_call", status=status, **call).status is expected
        result = {"call_id": "c", "output": "1"}
        assert created(codec, type="function_call_output", status=status, **result).status is expected

    def test_function_call(self, codec: WireCodec) -> None:
        item = created(codec, type="function_call", id="i", call_id="c", name="f", arguments='{"a": 1}')
        assert item == FunctionCallItem(id="i", call_id="c", name="f", arguments='{"a": 1}')

    def test_function_call_without_call_id(self, codec: WireCodec) -> None:
        assert created(codec, type="function_call", name="f", arguments="") == FunctionCallItem(name="f", call_id="")

    def test_function_call_output(self, codec: WireCodec) -> None:
        item = created(codec, type="function_call_output", id="i", call_id="c", output="free text")
        assert item == FunctionCallOutputItem(id="i", call_id="c", output="free text")

    @pytest.mark.parametrize(
        ("item", "code", "param"),
        [
            ({"type": "message", "role": "tool", "content": []}, "invalid_value", "item.role"),
            ({"type": "message", "content": []}, "missing_required_parameter", "item.role"),
            ({"type": "message", "role": "user", "content": 5}, "invalid_type", "item.content"),
            ({"type": "message", "role": "user", "content": [], "object": "x"}, "invalid_value", "item.object"),
            ({"type": "message", "role": "user", "content": [], "status": "new"}, "invalid_value", "item.status"),
            ({"type": "message", "role": "user", "content": [], "id": "x" * 513}, "invalid_value", "item.id"),
            ({"type": "function_call", "arguments": ""}, "missing_required_parameter", "item.name"),
            ({"type": "function_call", "name": "f"}, "missing_required_parameter", "item.arguments"),
            ({"type": "function_call", "name": "f", "arguments": {}}, "invalid_type", "item.arguments"),
            ({"type": "function_call_output", "output": ""}, "missing_required_parameter", "item.call_id"),
            ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter", "item.output"),
            ({"type": "mcp_approval_response"}, "unsupported_value", "item"),
            ({"type": "mcp_nothing"}, "invalid_value", "item.type"),
            ({"type": "item_reference", "id": "i"}, "invalid_value", "item.type"),
            ({"role": "user"}, "missing_required_parameter", "item.type"),
            (None, "invalid_type", "item"),
        ],
    )
    def test_refused(self, codec: WireCodec, item: Any, code: str, param: str) -> None:
        assert refused(codec, "conversation.item.create", item=item) == (code, param)


class TestContentParts:
    """Parts by role (protocol: conversation, Content parts)."""

    @pytest.mark.parametrize("role", ["system", "user"])
    def test_input_text(self, codec: WireCodec, role: str) -> None:
        assert message(codec, role, type="input_text", text="Hello") == InputText(text="Hello")

    @pytest.mark.parametrize("type", ["text", "output_text"])
    def test_both_spellings_of_output_text(self, codec: WireCodec, type: str) -> None:
        assert message(codec, "assistant", type=type, text="Hello") == OutputText(text="Hello")

    @pytest.mark.parametrize("type", ["audio", "output_audio"])
    @pytest.mark.parametrize(("fields", "transcript"), [({"transcript": "Hello"}, "Hello"), ({"audio": None}, "")])
    def test_both_spellings_of_output_audio(self, codec: WireCodec, type: str, fields: Any, transcript: str) -> None:
        assert message(codec, "assistant", type=type, **fields) == OutputAudio(transcript=transcript)

    @pytest.mark.parametrize("type", ["audio", "output_audio"])
    def test_the_assistants_audio_is_left_out(self, codec: WireCodec, type: str) -> None:
        part = {"type": type, "audio": BASE64, "transcript": "Hello"}
        item = {"type": "message", "role": "assistant", "content": [part]}
        assert left_out(codec, "conversation.item.create", item=item) == ["item.content[0].audio"]
        assert message(codec, "assistant", **part) == OutputAudio(transcript="Hello")

    @pytest.mark.parametrize(("fields", "transcript"), [({}, None), ({"transcript": None}, None)])
    def test_input_audio(self, codec: WireCodec, fields: Any, transcript: None) -> None:
        part = message(codec, "user", type="input_audio", audio=BASE64, **fields)
        assert part == InputAudio(transcript=transcript, clip=AudioClip(data=AUDIO, format=AudioFormat.PCM16))

    def test_input_audio_keeps_the_clients_transcript(self, codec: WireCodec) -> None:
        assert message(codec, "user", type="input_audio", audio=BASE64, transcript="hi").transcript == "hi"

    @pytest.mark.parametrize("fields", [{}, {"audio": None}, {"transcript": "hi"}])
    def test_input_audio_without_audio(self, codec: WireCodec, fields: Any) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_audio", **fields}]}
        expected = ("missing_required_parameter", "item.content[0].audio")
        assert refused(codec, "conversation.item.create", item=item) == expected

    def test_input_audio_of_no_base64(self, codec: WireCodec) -> None:
        content = [{"type": "input_text", "text": ""}, {"type": "input_audio", "audio": "!"}]
        item = {"type": "message", "role": "user", "content": content}
        assert refused(codec, "conversation.item.create", item=item) == ("invalid_value", "item.content[1].audio")

    @pytest.mark.parametrize(("fields", "detail"), [({}, "auto"), ({"detail": "low"}, "low")])
    def test_input_image(self, codec: WireCodec, fields: Any, detail: str) -> None:
        part = message(codec, "user", type="input_image", image_url=PICTURE, **fields)
        assert part == InputImage(image_url=PICTURE, detail=detail)

    @pytest.mark.parametrize(
        ("role", "part"),
        [
            ("system", {"type": "text", "text": ""}),
            ("system", {"type": "input_audio", "audio": ""}),
            ("user", {"type": "output_text", "text": ""}),
            ("user", {"type": "audio"}),
            ("assistant", {"type": "input_text", "text": ""}),
            ("assistant", {"type": "input_image", "image_url": PICTURE}),
            ("user", {"type": "input_file"}),
        ],
    )
    def test_wrong_for_the_role(self, codec: WireCodec, role: str, part: Any) -> None:
        item = {"type": "message", "role": role, "content": [part]}
        assert refused(codec, "conversation.item.create", item=item) == ("invalid_value", "item.content[0].type")


class TestResponseCancel:
    """Protocol: responses, Cancelling."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [({}, None), ({"response_id": None}, None), ({"response_id": ""}, None), ({"response_id": "resp_1"}, "resp_1")],
    )
    def test_cancel(self, codec: WireCodec, fields: Any, expected: str | None) -> None:
        assert decode(codec, "response.cancel", **fields) == CancelResponse(response_id=expected)


def test_every_request_converts_itself() -> None:
    with pytest.raises(NotImplementedError):
        ClientRequest().event()
