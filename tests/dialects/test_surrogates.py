"""Lone halves of surrogate pairs: legal JSON, kept, and never in a text of the program."""

import json
import string
from typing import Any

import msgspec
import pytest
from dialect_samples import decode, patch, refusal
from hypothesis import given
from hypothesis import strategies as st

from voxwire.dialects import WireCodec
from voxwire.dialects.surrogates import spell_out, stand_in
from voxwire.events.client import CreateItem
from voxwire.events.items import InputText, MessageItem
from voxwire.events.server import ItemAdded

#: Halves, whole pairs, the private code points that stand in for halves, and all that belongs to escapes.
PIECES = [
    "\ud83d",
    "\ude00",
    "\udbfe",
    "\udc3d",
    "\U0001f600",
    "\U0010f83d",
    "\U0010ffff",
    "\\",
    "u",
    "ud83d",
    '"',
    "é",
]
texts = st.lists(st.sampled_from([*PIECES, "\n", "a", "0"])).map("".join)


def as_sent(text: str, *, ascii: bool) -> str:
    """JSON as Python programs write it; unescaped text cannot hold halves on a socket."""
    if not ascii:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps({"text": text}, ensure_ascii=ascii)


class TestBothWays:
    @given(texts, st.booleans())
    def test_what_came_goes_back(self, text: str, ascii: bool) -> None:
        frame = as_sent(text, ascii=ascii)
        inside = msgspec.json.decode(stand_in(frame))
        inside["text"].encode()  # fails on a half
        back = json.loads(spell_out(msgspec.json.encode(inside)))
        assert back == json.loads(frame)

    @given(st.text(string.printable + "äß€"))
    def test_other_text_stays_as_it_is(self, text: str) -> None:
        frame = json.dumps({"text": text}, ensure_ascii=False)
        assert stand_in(frame) is frame
        assert stand_in(frame.encode()) == frame

    def test_in_a_large_frame(self) -> None:
        frame = '"' + "a" * 3_000_000 + '\\ud83d"'
        assert msgspec.json.decode(stand_in(frame)).startswith("aaa")

    def test_stand_ins_have_no_sound_and_no_shape(self) -> None:
        inside: str = msgspec.json.decode(stand_in('"\\ud83d\\udc00x\\udfff"'))
        assert inside[0] == "\U0001f400"
        assert not inside[2].isprintable()
        assert not inside[2].isalnum()

    def test_many_halves_do_not_hold_the_loop(self) -> None:
        """What lies past the bound is left to the parser, which refuses it."""
        frame = '{"text":"' + "\\ud83d" * 100_000 + '"}'
        assert stand_in(frame).count("\\ud83d") == 80_000
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(stand_in(frame))


class TestEvents:
    @pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\uDBFF", "\\udc00x", "a\\ud83d\\ud83d\\ude00"])
    def test_an_item_keeps_them(self, codec: WireCodec, half: str) -> None:
        frame = '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[%s]}}'
        event = codec.decode(frame % f'{{"type":"input_text","text":"{half}"}}')
        assert isinstance(event, CreateItem)
        assert isinstance(event.item, MessageItem)
        (part,) = event.item.content
        assert isinstance(part, InputText)
        part.text.encode()
        item = MessageItem(id="item_1", role=event.item.role, content=event.item.content)
        shown = codec.encode(ItemAdded(item=item, previous_item_id=None), "event_1")
        assert shown is not None
        assert json.loads(shown)["item"]["content"][0]["text"] == json.loads(f'"{half}"')

    def test_as_the_same_escape(self, ga: WireCodec) -> None:
        instructions = patch(ga, type="realtime", instructions="\ud83d").instructions
        assert spell_out(msgspec.json.encode(instructions)) == b'"\\ud83d"'

    def test_in_names_of_free_form_values(self, ga: WireCodec) -> None:
        tool = {"type": "function", "name": "f", "parameters": {"properties": {"\ud83d": {"enum": ["\ude00"]}}}}
        (found,) = patch(ga, type="realtime", tools=[tool]).tools  # type: ignore[misc]
        msgspec.json.encode(found.parameters)

    def test_in_an_event_id(self, codec: WireCodec) -> None:
        assert decode(codec, "input_audio_buffer.commit", event_id="\ud83d").event_id
        error = refusal(codec, '{"type":"input_audio_buffer.commit","event_id":"\\ud83d","x":1}')
        assert error.event_id is not None
        assert spell_out(msgspec.json.encode(error.event_id)) == b'"\\ud83d"'

    @pytest.mark.parametrize("where", ["type", "session"])
    def test_where_none_can_be(self, codec: WireCodec, where: str) -> None:
        fields: Any = {"type": "session.update", "session": {"tool_choice": "\ud83d"}} | (
            {"type": "\ud83d"} if where == "type" else {}
        )
        error = refusal(codec, json.dumps({"event_id": "mine", **fields}))
        assert error.event_id == "mine"
