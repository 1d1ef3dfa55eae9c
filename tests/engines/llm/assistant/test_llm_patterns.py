"""Patterns of schemas: the same answers as `re`, without its worst cases."""

import contextlib
import re
import time
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.effort import Effort, TooMuch
from voxwire.engines.llm.assistant.patterns import pattern

EMAIL = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
ATOMS = st.sampled_from(["a", "b", ".", r"\d", r"\W", "[ab]", "[^a]", r"[a-c\d]", "^", "$", r"\b", r"\.", "-", " "])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        inner.map("(?:{})".format),
        inner.map("(?={})".format),
        inner.map("(?!{})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text("abc1.- ", max_size=8))
def test_finds_what_re_finds(shape: str, text: str) -> None:
    compiled = pattern(shape)
    assert compiled is not None
    assert compiled.found_in(text, Effort()) is (re.search(shape, text) is not None)


@given(PATTERNS.filter(lambda shape: not set("^$b!=") & set(shape.replace("[^", ""))), st.integers(0, 5))
def test_writes_texts_that_fit(shape: str, shortest: int) -> None:
    compiled = pattern(shape)
    assert compiled is not None
    for text in islice(compiled.examples(Effort(10**6), shortest), 3):
        assert len(text) >= shortest
        assert re.search(shape, text)


@pytest.mark.parametrize(
    ("shape", "fits", "fails"),
    [
        (EMAIL, "ann.lee@example.com", "ann..lee@example.com"),
        (r"^\u0041\x42\t\/$", "AB\t/", "AB /"),
        (r"^[\b\]\-x]+$", "\b]-x", "a"),
        (r"^[^\D]$", "5", "a"),
        ("a{,2}", "a{,2}", "aa"),
        (r"^(?<year>\d{4})$", "2026", "26"),
    ],
)
def test_the_syntax_of_schemas(shape: str, fits: str, fails: str) -> None:
    compiled = pattern(shape)
    assert compiled is not None
    assert compiled.found_in(fits, Effort())
    assert not compiled.found_in(fails, Effort())


@pytest.mark.parametrize(
    "shape",
    [
        "(", ")", "[", "[b-a]", "*a", "a**", "^*", "\\", r"(a)\1", "(?<=a)b", "(?<!a)b", r"\p{L}", "(?i)a", "a{3,2}",
        r"\u{110000}", "[a-\\d]", "(" * 100 + ")" * 100, "((a{30}){30}){30}", "a" * 3_000,
    ],
)  # fmt: skip
def test_what_it_does_not_know_is_no_pattern(shape: str) -> None:
    assert pattern(shape) is None


@pytest.mark.parametrize(
    "shape", ["(a+)+$", "(a|aa)+$", "(a*)*b", "^(?=(a*)*b)(?=.*(?=.*c))", r"(?:(?:\w{1,9}){1,9})!"]
)
def test_hostile_patterns_take_no_time(shape: str) -> None:
    compiled = pattern(shape)
    assert compiled is not None
    before = time.process_time()
    with pytest.raises(TooMuch):  # which counts as not valid
        compiled.found_in("a" * 4_000 + "?", Effort())
    with contextlib.suppress(TooMuch):
        list(compiled.examples(Effort(), 500_000))
    # `re` takes longer than the age of the universe; this takes tens of milliseconds.
    assert time.process_time() - before < 5.0
