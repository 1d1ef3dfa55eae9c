"""Which words are final, and that none of them is taken back."""

from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.stt.settled_text import SettledText


def followed(*readings: str, append_only: bool = False) -> tuple[list[str], SettledText]:
    settled = SettledText(append_only=append_only)
    stable = []
    for reading in readings:
        settled.update(reading)
        stable.append(settled.text)
    return stable, settled


def test_what_two_readings_agree_upon_is_final() -> None:
    stable, _ = followed("what", "what is", "what is the", "what was the time")
    assert stable == ["", "what", "what is", "what is the"]


def test_a_word_is_kept_although_a_later_reading_has_another() -> None:
    _, settled = followed("What's the weather", "What's the weather in San")
    assert settled.text == "What's the weather"
    assert settled.complete("What is the weather in San Francisco?") == "What's the weather in San Francisco?"


def test_case_and_marks_are_no_difference() -> None:
    stable, settled = followed("hello there.", "Hello there")
    assert stable[-1] == "Hello there"
    assert settled.complete("hello there, friend") == "Hello there, friend"


def test_marks_at_the_end_are_not_final_yet() -> None:
    stable, settled = followed("the weather?", "the weather?")
    assert stable[-1] == "the weather"
    assert settled.complete("the weather in Rome?") == "the weather in Rome?"


def test_a_word_that_was_left_out_later_stays() -> None:
    _, settled = followed("well what is it", "well what is it")
    assert settled.complete("what is it now") == "well what is it now"


def test_one_that_only_appends_is_final_at_once() -> None:
    stable, settled = followed("wea", "weather in", append_only=True)
    assert stable == ["wea", "weather in"]
    assert settled.complete("weather in Rome") == "weather in Rome"


def test_scripts_without_spaces_settle_by_the_character() -> None:
    stable, settled = followed("今日は", "今日はいい", "今日はいい天気")
    assert stable == ["", "今日は", "今日はいい"]
    assert settled.complete("今日はいい天気です") == "今日はいい天気です"


def test_nothing_in_common() -> None:
    _, settled = followed("one two", "one two")
    assert settled.complete("") == "one two"
    assert settled.complete("three four five") == "one two five"


WORDS = st.lists(st.sampled_from(["one", "Two", "three,", "four.", "日本", "é", "?"]), max_size=6).map(" ".join)


@given(st.lists(WORDS, max_size=8), st.booleans())
def test_the_final_part_only_grows_and_begins_every_reading(readings: list[str], append_only: bool) -> None:
    settled = SettledText(append_only=append_only)
    for reading in readings:
        before = settled.text
        shown = settled.update(reading)
        assert settled.text.startswith(before)
        assert shown.startswith(settled.text)
        assert settled.complete(reading).startswith(settled.text)
