"""Numbers in words, in both directions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.numbers import number_words, parse_number, say_number


@pytest.mark.parametrize(
    ("words", "value", "read"),
    [
        ("forty two", "42", 2),
        ("one hundred and five", "105", 4),
        ("three point one four", "3.14", 4),
        ("point oh five", "0.05", 3),
        ("minus five", "-5", 2),
        ("negative two point five", "-2.5", 4),
        ("a hundred", "100", 2),
        ("a thousand", "1000", 2),
        ("two and a half", "2.5", 4),
        ("half", "0.5", 1),
        ("a quarter", "0.25", 2),
        ("a dozen", "12", 2),
        ("5 million", "5000000", 2),
        ("3.5", "3.5", 1),
        ("two million three hundred thousand and six", "2300006", 7),
        ("nineteen hundred", "1900", 2),
        # What cannot belong to the number is left.
        ("one thousand two thousand", "1000", 2),
        ("five and six", "5", 1),
        ("ten point", "10", 1),
        ("twenty ten", "20", 1),
        ("one two", "1", 1),
    ],
)
def test_parse(words: str, value: str, read: int) -> None:
    assert parse_number(tuple(words.split())) == (read, Fraction(value))


@pytest.mark.parametrize(
    "words", ["", "point", "minus", "a", "hello", "and five", "9" * 40, "2 million billion", "1\N{FRACTION SLASH}4"]
)
def test_no_number(words: str) -> None:
    assert parse_number(tuple(words.split())) is None


@given(st.integers(0, 999_999))
def test_words_are_read_back(value: int) -> None:
    words = tuple(number_words(value).split())
    assert parse_number(words) == (len(words), Fraction(value))


@given(
    st.lists(
        st.sampled_from([*"minus point and a half hundred thousand million one ten twenty 5 3.5 dozen oh".split()])
    )
)
def test_any_order_of_number_words_is_safe(words: list[str]) -> None:
    found = parse_number(tuple(words))
    assert found is None or 0 < found[0] <= len(words)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Fraction(84), "84"),
        (Fraction(-5, 2), "minus 2.5"),
        (Fraction(1, 3), "about 0.3333"),
        (Fraction(1, 30_000), "about 0.00003333"),
        (Fraction(10**14), "100000000000000"),
        (Fraction(1, 4), "0.25"),
        (Fraction(1, 10**40), "about 0"),
        (Fraction(0), "0"),
    ],
)
def test_say(value: Fraction, said: str) -> None:
    assert say_number(value) == said
