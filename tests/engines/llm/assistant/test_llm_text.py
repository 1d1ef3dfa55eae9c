"""Words of an utterance, and where each was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.text import (
    MAX_CHARACTERS,
    fold,
    identifier_words,
    listed,
    name_words,
    read,
    sentence,
)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("What's the weather like in San Francisco, California?",
         "what is the weather like in san francisco california"),
        ("I'd like it, don't you?", "i would like it do not you"),
        ("can't won't let's", "can not will not let us"),
        ("Lee's Summit", "lee's summit"),
        ("7*12", "7 times 12"),
        ("3 - 5", "3 minus 5"),
        ("-5", "minus 5"),
        ("twenty-one", "twenty one"),
        ("covid-19", "covid 19"),
        ("20% of 1,500", "20 percent of 1500"),
        ("20°C", "20 degrees c"),
        ("10 / 4 and he/she", "10 divided by 4 and he she"),
        ("6 \N{MULTIPLICATION SIGN} 7 ÷ 2", "6 times 7 divided by 2"),
        ("Washington, D.C.", "washington dc"),
        ("Münster and São Paulo", "munster and sao paulo"),
        ("that\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT DOUBLE QUOTATION MARK}fine\N{RIGHT DOUBLE QUOTATION MARK}",
         "that is fine"),
        ("\N{ARABIC-INDIC DIGIT THREE} plus 4", "3 plus 4"),
        ("", ""),
        ("... !?", ""),
    ],
)  # fmt: skip
def test_words(written: str, words: str) -> None:
    assert " ".join(read(written).words) == words


@given(st.text())
def test_every_word_knows_where_it_was_written(text: str) -> None:
    said = read(text)
    for token in said.tokens:
        assert token.word
        assert 0 <= token.start < token.end <= len(text)
    assert said.written(0, len(said)) in text


def test_reading_is_bounded() -> None:
    assert len(read("a " * 10_000).text) == MAX_CHARACTERS


def test_written_keeps_case_and_punctuation() -> None:
    said = read("Say: Hello, World! Now.")
    assert said.written(1, 3) == "Hello, World"
    assert said.part(1, 3).written(0, 1) == "Hello"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("St. Louis", "saint louis"),
        ("Ft. Worth", "fort worth"),
        ("Winston-Salem", "winston salem"),
        ("Xi\N{RIGHT SINGLE QUOTATION MARK}an", "xi'an"),
    ],
)
def test_names(name: str, words: str) -> None:
    assert " ".join(name_words(name)) == words


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("get_current_weather", "get current weather"),
        ("getStockPrice", "get stock price"),
        ("HTTPServerError2", "http server error 2"),
        ("living-room", "living room"),
        ("天气", "天气"),
        ("", ""),
    ],
)
def test_identifiers(identifier: str, words: str) -> None:
    assert " ".join(identifier_words(identifier)) == words


def test_fold() -> None:
    assert fold("Ünïcödé\N{RIGHT SINGLE QUOTATION MARK}S") == "unicode's"


def test_listed_and_sentence() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert sentence(" hello ") == "Hello."
    assert sentence("really?") == "Really?"
    assert sentence("  ") == ""
