"""Forms of items and of audio that say nothing new, or say it in other words: accepted."""

import base64
from typing import Any

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE, decode, encode, params, refused

from voxwire.dialects import Variant, WireCodec
from voxwire.events.client import AppendAudio, CreateItem
from voxwire.events.items import (
    BorrowingMessage,
    InputAudio,
    InputText,
    Item,
    ItemReference,
    MessageItem,
    OutputText,
    Role,
)
from voxwire.events.server import ItemAdded

VARIANTS = [
    pytest.param(GA, id="ga"),
    pytest.param(PREVIEW, id="preview"),
    pytest.param(FIRST, id="first"),
    pytest.param(VOICE_LIVE, id="voice_live"),
]

#: Its base64 has all letters that differ between the alphabets, and needs padding.
AUDIO = bytes.fromhex("fbefbefff7")
PLAIN = base64.b64encode(AUDIO).decode()
URL_SAFE = base64.urlsafe_b64encode(AUDIO).decode()


def created(codec: WireCodec, **fields: Any) -> Item:
    event = decode(codec, "conversation.item.create", item={"type": "message", **fields})
    assert isinstance(event, CreateItem)
    return event.item


def test_the_sample_is_worth_its_name() -> None:
    assert "+" in PLAIN
    assert "/" in PLAIN
    assert "-" in URL_SAFE
    assert "_" in URL_SAFE
    assert PLAIN.endswith("=")


@pytest.mark.parametrize("variant", VARIANTS)
class TestBase64:
    @pytest.mark.parametrize(
        "audio", [PLAIN, PLAIN.rstrip("="), URL_SAFE, URL_SAFE.rstrip("="), f" {URL_SAFE[:4]}\r\n{URL_SAFE[4:]}\n"]
    )
    def test_every_spelling(self, variant: Variant, audio: str) -> None:
        assert decode(WireCodec(variant), "input_audio_buffer.append", audio=audio) == AppendAudio(audio=AUDIO)

    @pytest.mark.parametrize("size", range(8))
    def test_every_length_without_padding(self, variant: Variant, size: int) -> None:
        audio = base64.b64encode(bytes(size)).decode().rstrip("=")
        assert decode(WireCodec(variant), "input_audio_buffer.append", audio=audio) == AppendAudio(audio=bytes(size))

    def test_a_large_one(self, variant: Variant) -> None:
        sent = bytes(range(256)) * 8000
        audio = base64.urlsafe_b64encode(sent).decode().rstrip("=")
        assert decode(WireCodec(variant), "input_audio_buffer.append", audio=audio) == AppendAudio(audio=sent)

    def test_in_an_item(self, variant: Variant) -> None:
        item = created(
            WireCodec(variant), role="user", content=[{"type": "input_audio", "audio": URL_SAFE.rstrip("=")}]
        )
        assert isinstance(item, MessageItem)
        (part,) = item.content
        assert isinstance(part, InputAudio)
        assert part.clip is not None
        assert part.clip.data == AUDIO


@pytest.mark.parametrize("variant", VARIANTS)
class TestMessages:
    @pytest.mark.parametrize(
        ("role", "part"),
        [("user", InputText(text="Hi")), ("system", InputText(text="Hi")), ("assistant", OutputText(text="Hi"))],
    )
    def test_content_as_a_string(self, variant: Variant, role: str, part: Any) -> None:
        expected = MessageItem(role=Role(role), content=(part,))
        assert created(WireCodec(variant), role=role, content="Hi") == expected
        sent = {"type": "message", "role": role, "content": "Hi"}
        assert params(WireCodec(variant), input=[sent]).input == (expected,)

    def test_the_developer_is_the_system(self, variant: Variant) -> None:
        """Clients of the official types know three roles, so it comes back as one of them."""
        item = created(WireCodec(variant), role="developer", content=[{"type": "input_text", "text": "Be brief."}])
        assert item == MessageItem(role=Role.SYSTEM, content=(InputText(text="Be brief."),))
        assert encode(WireCodec(variant), ItemAdded(item=item, previous_item_id=None))["item"]["role"] == "system"

    def test_the_developer_says_what_the_system_may(self, variant: Variant) -> None:
        item = {"type": "message", "role": "developer", "content": [{"type": "text", "text": "Hi"}]}
        expected = ("invalid_value", "item.content[0].type")
        assert refused(WireCodec(variant), "conversation.item.create", item=item) == expected

    @pytest.mark.parametrize("phase", ["commentary", "final_answer"])
    def test_phase_is_kept_and_returned(self, variant: Variant, phase: str) -> None:
        item = created(WireCodec(variant), role="assistant", content="Hi", phase=phase)
        assert encode(WireCodec(variant), ItemAdded(item=item, previous_item_id=None))["item"]["phase"] == phase

    @pytest.mark.parametrize("fields", [{}, {"phase": None}])
    def test_no_phase_is_not_shown(self, variant: Variant, fields: Any) -> None:
        item = created(WireCodec(variant), role="assistant", content="Hi", **fields)
        assert "phase" not in encode(WireCodec(variant), ItemAdded(item=item, previous_item_id=None))["item"]

    def test_another_phase(self, variant: Variant) -> None:
        item = {"type": "message", "role": "assistant", "content": "Hi", "phase": "prologue"}
        assert refused(WireCodec(variant), "conversation.item.create", item=item) == ("invalid_value", "item.phase")

    @pytest.mark.parametrize("annotations", [[], None])
    @pytest.mark.parametrize(
        ("role", "type"), [("assistant", "output_text"), ("assistant", "text"), ("user", "input_text")]
    )
    def test_empty_annotations(self, variant: Variant, role: str, type: str, annotations: Any) -> None:
        item = created(
            WireCodec(variant), role=role, content=[{"type": type, "text": "Hi", "annotations": annotations}]
        )
        assert item == created(WireCodec(variant), role=role, content="Hi")

    def test_annotations(self, variant: Variant) -> None:
        part = {"type": "output_text", "text": "Hi", "annotations": [{"type": "url_citation"}]}
        item = {"type": "message", "role": "assistant", "content": [part]}
        expected = ("invalid_value", "item.content[0].annotations")
        assert refused(WireCodec(variant), "conversation.item.create", item=item) == expected


@pytest.mark.parametrize("variant", VARIANTS)
class TestReferencesInContent:
    """Types of the previews let a message of `response.create` hold the content of another item."""

    def test_in_the_input_of_a_response(self, variant: Variant) -> None:
        reference = {"type": "item_reference", "id": "u1", "text": None, "audio": None, "transcript": None}
        content = [{"type": "input_text", "text": "Hi"}, reference]
        message = MessageItem(role=Role.USER)
        expected = BorrowingMessage(message=message, content=(InputText(text="Hi"), ItemReference(id="u1")))
        found = params(WireCodec(variant), input=[{"type": "message", "role": "user", "content": content}]).input
        assert found == (expected,)

    def test_nowhere_else(self, variant: Variant) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "item_reference", "id": "u1"}]}
        code, param = refused(WireCodec(variant), "conversation.item.create", item=item)
        assert (code, param) == ("invalid_value", "item.content[0].type")

    def test_needs_an_id(self, variant: Variant) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "item_reference"}]}
        code, param = refused(WireCodec(variant), "response.create", response={"input": [item]})
        assert (code, param) == ("missing_required_parameter", "response.input[0].content[0].id")
