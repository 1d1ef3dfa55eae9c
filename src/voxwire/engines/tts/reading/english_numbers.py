"""English numbers in words."""

from typing import Final

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS: Final = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_GROUPS: Final = ("", " thousand", " million", " billion", " trillion")
_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
#: Longer numbers are read figure by figure.
MOST_FIGURES: Final = 15


def cardinal(number: int) -> str:
    """A whole number up to 10**15: "one hundred and five"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number < 1000:
        return _below_thousand(number)
    parts = []
    for power in range(len(_GROUPS) - 1, -1, -1):
        group = number // 1000**power % 1000
        if group:
            joint = "and " if not power and group < 100 else ""
            parts.append(joint + _below_thousand(group) + _GROUPS[power])
    return " ".join(parts)


def ordinal(number: int) -> str:
    """ "twenty-first"."""
    words = cardinal(number)
    at = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[at:]
    if last not in _ORDINALS:
        return f"{words[:-1]}ieth" if last.endswith("y") else f"{words}th"
    return words[:at] + _ORDINALS[last]


def year(number: int) -> str:
    """Of four figures: "nineteen ninety-nine", "two thousand and one"."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10:
        return cardinal(number)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def figures(text: str) -> str:
    """Figure by figure; what is no figure is left out."""
    return " ".join(_ONES[int(figure)] for figure in text if figure in "0123456789")


def amount(text: str) -> str:
    """A number as it is written: "1,234.5", "-7", "007"."""
    if text[:1] in "-−+":  # noqa: RUF001 - the true minus
        return ("plus " if text[0] == "+" else "minus ") + amount(text[1:])
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > MOST_FIGURES or (len(whole) > 1 and whole.startswith("0")):
        said = figures(whole)
    else:
        said = cardinal(int(whole or "0"))
    return f"{said} point {figures(fraction)}" if fraction else said


def _below_thousand(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, one = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[one]}" if one else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" and {_below_thousand(rest)}" if rest else "")
