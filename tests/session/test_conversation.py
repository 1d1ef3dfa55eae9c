"""Items in order, what was heard of them, and their audio (protocol: conversation)."""

import gc
import sys

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    Item,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    PcmClip,
    Role,
)
from voxwire.session.conversation import ROOT, Conversation, Entry
from voxwire.session.ledger import Ledger
from voxwire.session.limits import Limits


def text(item_id: str) -> MessageItem:
    return MessageItem(id=item_id, role=Role.USER, content=(InputText(text=item_id),))


def sound(item_id: str, size: int) -> MessageItem:
    clip = AudioClip(data=bytes(size), format=AudioFormat.PCM16)
    return MessageItem(id=item_id, role=Role.USER, content=(InputAudio(clip=clip),))


def spoken(item_id: str, words: str, ms: int) -> tuple[MessageItem, Ledger]:
    ledger = Ledger(24_000)
    ledger.add(ms * 48, len(words), ())
    part = OutputAudio(transcript=words, clip=PcmClip(data=bytes(ms * 48), rate=24_000))
    return MessageItem(id=item_id, role=Role.ASSISTANT, content=(part,)), ledger


def conversation(*items: Item, max_items: int = 100, audio: int = 1000) -> Conversation:
    made = Conversation("conv_1", Limits(items=max_items, conversation_text_bytes=10_000, retained_audio_bytes=audio))
    for item in items:
        made.add(item)
    return made


def ids(conversation: Conversation) -> list[str]:
    return [entry.item.id for entry in conversation]


def audio_sizes(conversation: Conversation) -> dict[str, int]:
    return {entry.item.id: entry.size for entry in conversation}


class TestOrder:
    """Absent appends, `root` puts first, else after the item named (protocol: conversation, Creating items)."""

    def test_places(self) -> None:
        made = conversation(text("a"), text("b"))
        made.add(text("c"), after=ROOT)
        made.add(text("d"), after="a")
        made.add(text("e"), after="b")
        assert ids(made) == ["c", "a", "d", "b", "e"]
        assert len(made) == 5

    def test_the_predecessor_is_the_actual_one(self) -> None:
        made = conversation(text("a"), text("b"), text("c"))
        assert [made.previous_id(name) for name in ("a", "b", "c", "x")] == [None, "a", "b", None]
        made.delete("b")
        assert made.previous_id("c") == "a"

    def test_the_last(self) -> None:
        assert conversation().last_id is None
        assert conversation(text("a"), text("b")).last_id == "b"


class TestChecks:
    def test_a_place_that_does_not_exist(self) -> None:
        with pytest.raises(ClientError) as caught:
            conversation().check_after("x")
        assert caught.value.code == "item_create_invalid_previous_item_id"
        assert caught.value.param == "previous_item_id"

    def test_an_id_that_is_taken_or_kept(self) -> None:
        made = conversation(text("a"))
        made.reserve("b")
        for name in ("a", "b"):
            with pytest.raises(ClientError) as caught:
                made.check_id(name)
            assert caught.value.code == "item_create_duplicate_item_id"
        made.release()
        made.check_id("b")
        made.check_after("a")

    def test_the_id_that_means_the_beginning(self) -> None:
        with pytest.raises(ClientError) as caught:
            conversation().check_id("root")
        assert caught.value.code == "invalid_value"
        assert caught.value.param == "item.id"

    def test_room(self) -> None:
        made = conversation(text("a"), max_items=2)
        made.check_room()
        with pytest.raises(ClientError) as caught:
            made.check_room(text("b"), text("c"))
        assert caught.value.code == "conversation_full"

    def test_the_oldest_makes_room_for_what_cannot_be_refused(self) -> None:
        made = conversation(text("a"), text("b"), text("c"), max_items=2)
        assert ids(made) == ["b", "c"]

    def test_calls_are_found(self) -> None:
        made = conversation(FunctionCallItem(id="a", name="f", call_id="call_1"), text("b"))
        made.add(FunctionCallOutputItem(id="c", call_id="call_2", output=""))
        assert made.call("call_1") is made.get("a")
        assert made.call("call_2") is None


