"""One message of a response and its token limit (protocol: responses, Order of events; responses, Tokens)."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.items import ItemStatus, MessageItem, OutputAudio, OutputText
from voxwire.events.server import AudioDelta, ServerEvent, TextDelta, TranscriptDelta
from voxwire.events.session_config import Modality
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import SpokenAudio
from voxwire.session.output_message import OutputMessage


def message(modality: Modality = Modality.AUDIO, events: list[ServerEvent] | None = None) -> OutputMessage:
    return OutputMessage(
        response_id="resp_1",
        item_id="item_1",
        output_index=0,
        modality=modality,
        format=AudioFormat.PCM16,
        emit=([] if events is None else events).append,
    )


def pcm(ms: float) -> bytes:
    return bytes(int(ms * 24) * 2)


def shown(events: list[ServerEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, TextDelta | TranscriptDelta))


def spoken_ms(events: list[ServerEvent]) -> float:
    return sum(len(event.pcm) for event in events if isinstance(event, AudioDelta)) / 48


def words(*starts: tuple[str, int, float, float]) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start=start, end=start + len(text), start_ms=start_ms, end_ms=end_ms)
        for text, start, start_ms, end_ms in starts
    )


def names(events: list[ServerEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


class TestEndlessText:
    """The same for a language engine: words without end are no answer."""

    @pytest.mark.parametrize("modality", Modality)
    @pytest.mark.parametrize("budget", [None, 1000])
    def test_ends(self, modality: Modality, budget: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.output_message.MOST_TEXT_CHARS", 10)
        events: list[ServerEvent] = []
        made = message(modality, events=events)
        assert [made.write("one ", budget) for _ in range(3)] == [False, False, True]
        if modality is Modality.TEXT or budget is None:
            assert shown(events) == made.transcript == "one one "


class TestEndlessSpeech:
    """An engine that goes on for ever fills neither the memory nor the hour."""

    def test_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.output_message.MOST_AUDIO_BYTES", len(pcm(500)))
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("Hello", None)
        assert [made.voice(SpokenAudio(pcm=pcm(200), chars_to=5), None) for _ in range(3)] == [False, False, True]
        assert spoken_ms(events) == 400
        item = made.close(ItemStatus.INCOMPLETE)
        (part,) = item.content
        assert isinstance(part, OutputAudio)
        assert part.clip is not None
        assert part.clip.duration_ms == 400

    def test_up_to_the_last_byte(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.output_message.MOST_AUDIO_BYTES", len(pcm(400)))
        events: list[ServerEvent] = []
        made = message(events=events)
        assert not any(made.voice(SpokenAudio(pcm=pcm(200), chars_to=5), None) for _ in range(2))

    def test_a_long_story_is_not_endless(self) -> None:
        made = message()
        assert not any(made.voice(SpokenAudio(pcm=pcm(200), chars_to=0), None) for _ in range(10 * 60 * 5))


class TestOrder:
    """Part added, deltas, audio done, transcript done, part done (protocol: responses, Order of events)."""

    def test_spoken(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.open()
        made.write("Hello", None)
        made.voice(SpokenAudio(pcm=pcm(100), chars_to=5), None)
        item = made.close(ItemStatus.COMPLETED)
        assert names(events) == [
            "ContentPartAdded",
            "TranscriptDelta",
            "AudioDelta",
            "AudioDone",
            "TranscriptDone",
            "ContentPartDone",
        ]
        assert isinstance(item, MessageItem)
        (part,) = item.content
        assert isinstance(part, OutputAudio)
        assert part.transcript == "Hello"
        assert part.clip is not None
        assert part.clip.duration_ms == 100

    def test_written(self) -> None:
        events: list[ServerEvent] = []
        made = message(Modality.TEXT, events=events)
        made.open()
        made.write("Hello", None)
        item = made.close(ItemStatus.COMPLETED)
        assert names(events) == ["ContentPartAdded", "TextDelta", "TextDone", "ContentPartDone"]
        assert item.content == (OutputText(text="Hello"),)

    def test_nothing_said_is_closed_all_the_same(self) -> None:
        events: list[ServerEvent] = []
        item = message(events=events).close(ItemStatus.INCOMPLETE)
        assert names(events) == ["AudioDone", "TranscriptDone", "ContentPartDone"]
        assert item.content == (OutputAudio(transcript=""),)

    def test_text_runs_ahead_of_its_audio(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("one two", None)
        assert shown(events) == "one two"

    def test_audio_without_samples_is_none(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.voice(SpokenAudio(pcm=b"", chars_to=0), None)
        made.voice(SpokenAudio(pcm=b"", chars_to=0), 10)
        assert events == []


class TestTextBudget:
    """One token for every four bytes; the cut falls at a word."""

    def test_everything_that_fits_is_shown(self) -> None:
        events: list[ServerEvent] = []
        made = message(Modality.TEXT, events=events)
        assert not made.write("one two ", 2)
        assert shown(events) == "one two "

    def test_the_rest_is_cut_at_a_word(self) -> None:
        events: list[ServerEvent] = []
        made = message(Modality.TEXT, events=events)
        assert not made.write("one two", 2)
        assert made.write(" three four", 2)
        assert shown(events) == made.transcript == "one two"

    def test_a_word_that_is_too_long_is_not_shown(self) -> None:
        events: list[ServerEvent] = []
        made = message(Modality.TEXT, events=events)
        assert made.write("incomprehensibilities", 2)
        assert shown(events) == ""

    def test_a_cut_never_takes_back_what_was_shown(self) -> None:
        events: list[ServerEvent] = []
        made = message(Modality.TEXT, events=events)
        assert not made.write("one tw", 2)
        assert made.write("ohundred three", 2)
        item = made.close(ItemStatus.INCOMPLETE)
        assert item.content == (OutputText(text="one tw"),)


class TestAudioBudget:
    """One more for every 50 ms spoken; the transcript says no more than was spoken."""

    def test_text_waits_for_its_audio(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        assert not made.write("one two", 100)
        assert events == []
        assert not made.voice(SpokenAudio(pcm=pcm(100), chars_to=3), 100)
        assert shown(events) == "one"

    def test_the_cut_falls_at_a_word(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        timed = words(("one", 0, 0, 100), ("two", 4, 100, 210), ("three", 8, 210, 400))
        made.write("one two three", 7)
        # "one two" costs 2 tokens of text and 5 of audio.
        assert made.voice(SpokenAudio(pcm=pcm(400), chars_to=13, words=timed), 7)
        assert shown(events) == "one two"
        assert spoken_ms(events) == 210

    def test_without_word_times_the_stretch_is_left_out(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("one two three", 7)
        assert not made.voice(SpokenAudio(pcm=pcm(100), chars_to=3), 7)
        assert made.voice(SpokenAudio(pcm=pcm(300), chars_to=13), 7)
        assert shown(events) == "one"
        assert spoken_ms(events) == 100

    def test_a_word_that_began_in_the_stretch_before_ends_there(self) -> None:
        """All of its audio went out already: there is nothing to add."""
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("one two", 3)
        assert not made.voice(SpokenAudio(pcm=pcm(100), chars_to=3), 3)
        assert made.voice(SpokenAudio(pcm=pcm(300), chars_to=7, words=words(("one", 0, 0, 100))), 3)
        assert spoken_ms(events) == 100

    def test_an_answer_that_fits_is_whole(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("Hello.", 10)
        assert not made.voice(SpokenAudio(pcm=pcm(100), chars_to=5), 10)
        item = made.close(ItemStatus.COMPLETED)
        assert shown(events) == "Hello."
        assert item.content[0].transcript == "Hello."  # type: ignore[union-attr]

    def test_an_interrupted_answer_shows_what_was_spoken(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("Hello there", 10)
        made.voice(SpokenAudio(pcm=pcm(100), chars_to=5), 10)
        item = made.close(ItemStatus.INCOMPLETE)
        assert item.content[0].transcript == "Hello"  # type: ignore[union-attr]

    def test_an_engine_that_voices_more_than_was_written_is_clamped(self) -> None:
        events: list[ServerEvent] = []
        made = message(events=events)
        made.write("Hi", None)
        made.voice(SpokenAudio(pcm=pcm(100), chars_to=50), None)
        assert made.ledger.chars == 2
