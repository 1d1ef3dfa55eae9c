"""Sentence templates: what they match, and the sentences that they list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.grammar import Template, in_turn
from voxwire.engines.llm.assistant.slots import ChoiceSlot, NumberSlot, TextSlot
from voxwire.engines.llm.assistant.text import read

CITY = ChoiceSlot({"rome": "Rome", "new york": "New York", "new": "New"})
WEATHER = Template("(what is|what's) the weather [like] [in {city}]", {"city": CITY})


@pytest.mark.parametrize(
    ("said", "city"),
    [
        ("What's the weather?", None),
        ("what is the weather like in Rome", "Rome"),
        ("what is the weather in new york", "New York"),
    ],
)
def test_match(said: str, city: str | None) -> None:
    match = WEATHER.match(read(said))
    assert match is not None
    assert match.known
    assert match.one("city") == city


@pytest.mark.parametrize(
    "said", ["", "what is", "the weather in rome", "what is the weather in", "what is the weather in rome now"]
)
def test_no_match(said: str) -> None:
    assert WEATHER.match(read(said)) is None


def test_a_slot_gives_back_words_that_the_rest_needs() -> None:
    template = Template("{city} york", {"city": CITY})
    match = template.match(read("new york"))
    assert match is not None
    assert match.one("city") == "New"


def test_repeated_slots_keep_their_order() -> None:
    template = Template("{city} and {city}", {"city": CITY})
    match = template.match(read("rome and new york"))
    assert match is not None
    assert match.values["city"] == ("Rome", "New York")


def test_known_readings_come_before_free_text() -> None:
    template = Template("play (me|{what}) [in {city}]", {"what": TextSlot(), "city": CITY})
    match = template.match(read("play jazz in rome"))
    assert match is not None
    assert not match.known
    known = Template("play ({what}|{city})", {"what": TextSlot(), "city": CITY}).match(read("play rome"))
    assert known is not None
    assert known.known
    assert known.one("city") == "Rome"


def test_free_text_is_quoted_as_written() -> None:
    match = Template("say {text}", {"text": TextSlot()}).match(read("Say Hello, You!"))
    assert match is not None
    assert match.one("text") == "Hello, You"


def test_templates_nest() -> None:
    inner = Template("in {city}|at {city}", {"city": CITY})
    match = Template("weather {where}", {"where": inner}).match(read("weather at rome"))
    assert match is not None
    assert match.one("city") == "Rome"


@pytest.mark.parametrize("text", ["(a", "a)", "[a", "(a]", "a | (b"])
def test_unbalanced_templates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        Template(text)


def test_sentences_cover_every_shape_and_every_value() -> None:
    listed = list(WEATHER.sentences(variants=8, repeats=2))
    shapes = {sentence.split(" in ")[0] for sentence in listed}
    assert shapes == {f"{start} the weather{like}" for start in ("what is", "what's") for like in ("", " like")}
    for city in CITY.samples():
        assert sum(sentence.endswith(f" in {city}") for sentence in listed) >= 2
    assert all(WEATHER.match(read(sentence)) for sentence in listed)


def test_the_first_option_of_a_group_is_as_frequent_as_the_others_together() -> None:
    listed = list(
        Template("(often|(seldom|rarely)) {n}", {"n": NumberSlot(range(100))}).sentences(variants=1, repeats=4)
    )
    often = sum(sentence.startswith("often") for sentence in listed)
    assert 0.45 * len(listed) < often < 0.55 * len(listed)


def test_slots_without_samples_are_not_listed() -> None:
    assert list(Template("say [please] {text}", {"text": TextSlot()}).sentences(variants=10)) == []


def test_in_turn_shares_fairly() -> None:
    assert list(in_turn([["a1", "a2", "a3"], [], ["b1"]])) == ["a1", "b1", "a2", "a3"]


@given(st.lists(st.sampled_from(["what", "is", "the", "weather", "like", "in", "rome", "new", "york"]), max_size=100))
def test_matching_never_fails(words: list[str]) -> None:
    match = WEATHER.match(read(" ".join(words)))
    assert match is None or " ".join(words).startswith("what is the weather")


def test_work_is_bounded() -> None:
    """Free texts side by side have cubic many readings of a long sentence."""
    slot = TextSlot()
    template = Template("{a} to {b} to {c} end", {"a": slot, "b": slot, "c": slot})
    assert template.match(read("to " * 75)) is None
    assert template.match(read("word " * 81)) is None
