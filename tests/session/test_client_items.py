"""Items that the client makes (protocol: conversation, Creating items)."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import CreateItem, DeleteItem, RetrieveItem
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    PcmClip,
    Role,
)
from voxwire.events.server import ErrorOccurred, ItemAdded, ItemDone, ItemRetrieved
from voxwire.events.session_config import SessionConfig, SessionKind
from voxwire.interfaces.commands import StartResponse, StartTranscription
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, speech

MANUAL = SessionConfig(model="scripted", turn_detection=None)


def text(words: str, item_id: str = "") -> MessageItem:
    return MessageItem(id=item_id, role=Role.USER, content=(InputText(text=words),))


def sound(ms: float, format: AudioFormat = AudioFormat.PCM16) -> MessageItem:
    # The dialect does not know the session's format; whatever it says, the session's counts.
    clip = AudioClip(data=speech(ms, format), format=AudioFormat.PCM16)
    return MessageItem(role=Role.USER, content=(InputAudio(clip=clip, transcript="claimed"),))


def refusal(item: Item, *, limits: Limits | None = None, config: SessionConfig = MANUAL) -> ErrorOccurred:
    driver = Driver(config, limits=limits)
    before = len(driver.outputs)
    driver.send(CreateItem(item=item, event_id="e"))
    (error,) = driver.outputs[before:]
    assert isinstance(error, ErrorOccurred)
    assert error.event_id == "e"
    return error


class TestCreate:
    def test_is_added_and_done(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("one")))
        driver.send(CreateItem(item=text("two", "mine")))
        assert driver.names()[1:] == ["ItemAdded", "ItemDone"] * 2
        assert [event.item.id for event in driver.all(ItemAdded)] == ["item_1", "mine"]
        assert [event.previous_item_id for event in driver.all(ItemDone)] == [None, "item_1"]

    def test_in_its_place(self) -> None:
        driver = Driver(MANUAL)
        for name, after in (("a", None), ("b", None), ("c", "root"), ("d", "a")):
            driver.send(CreateItem(item=text(name, name), previous_item_id=after))
        assert [event.previous_item_id for event in driver.all(ItemAdded)] == [None, "a", None, "a"]

    def test_a_place_that_does_not_exist(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("x"), previous_item_id="nope"))
        assert driver.errors == ["item_create_invalid_previous_item_id"]

    def test_a_duplicate(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("x", "a")))
        driver.send(CreateItem(item=text("x", "a")))
        assert driver.errors == ["item_create_duplicate_item_id"]

    def test_a_full_conversation(self) -> None:
        driver = Driver(MANUAL, limits=Limits(items=1))
        driver.send(CreateItem(item=text("x")))
        driver.send(CreateItem(item=text("x")))
        assert driver.errors == ["conversation_full"]

    def test_not_in_a_transcription_session(self) -> None:
        config = SessionConfig(model="scripted", kind=SessionKind.TRANSCRIPTION)
        assert refusal(text("x"), config=config).code == "invalid_value"


class TestBounds:
    @pytest.mark.parametrize(
        ("item", "param"),
        [
            (text("x" * 101), "item"),
            (text("€" * 34), "item"),
            (MessageItem(role=Role.ASSISTANT, content=(OutputText(text="x" * 101),)), "item"),
            (MessageItem(role=Role.ASSISTANT, content=(OutputAudio(transcript="x" * 101),)), "item"),
            (MessageItem(role=Role.USER, content=(InputAudio(transcript="x" * 101),)), "item"),
            (FunctionCallItem(name="f", call_id="c", arguments="x" * 150), "item"),
            (text("x", "i" * 129), "item.id"),
        ],
    )
    def test_text(self, item: Item, param: str) -> None:
        error = refusal(item, limits=Limits(item_text_bytes=200))
        assert (error.code, error.param) == ("string_above_max_length", param)

    @pytest.mark.parametrize(
        "item",
        [
            MessageItem(role=Role.USER, content=(InputText(text="x" * 60), InputText(text="x" * 60))),
            MessageItem(role=Role.USER, content=(InputText(text=""),) * 5),
            FunctionCallItem(name="f" * 150, call_id="c"),
            FunctionCallItem(name="f", call_id="c" * 150),
        ],
    )
    def test_all_text_of_an_item_together(self, item: Item) -> None:
        """Parts count although they are empty: a frame holds half a million of them."""
        error = refusal(item, limits=Limits(item_text_bytes=200))
        assert (error.code, error.param) == ("string_above_max_length", "item")

    def test_all_text_of_a_conversation_together(self) -> None:
        driver = Driver(MANUAL, limits=Limits(conversation_text_bytes=600))
        for name in ("a", "b", "c"):
            driver.send(CreateItem(item=text("x" * 100, name)))
        assert driver.errors == ["conversation_full"]
        driver.send(DeleteItem(item_id="a"))
        driver.send(CreateItem(item=text("x" * 100, "c")))
        assert driver.errors == ["conversation_full"]

    def test_items_of_one_response_count_together(self) -> None:
        driver = Driver(MANUAL, limits=Limits(conversation_text_bytes=600))
        driver.respond(append_items=(text("x" * 100),) * 3)
        assert driver.errors == ["conversation_full"]
        driver.respond(append_items=(text("x" * 100),) * 2)
        assert driver.errors == ["conversation_full"]

    def test_the_context_of_one_response_has_the_same_bound(self) -> None:
        driver = Driver(MANUAL, limits=Limits(conversation_text_bytes=600))
        driver.respond(input=(text("x" * 100),) * 3)
        error = driver.last(ErrorOccurred)
        assert (error.code, error.param) == ("string_above_max_length", "response.input")

    def test_the_answer_to_a_call(self) -> None:
        driver = Driver(MANUAL, limits=Limits(item_text_bytes=200))
        driver.send(CreateItem(item=FunctionCallItem(name="f", call_id="c")))
        driver.send(CreateItem(item=FunctionCallOutputItem(call_id="c", output="x" * 150)))
        assert driver.last(ErrorOccurred).param == "item"

    def test_as_much_as_fits(self) -> None:
        driver = Driver(MANUAL, limits=Limits(item_text_bytes=200))
        driver.send(CreateItem(item=text("€" * 10)))
        assert not driver.errors

    def test_audio(self) -> None:
        for ms in (3, 1000):
            clip = AudioClip(data=bytes(ms), format=AudioFormat.PCM16)
            item = MessageItem(role=Role.USER, content=(InputText(text="x"), InputAudio(clip=clip)))
            error = refusal(item, limits=Limits(append_bytes=100))
            assert (error.code, error.param) == ("invalid_value", "item.content[1].audio")

    def test_pictures_need_an_engine_with_eyes(self) -> None:
        item = MessageItem(role=Role.USER, content=(InputImage(image_url="data:,"), InputText(text="What is it?")))
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=item))
        assert driver.last(ItemAdded).item.content == (InputText(text="What is it?"),)
        assert driver.errors == ["unsupported_value"]
        driver = Driver(MANUAL, capabilities=Capabilities(images=True))
        driver.send(CreateItem(item=item))
        assert driver.last(ItemAdded).item.content == item.content
        assert not driver.errors

    def test_what_was_left_out_of_a_refused_item_is_forgotten(self) -> None:
        driver = Driver(MANUAL)
        picture = MessageItem(role=Role.USER, content=(InputImage(image_url="data:,"),))
        driver.send(CreateItem(item=picture, previous_item_id="nope"))
        driver.send(CreateItem(item=text("hello")))
        assert driver.errors == ["item_create_invalid_previous_item_id"]

    def test_whichever_way_an_item_comes_it_is_checked_the_same(self) -> None:
        wrong = [
            (text("x" * 300), "string_above_max_length", ""),
            (text("x", "i" * 129), "string_above_max_length", ".id"),
            (FunctionCallOutputItem(call_id="c", output=""), "invalid_tool_call_id", ".call_id"),
            (
                MessageItem(role=Role.USER, content=(InputAudio(clip=AudioClip(data=b"x", format=AudioFormat.PCM16)),)),
                "invalid_value",
                ".content[0].audio",
            ),
        ]
        for item, code, where in wrong:
            driver = Driver(MANUAL, limits=Limits(item_text_bytes=200))
            driver.send(CreateItem(item=item))
            driver.respond(append_items=(item,))
            driver.respond(input=(item,))
            assert driver.errors == [code] * 3
            places = ("item", "response.append_input_items[0]", "response.input[0]")
            assert [error.param for error in driver.all(ErrorOccurred)] == [place + where for place in places]


class TestCalls:
    def test_an_answer_needs_its_call(self) -> None:
        error = refusal(FunctionCallOutputItem(call_id="c", output="x"))
        assert (error.code, error.param) == ("invalid_tool_call_id", "item.call_id")

    def test_the_engines_call_is_answered(self) -> None:
        driver = Driver(MANUAL)
        driver.respond()
        driver.call("f", "{}")
        driver.send(CreateItem(item=FunctionCallOutputItem(call_id="call_1", output="")))
        assert not driver.errors

    def test_a_call_without_an_id_gets_one(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=FunctionCallItem(name="f", call_id="")))
        item = driver.last(ItemAdded).item
        assert isinstance(item, FunctionCallItem)
        assert item.call_id == "call_1"


class TestAudio:
    """User audio is in the session's input format; its transcript is not given to the model."""

    @pytest.mark.parametrize("format", list(AudioFormat))
    def test_is_understood(self, format: AudioFormat) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=None, input_format=format))
        driver.send(CreateItem(item=sound(200, format)))
        (part,) = driver.last(ItemAdded).item.content  # type: ignore[union-attr]
        assert part.clip.format is format
        assert part.duration_ms == 200
        assert driver.last(StartTranscription).format is format
        driver.respond()
        assert not driver.all(StartResponse)
        driver.hear("hello")
        assert driver.request.items[0].content[0].transcript == "hello"  # type: ignore[union-attr]

    def test_too_short_for_a_word_is_speech_not_understood(self) -> None:
        """A recogniser for every millisecond would be a cheap way to occupy all of them."""
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=sound(99)))
        assert not driver.all(StartTranscription)
        driver.respond()
        assert driver.request.items[0].content[0].transcript == ""  # type: ignore[union-attr]

    def test_a_transcript_alone_is_kept(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputAudio(transcript="said"),))))
        assert not driver.all(StartTranscription)
        driver.respond()
        assert driver.request.items[0].content[0].transcript == "said"  # type: ignore[union-attr]

    def test_of_an_assistant_cannot_be_populated(self) -> None:
        driver = Driver(MANUAL)
        part = OutputAudio(transcript="hello", clip=PcmClip(data=bytes(4800), rate=24_000))
        driver.send(CreateItem(item=MessageItem(id="a", role=Role.ASSISTANT, content=(part,))))
        driver.send(RetrieveItem(item_id="a"))
        assert driver.last(ItemRetrieved).audio == {}
        assert driver.last(ItemRetrieved).item.content == (OutputAudio(transcript="hello"),)  # type: ignore[union-attr]
