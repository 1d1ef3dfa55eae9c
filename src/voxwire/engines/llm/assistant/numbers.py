"""Numbers as people say them, in both directions.

Values are exact fractions: "one third times three" is one. Magnitudes are bounded, so that no
utterance can make the arithmetic slow.
"""

import re
from fractions import Fraction
from typing import Final

#: Larger results are not spoken: beyond a quadrillion nobody can hear the digits anyway.
LARGEST: Final = 10**15

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL: Final = {word: n for n, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SIGNS: Final = ("minus", "negative")
_PARTS: Final = {"half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4)}
_WRITTEN_DIGITS: Final = 12
_WRITTEN: Final = re.compile(r"[0-9]*\.?[0-9]+")


def parse_number(words: tuple[str, ...], start: int = 0) -> tuple[int, Fraction] | None:
    """The longest number that begins at `start`: (index after it, value), or None.

    Understands "forty two", "one hundred and five", "three point one four", "minus five",
    "a hundred", "two and a half", "half", "a dozen", "42", "3.5" and "5 million".
    """
    at, sign = start, 1
    if at < len(words) and words[at] in _SIGNS:
        at, sign = at + 1, -1
    found = _digits(words, at) or _spoken(words, at) or _part(words, at)
    if found is None:
        return None
    end, value = found
    if words[end : end + 2] == ("and", "a") and end + 2 < len(words) and words[end + 2] in _PARTS:
        end, value = end + 3, value + _PARTS[words[end + 2]]
    return (end, sign * value) if value <= LARGEST else None


def _digits(words: tuple[str, ...], at: int) -> tuple[int, Fraction] | None:
    if at == len(words) or len(words[at]) > 2 * _WRITTEN_DIGITS or not _WRITTEN.fullmatch(words[at]):
        return None
    value = Fraction(words[at])
    at += 1
    while at < len(words) and (words[at] in _SCALES or words[at] == "hundred"):
        value *= _SCALES.get(words[at], 100)
        at += 1
    return at, value


def _part(words: tuple[str, ...], at: int) -> tuple[int, Fraction] | None:
    if at < len(words) and words[at] in ("a", "one"):
        at += 1
    return (at + 1, _PARTS[words[at]]) if at < len(words) and words[at] in _PARTS else None


def _spoken(words: tuple[str, ...], start: int) -> tuple[int, Fraction] | None:
    """Cardinal words: groups below a thousand, each raised by its scale, the scales falling."""
    if words[start : start + 1] == ("point",):
        found = _decimals(words, start, Fraction(0))
        return found if found[0] > start else None
    at, total, last_scale = start, Fraction(0), LARGEST
    while True:
        if at > start and at < len(words) and words[at] == "and":
            group = _below_thousand(words, at + 1)
        else:
            group = _below_thousand(words, at)
        if group is None:
            break
        end, value = group
        scale = _SCALES.get(words[end], 1) if end < len(words) else 1
        if scale >= last_scale:
            break
        at, total, last_scale = (end + 1 if scale > 1 else end), total + value * scale, scale
        if scale == 1:
            break
    if at == start:
        return None
    if at < len(words) and words[at] == "point":
        return _decimals(words, at, total)
    return at, total


def _below_thousand(words: tuple[str, ...], at: int) -> tuple[int, int] | None:
    if words[at : at + 2] == ("a", "dozen") or words[at : at + 1] == ("dozen",):
        return at + (2 if words[at] == "a" else 1), 12
    if at + 1 < len(words) and words[at] == "a" and (words[at + 1] == "hundred" or words[at + 1] in _SCALES):
        end, value = at + 1, 1
    else:
        pair = _below_hundred(words, at)
        if pair is None:
            return None
        end, value = pair
    if end < len(words) and words[end] == "hundred" and 0 < value < 100:
        end, value = end + 1, value * 100
        rest = _below_hundred(words, end + 1 if words[end : end + 1] == ("and",) else end)
        if rest is not None:
            end, value = rest[0], value + rest[1]
    return end, value


def _below_hundred(words: tuple[str, ...], at: int) -> tuple[int, int] | None:
    if at >= len(words) or words[at] not in _SMALL:
        return None
    value = _SMALL[words[at]]
    if value >= 20 and at + 1 < len(words) and 0 < _SMALL.get(words[at + 1], 0) < 10:
        return at + 2, value + _SMALL[words[at + 1]]
    return at + 1, value


def _decimals(words: tuple[str, ...], point: int, whole: Fraction) -> tuple[int, Fraction]:
    """Single digits after "point"; `point` itself stays unread when none follows."""
    at, value, place = point + 1, whole, Fraction(1, 10)
    while at < len(words) and at - point <= _WRITTEN_DIGITS:
        digit = 0 if words[at] in ("oh", "o") else _SMALL.get(words[at], 10)
        if words[at].isdecimal() and len(words[at]) == 1:
            digit = int(words[at])
        if digit > 9:
            break
        at, value, place = at + 1, value + digit * place, place / 10
    return (at, value) if at > point + 1 else (point, whole)


def number_words(value: int) -> str:
    """A whole number from 0 to 999,999 in words: what a recogniser hears."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if value >= size:
            count, rest = divmod(value, size)
            return f"{number_words(count)} {name}" + (f" {number_words(rest)}" if rest else "")
    raise AssertionError(value)


def say_number(value: Fraction | float) -> str:
    """Digits that a synthesiser reads well: "84", "minus 2.5", "about 0.3333"."""
    exact = Fraction(value)
    sign = "minus " if exact < 0 else ""
    exact = abs(exact)
    # Four decimals for ordinary numbers, four significant digits for small ones.
    places = 4
    while exact and exact < Fraction(1, 10 ** (places - 3)) and places < 15:
        places += 1
    rounded = round(exact, places)
    text = f"{float(rounded):.{places}f}" if rounded.denominator > 1 else str(rounded.numerator)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    about = "" if rounded == exact else "about "
    return f"{about}{sign}{text}"
