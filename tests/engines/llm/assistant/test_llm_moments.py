"""Times of day and moments, said and written."""

from datetime import datetime, time

import pytest
from llm_cases import NOW

from voxwire.engines.llm.assistant.formats import examples, has_format
from voxwire.engines.llm.assistant.moments import MomentSlot, TimeSlot
from voxwire.engines.llm.assistant.text import read


def first_time(text: str) -> time | None:
    said = read(text)
    found = [filled for filled in TimeSlot().match(said, 0) if filled.end == len(said)]
    return found[0].value if found else None


def first_moment(text: str) -> str | None:
    said = read(text)
    found = [filled for filled in MomentSlot(lambda: NOW).match(said, 0) if filled.end == len(said)]
    return found[0].value.isoformat(timespec="minutes") if found else None


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("three pm", time(15)), ("3 p.m.", time(15)), ("3pm", time(15)), ("twelve am", time(0)), ("12 pm", time(12)),
        ("three thirty pm", time(15, 30)), ("3:30 PM", time(15, 30)), ("15:30", time(15, 30)), ("9.45", time(9, 45)),
        ("half past seven", time(7, 30)), ("quarter to eight", time(7, 45)), ("a quarter past one pm", time(13, 15)),
        ("noon", time(12)), ("midnight", time(0)), ("eight o'clock", time(8)), ("eight oh five am", time(8, 5)),
        ("ten in the evening", time(22)), ("five", time(17)), ("nineteen forty five", time(19, 45)),
        ("twenty five", None), ("25:00", None), ("9:75", None), ("tomorrow", None), ("half past", None),
    ],
)  # fmt: skip
def test_times(text: str, clock: time | None) -> None:
    assert first_time(text) == clock


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("tomorrow at three pm", "2026-03-06T15:00+00:00"),
        ("noon on friday", "2026-03-06T12:00+00:00"),
        ("march fifth 2027 at 10:15", "2027-03-05T10:15+00:00"),
        ("four pm", "2026-03-05T16:00+00:00"),
        ("nine am", "2026-03-06T09:00+00:00"),  # the next to come: it is five past three
        ("2026-04-01T08:30", "2026-04-01T08:30+00:00"),
        ("2026-04-01 08:30:00+02:00", "2026-04-01T08:30+02:00"),
        ("2026-02-30T08:30", None),
        ("tomorrow", None),
    ],
)
def test_moments(text: str, moment: str | None) -> None:
    assert first_moment(text) == moment


def test_samples_are_understood() -> None:
    assert [sample for sample in TimeSlot().samples() if first_time(sample) is None] == []
    assert [sample for sample in MomentSlot(lambda: NOW).samples() if first_moment(sample) is None] == []


@pytest.mark.parametrize(
    ("name", "fits", "fails"),
    [
        ("date", "2026-03-05", "2026-02-30"), ("time", "15:00:00Z", "25:00"),
        ("date-time", "2026-03-05T15:00:00.123456789+01:00", "2026-03-05"), ("duration", "P1DT2H", "P"),
        ("email", "a.b@example.com", "a@b"), ("hostname", "example.com", "-a"),
        ("uri", "https://example.com/x?y", "x y"), ("uuid", "12345678-1234-4234-9234-123456789abc", "1234"),
        ("ipv4", "10.0.0.1", "::1"), ("ipv6", "::1", "10.0.0.1"),
    ],
)  # fmt: skip
def test_formats(name: str, fits: str, fails: str) -> None:
    assert has_format(fits, name)
    assert not has_format(fails, name)
    assert all(has_format(text, name) for text in examples(name, datetime.now(NOW.tzinfo)))
    assert examples(name, NOW)


def test_unknown_formats_say_nothing() -> None:
    assert has_format("", "password")
    assert examples("password", NOW) == ()