class TestDeleted:
    """References reach items deleted lately (protocol: conversation, Deleting items)."""

    def test_is_known_for_a_while(self) -> None:
        made = conversation(sound("a", 100))
        made.delete("a")
        entry = made.ever("a")
        assert made.get("a") is None
        assert entry is not None
        assert entry.size == made.audio_bytes == 0

    def test_not_for_ever(self) -> None:
        made = conversation()
        for number in range(100):
            made.add(text(f"{number}"))
            made.delete(f"{number}")
        assert made.ever("99") is not None
        assert made.ever("0") is None

    def test_an_id_used_again_means_the_new_item(self) -> None:
        made = conversation(text("a"))
        made.delete("a")
        entry = made.add(text("a"))
        assert made.ever("a") is entry


class TestRetention:
    """The oldest items lose their audio first (protocol: conversation, Retained audio)."""

    def test_oldest_first(self) -> None:
        made = conversation(sound("a", 400), text("b"), sound("c", 400), sound("d", 400))
        assert audio_sizes(made) == {"a": 0, "b": 0, "c": 400, "d": 400}
        assert made.audio_bytes == 800
        (part,) = made.get("a").item.content  # type: ignore[union-attr]
        assert part.clip is None

    def test_an_item_above_the_bound_loses_its_own(self) -> None:
        made = conversation(sound("a", 1200))
        assert made.audio_bytes == 0

    def test_deleted_audio_counts_no_more(self) -> None:
        made = conversation(sound("a", 600))
        made.delete("a")
        made.add(sound("b", 600))
        assert audio_sizes(made) == {"b": 600}

    def test_the_age_of_an_id_used_again_is_that_of_its_new_item(self) -> None:
        made = conversation(sound("a", 100))
        made.delete("a")
        made.add(sound("b", 500))
        made.add(sound("a", 400))
        made.add(sound("c", 200))
        assert audio_sizes(made) == {"b": 0, "a": 400, "c": 200}

    def test_items_made_and_deleted_leave_nothing_behind(self) -> None:
        made = conversation()
        for number in range(1000):
            made.add(sound(f"{number}", 2))
            made.delete(f"{number}")
        assert len(made._with_audio) == 0

    def test_an_answer_counts_when_it_is_complete(self) -> None:
        item, ledger = spoken("b", "word", 10)
        made = conversation(sound("a", 900), audio=1000)
        entry = made.add(MessageItem(id="b", role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS), ledger=ledger)
        assert made.settle(entry, item)
        assert audio_sizes(made) == {"a": 0, "b": 480}

    def test_an_answer_deleted_while_it_streamed_does_not_come_back(self) -> None:
        item, ledger = spoken("a", "word", 10)
        made = conversation()
        entry = made.add(MessageItem(id="a", role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS), ledger=ledger)
        made.delete("a")
        assert not made.settle(entry, item)
        made.add(text("a"))
        assert not made.settle(entry, item)
        assert [entry.item for entry in made] == [text("a")]
        assert made.audio_bytes == 0

    def test_a_cut_gives_audio_back(self) -> None:
        item, ledger = spoken("a", "word", 10)
        made = conversation()
        entry = made.add(item, ledger=ledger)
        made.truncate(entry, 5)
        assert made.audio_bytes == entry.size == 240


class TestTruncate:
    """`conversation.item.truncate`, also while the item streams (protocol: conversation, Truncation)."""

    def test_cuts_transcript_and_audio(self) -> None:
        item, ledger = spoken("a", "one two three", 13)
        entry = Entry(item, ledger)
        entry.truncate(8)
        (part,) = entry.item.content  # type: ignore[union-attr]
        assert part.transcript == "one two"
        assert len(part.clip.data) == 8 * 48

    def test_before_the_item_is_complete(self) -> None:
        item, ledger = spoken("a", "one two three", 13)
        entry = Entry(MessageItem(id="a", role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS), ledger)
        entry.truncate(3)
        entry.settle(item)
        assert entry.item.content[0].transcript == "one"  # type: ignore[union-attr]

    def test_a_later_cut_gives_nothing_back(self) -> None:
        item, ledger = spoken("a", "one two three", 13)
        entry = Entry(MessageItem(id="a", role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS), ledger)
        entry.truncate(3)
        entry.truncate(8)
        entry.settle(item)
        assert entry.item.content[0].transcript == "one"  # type: ignore[union-attr]
        assert entry.spoken_ms == 3

    def test_without_audio_the_words_are_cut_all_the_same(self) -> None:
        item, ledger = spoken("a", "one two three", 13)
        entry = Entry(item, ledger)
        entry.drop_audio()
        entry.truncate(3)
        assert entry.item.content == (OutputAudio(transcript="one"),)  # type: ignore[union-attr]

    def test_a_written_answer_has_nothing_to_cut(self) -> None:
        item = MessageItem(id="a", role=Role.ASSISTANT, content=(OutputText(text="written"),))
        entry = Entry(item, Ledger(24_000))
        entry.truncate(0)
        assert entry.item == item

    def test_other_items_are_left_alone(self) -> None:
        for item in (text("a"), FunctionCallItem(id="a", name="f", call_id="c")):
            entry = Entry(item)
            entry.truncate(0)
            assert entry.item is item
            assert entry.spoken_ms == 0


