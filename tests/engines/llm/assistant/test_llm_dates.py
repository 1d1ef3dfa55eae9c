"""Days as people name them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.dates import MONTHS, WEEKDAYS, DaySlot
from voxwire.engines.llm.assistant.text import read

TODAY = date(2026, 3, 5)  # a Thursday
SLOT = DaySlot(lambda: TODAY)


def whole(text: str) -> list[date]:
    said = read(text)
    return [filled.value.day for filled in SLOT.match(said, 0) if filled.end == len(said)]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", date(2026, 3, 5)),
        ("tomorrow", date(2026, 3, 6)),
        ("yesterday", date(2026, 3, 4)),
        ("the day after tomorrow", date(2026, 3, 7)),
        ("friday", date(2026, 3, 6)),
        ("Thursday", date(2026, 3, 12)),
        ("next monday", date(2026, 3, 9)),
        ("march fifth", date(2026, 3, 5)),
        ("march the seventh", date(2026, 3, 7)),
        ("the twenty first of december", date(2026, 12, 21)),
        ("4th of July", date(2026, 7, 4)),
        ("January 2", date(2027, 1, 2)),
        ("january 2 2026", date(2026, 1, 2)),
        ("march twenty first", date(2026, 3, 21)),
        ("the fifth", date(2026, 3, 5)),
        ("the third", date(2026, 4, 3)),
        ("the thirty first", date(2026, 3, 31)),
        ("2026-04-01", date(2026, 4, 1)),
    ],
)
def test_days(said: str, day: date) -> None:
    assert whole(said)[:1] == [day]


@pytest.mark.parametrize(
    "said", ["february thirtieth", "2026-02-30", "five", "the", "next", "march", "of june", "thirty second"]
)
def test_no_day(said: str) -> None:
    assert whole(said) == []


def test_how_it_was_said_is_kept() -> None:
    (filled,) = SLOT.match(read("Next Friday please"), 0)
    assert (filled.end, filled.value.said) == (2, "Next Friday")


def test_samples_are_all_days() -> None:
    assert all(whole(sample) for sample in SLOT.samples())


WORDS = [
    *(month.lower() for month in MONTHS),
    *(weekday.lower() for weekday in WEEKDAYS),
    *"the of next 31 2026 first twenty 2026-13-01".split(),
]


@given(st.lists(st.sampled_from(WORDS), min_size=1), st.dates())
def test_never_fails_on_any_day(words: list[str], today: date) -> None:
    said = read(" ".join(words))
    for start in range(len(said)):
        for filled in DaySlot(lambda: today).match(said, start):
            assert start < filled.end <= len(said)
