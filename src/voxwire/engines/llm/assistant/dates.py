"""Days as people name them: "tomorrow", "next friday", "march fifth", "2026-03-05"."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.numbers import parse_number
from voxwire.engines.llm.assistant.text import Wording

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ORDINALS: Final = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth", "twenty fifth", "twenty sixth",
    "twenty seventh", "twenty eighth", "twenty ninth", "thirtieth", "thirty first",
)  # fmt: skip

_RELATIVE: Final = {
    ("the", "day", "after", "tomorrow"): 2,
    ("day", "after", "tomorrow"): 2,
    ("today",): 0,
    ("tonight",): 0,
    ("tomorrow",): 1,
    ("yesterday",): -1,
}
_WEEKDAY_NUMBERS: Final = {name.lower(): number for number, name in enumerate(WEEKDAYS)}
_MONTH_NUMBERS: Final = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_ORDINAL_NUMBERS: Final = {tuple(name.split()): number for number, name in enumerate(ORDINALS, 1)}
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day, and how it was said."""

    day: date
    said: str


class DaySlot:
    """Days relative to `today()`; values are `Day`."""

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        for end, day in self._days(said, start):
            yield Filled(end, Day(day, said.written(start, end)))

    def samples(self) -> Sequence[str]:
        weekdays = [name.lower() for name in WEEKDAYS]
        return (
            *(" ".join(words) for words in _RELATIVE if words[0] != "day"),
            *weekdays,
            *(f"next {name}" for name in weekdays),
            *(f"{month.lower()} {ORDINALS[7 * n % 28]}" for n, month in enumerate(MONTHS)),
            *(f"the {ordinal}" for ordinal in ORDINALS),
        )

    def _days(self, said: Wording, start: int) -> Iterator[tuple[int, date]]:
        words, today = said.words, self._today()
        for phrase, shift in _RELATIVE.items():
            if words[start : start + len(phrase)] == phrase:
                yield start + len(phrase), today + timedelta(days=shift)
        at = start + (words[start] in ("next", "this", "coming"))
        if at < len(words) and words[at] in _WEEKDAY_NUMBERS:
            ahead = (_WEEKDAY_NUMBERS[words[at]] - today.weekday()) % 7 or 7
            yield at + 1, today + timedelta(days=ahead)
        yield from _calendar_day(said, start, today)


def _calendar_day(said: Wording, start: int, today: date) -> Iterator[tuple[int, date]]:
    words = said.words
    token = said.tokens[start]
    written = _ISO.match(said.text, token.start)
    if written:
        end = start
        while end < len(said) and said.tokens[end].start < written.end():
            end += 1
        try:
            yield end, date.fromisoformat(written.group())
        except ValueError:
            return  # 2026-02-30 is not a day
        return
    at = start + (words[start] == "the")
    if at < len(words) and words[at] in _MONTH_NUMBERS:
        month = _MONTH_NUMBERS[words[at]]
        number = _day_number(words, at + 1 + (words[at + 1 : at + 2] == ("the",)))
        if number:
            yield from _in_year(words, number[0], month, number[1], today)
        return
    number = _day_number(words, at)
    if number is None:
        return
    end, day = number
    end += words[end : end + 1] == ("of",)
    if words[end : end + 1] and words[end] in _MONTH_NUMBERS:
        yield from _in_year(words, end + 1, _MONTH_NUMBERS[words[end]], day, today)
    elif words[at : number[0]] in _ORDINAL_NUMBERS and at > start:
        # "the fifth": the next one to come, looking at most two months ahead (February has no 31st).
        for months in range(3):
            year, month = divmod(today.month - 1 + months, 12)
            found = _date(today.year + year, month + 1, day)
            if found and found >= today:
                yield number[0], found
                return


def _day_number(words: tuple[str, ...], at: int) -> tuple[int, int] | None:
    for end in (at + 2, at + 1):
        if end <= len(words) and words[at:end] in _ORDINAL_NUMBERS:
            return end, _ORDINAL_NUMBERS[words[at:end]]
    found = parse_number(words, at) if at < len(words) else None
    if found and found[1].denominator == 1 and 1 <= found[1] <= 31:
        end = found[0] + (words[found[0] : found[0] + 1] in (("st",), ("nd",), ("rd",), ("th",)))
        return end, int(found[1])
    return None


def _in_year(words: tuple[str, ...], at: int, month: int, day: int, today: date) -> Iterator[tuple[int, date]]:
    year = words[at] if at < len(words) else ""
    if len(year) == 4 and year.isdecimal():
        found = _date(int(year), month, day)
        if found:
            yield at + 1, found
    found = _date(today.year, month, day)
    if found is None or found < today:
        found = _date(today.year + 1, month, day)
    if found:
        yield at, found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