class TestEntry:
    def test_engines_read_what_was_heard(self) -> None:
        entry = Entry(sound("a", 100))
        entry.hear(0, "hello")
        assert entry.for_engine().content[0].transcript == "hello"  # type: ignore[union-attr]
        assert entry.item.content[0].transcript is None  # type: ignore[union-attr]

    def test_speech_not_understood_is_empty_and_silence_is_none(self) -> None:
        entry = Entry(sound("a", 100))
        assert entry.for_engine().content[0].transcript is None  # type: ignore[union-attr]
        entry.hear(0, None)
        assert entry.for_engine().content[0].transcript == ""  # type: ignore[union-attr]

    def test_parts_nobody_listened_to_stay_as_they_are(self) -> None:
        item = MessageItem(id="a", role=Role.USER, content=(InputAudio(transcript="said"), InputText(text="x")))
        entry = Entry(item)
        entry.hear(7, "of another part")
        assert entry.for_engine() == item

    def test_calls_have_nothing_to_hear(self) -> None:
        item = FunctionCallItem(id="a", name="f", call_id="c")
        entry = Entry(item)
        entry.set_transcript(0, "x")
        entry.drop_audio()
        assert entry.for_engine() is item
        assert entry.size == 0

    def test_a_reading_is_made_once_until_something_changes(self) -> None:
        entry = Entry(sound("a", 4800))
        entry.hear(0, None)
        pending = entry.context_item()
        assert (pending.text, pending.audio) == (0, 0)
        assert entry.context_item() is pending
        entry.hear(0, "hello")
        assert entry.context_item().item.content[0].transcript == "hello"  # type: ignore[union-attr]
        entry.drop_audio()
        assert entry.context_item().item.content[0].clip is None  # type: ignore[union-attr]

    def test_a_context_item_keeps_no_audio_alive(self) -> None:
        """Deleted items are remembered without their audio; what engines read of them must not hold it."""
        data = bytes(range(100))
        references = sys.getrefcount(data)
        clip = InputAudio(clip=AudioClip(data=data, format=AudioFormat.PCM16))
        made = conversation(MessageItem(id="a", role=Role.USER, content=(clip,)))
        del clip
        made.get("a").context_item()  # type: ignore[union-attr]
        assert sys.getrefcount(data) > references
        made.delete("a")
        assert made.ever("a") is not None
        assert sys.getrefcount(data) == references

    def test_only_speech_gets_a_transcript(self) -> None:
        entry = Entry(text("a"))
        entry.set_transcript(0, "x")
        assert entry.item == text("a")


def test_a_collection_looks_at_little_of_a_long_conversation() -> None:
    """It holds the loop for as long as it has objects to look at, in all sessions together."""
    made, turns = conversation(audio=10_000_000), 400  # so many that what other tests left behind is little beside
    gc.collect()
    before = len(gc.get_objects())
    for number in range(turns):
        asked, (answer, ledger) = made.add(sound(f"asked{number}", 100)), spoken(f"said{number}", "Four.", 10)
        asked.hear(0, "Two and two?")
        for entry in (asked, made.add(answer, ledger=ledger)):
            entry.context_item()
    gc.collect()
    # Of a turn the two entries, a ledger and its list; what they hold are values.
    assert len(gc.get_objects()) - before < 5 * turns
