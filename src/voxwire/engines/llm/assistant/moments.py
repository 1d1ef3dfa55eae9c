"""Times of day and moments as people name them: "three thirty pm", "tomorrow at noon", "2026-03-05T15:00"."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from voxwire.engines.llm.assistant.dates import DaySlot
from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.numbers import number_words, parse_number
from voxwire.engines.llm.assistant.text import Wording

_CLOCK: Final = re.compile(r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::(?P<second>\d\d))?(?![\d.])")
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
_NAMED: Final = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_PARTS: Final = {("half",): 30, ("quarter",): 15, ("a", "quarter"): 15}
_AFTERNOON: Final = (("in", "the", "afternoon"), ("in", "the", "evening"), ("at", "night"), ("pm",), ("p", "m"))
_MORNING: Final = (("in", "the", "morning"), ("am",), ("a", "m"))
#: Without "am" or "pm", hours up to this one are of the afternoon: nobody books a table for six in the morning.
_LAST_AFTERNOON_HOUR: Final = 6


class TimeSlot:
    """A time of day; values are `datetime.time` without a zone."""

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        for end, moment in _times(said, start):
            yield Filled(end, moment)

    def samples(self) -> Sequence[str]:
        hours = [number_words(hour) for hour in range(1, 13)]
        return (
            *(f"{hour} {half}" for hour in hours for half in ("pm", "am")),
            *(f"{hour} o'clock" for hour in hours),
            *(f"{hour} {part} pm" for hour in hours for part in ("fifteen", "thirty", "forty five")),
            *(f"half past {hour}" for hour in hours),
            *_NAMED,
        )


class MomentSlot:
    """A day and a time, in either order; the next time to come where no day is said. Values are aware datetimes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._days = DaySlot(lambda: now().date())
        self._times = TimeSlot()

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        written = _WRITTEN.match(said.text, said.tokens[start].start)
        if written:
            yield from self._written(said, start, written)
        for day in self._days.match(said, start):
            for clock in self._times.match(said, _after(said, day.end, "at")):
                yield Filled(clock.end, self._moment(clock.value, day))
        for clock in self._times.match(said, start):
            after = _after(said, clock.end, "on")
            if after < len(said):
                for day in self._days.match(said, after):
                    yield Filled(day.end, self._moment(clock.value, day))
            yield Filled(clock.end, self._moment(clock.value, None))

    def samples(self) -> Sequence[str]:
        days = self._days.samples()
        return tuple(f"{days[n % len(days)]} at {clock}" for n, clock in enumerate(self._times.samples()))

    def _moment(self, clock: time, day: Filled | None) -> datetime:
        now = self._now()
        moment = datetime.combine(day.value.day if day else now.date(), clock, now.tzinfo)
        return moment if day or moment >= now else moment + timedelta(days=1)

    def _written(self, said: Wording, start: int, found: "re.Match[str]") -> Iterator[Filled]:
        end = start
        while end < len(said) and said.tokens[end].start < found.end():
            end += 1
        try:
            moment = datetime.fromisoformat(found.group())
        except ValueError:
            return  # the thirtieth of February
        yield Filled(end, moment if moment.tzinfo else moment.replace(tzinfo=self._now().tzinfo))


def _times(said: Wording, start: int) -> Iterator[tuple[int, time]]:
    if start >= len(said):
        return
    words = said.words
    if words[start] in _NAMED:
        yield start + 1, _NAMED[words[start]]
        return
    clock = _CLOCK.match(said.text, said.tokens[start].start)
    if clock:
        end = start
        while end < len(said) and said.tokens[end].start < clock.end():
            end += 1
        yield from _of_day(words, end, int(clock["hour"]), int(clock["minute"]), written=True)
        return
    for part, minutes in _PARTS.items():
        joint = start + len(part)
        if words[start:joint] == part and words[joint : joint + 1] in (("past",), ("to",)):
            hour = _whole(words, joint + 1, 12)
            if hour:
                shift = minutes if words[joint] == "past" else -minutes
                yield from _of_day(words, hour[0], hour[1] - (shift < 0), shift % 60)
    hour = _whole(words, start, 23)
    if hour is None:
        return
    end, number = hour
    if words[end : end + 1] == ("o'clock",):
        yield from _of_day(words, end + 1, number, 0)
        return
    zero = words[end : end + 1] == ("oh",)
    minute = _whole(words, end + zero, 59)
    if minute and zero is (minute[1] < 10):
        yield from _of_day(words, minute[0], number, minute[1])
    yield from _of_day(words, end, number, 0)


def _of_day(
    words: tuple[str, ...], end: int, hour: int, minute: int, *, written: bool = False
) -> Iterator[tuple[int, time]]:
    """The time with what is said of its half of the day."""
    if hour > 23 or minute > 59:
        return
    for halves, shift in ((_AFTERNOON, 12), (_MORNING, 0)):
        for half in halves:
            if words[end : end + len(half)] == half and hour <= 12:
                yield end + len(half), time(hour % 12 + shift, minute)
                return
    if not written and 0 < hour <= _LAST_AFTERNOON_HOUR:
        hour += 12
    yield end, time(hour, minute)


def _whole(words: tuple[str, ...], start: int, most: int) -> tuple[int, int] | None:
    """A whole number up to `most`. Only its own words: "three thirty" is not thirty-three."""
    for length in (2, 1):
        found = parse_number(words[: start + length], start) if start + length <= len(words) else None
        if found and found[0] == start + length and found[1].denominator == 1 and 0 <= found[1] <= most:
            return found[0], int(found[1])
    return None


def _after(said: Wording, end: int, word: str) -> int:
    return end + (said.words[end : end + 1] == (word,))
