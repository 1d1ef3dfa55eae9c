# ruff: noqa: RUF001 - the look-alike characters are the subject of this file
"""Rules of English: every number becomes words, so that a voice needs none of its own."""

import re
from collections.abc import Callable
from typing import Final

from voxwire.engines.tts.reading.english_numbers import MOST_FIGURES, amount, cardinal, figures, ordinal, year
from voxwire.engines.tts.reading.sign_words import ENGLISH
from voxwire.engines.tts.reading.signs import address_rules

_Said = Callable[[re.Match[str]], str | None]
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_FREE: Final = r"(?<![\w.,/:-])"
_MONTHS: Final = {name[:3].lower(): name for name in ENGLISH.months}
_MONTH: Final = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_SCALES: Final = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "bn": "billion", "B": "billion"}
_SCALE: Final = r"(?:\s?(?P<scale>thousand|million|billion|trillion|bn|[kKmMB])\b)?"
_CENTS: Final = {"$": "cents", "€": "cents", "£": "pence"}
_PARTS: Final = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third", "⅔": "two thirds"}
_SHORT: Final = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missis", "Ms": "Miz", "Prof": "Professor", "vs": "versus",
    "etc": "et cetera", "e.g": "for example", "i.e": "that is", "approx": "approximately",
}  # fmt: skip
_SIGNS: Final = {
    "&": "and", "=": "equals", "+": "plus", "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about",
    "≤": "at most", "≥": "at least", "<": "less than", ">": "greater than", "→": "to", "*": "times", "-": "minus",
    "−": "minus", "/": "divided by",
}  # fmt: skip


def english_rules() -> list[tuple[re.Pattern[str], _Said]]:
    """In the order in which they are tried."""
    units = "|".join(re.escape(unit) for unit in sorted(ENGLISH.units, key=len, reverse=True))
    named = "|".join(re.escape(sign) for sign in ENGLISH.currencies if len(sign) == 3)
    rules: list[tuple[str, _Said]] = [
        (r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?![\w-])", _date),
        (r"(?<![\w/])(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})(?![\w/])", _date),
        (rf"\b{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y>\d{{4}}))?(?![\w:]|\.\d)", _month_and_day),
        (rf"{_FREE}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<y>\d{{4}}))?(?!\w)",
         _day_and_month),
        (rf"\b{_MONTH}\s+(?P<y>\d{{4}})(?!\w)", _month_and_year),
        (r"(?<![\w:])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?:\s?(?P<half>[aApP])\.?[mM]\b\.?)?(?![\w:])",
         _time),
        (r"(?<![\w.])(?P<h>\d{1,2})\s?(?P<half>[aApP])\.?[mM]\b\.?", _time),
        (rf"(?P<sign>(?:US)?[$€£¥₹])\s?(?P<number>{_NUMBER}){_SCALE}", _money),
        (rf"{_FREE}(?P<number>{_NUMBER}){_SCALE}\s?(?P<sign>[€£¥]|{named})(?!\w)", _money),
        (r"(?<![\w.])\+?(?:\(\d{1,4}\)|\d{1,4})(?:[ .-](?:\(\d{2,4}\)|\d{2,4})){2,}(?![\w%]|[.,-]\d)", _telephone),
        (r"(?<![\w.,])(?P<decade>(?:1[1-9]|20)\d0)s\b", _decade),
        (r"(?<![\w.-])\d{3}-\d{4}(?![\w-])", lambda found: ", ".join(map(figures, found[0].split("-")))),
        (rf"(?<![\w.])(?P<a>{_NUMBER})\s?[–-]\s?(?P<b>{_NUMBER})\s?(?P<unit>%|(?:{units})(?!\w))", _measured_range),
        (rf"(?P<sign>(?<![\w.])[-−])?(?<![\w.])(?P<number>{_NUMBER})\s?(?P<unit>%|(?:{units})(?![\w/]))", _measured),
        (r"(?<![\w.])v?\d+(?:\.\d+){2,}(?![\w.]?\d)", lambda found: _version(found[0])),
        (rf"(?<![\w.])(?P<a>{_NUMBER})\s?–\s?(?P<b>{_NUMBER})(?!\w|\.\d)", _range),
        (r"(?<![\w.])(?P<a>\d+)\s?[x×]\s?(?P<b>\d+)(?!\w)", _size),
        (r"(?:(?<![\w.])(?P<whole>\d+)\s?)?(?P<part>[½¼¾⅓⅔])", _with_part),
        (r"(?<![\w./])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\w/])", _fraction),
        (r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)\b", _place),
        (r"(?<![\w.,$€£-])(?:1[1-9]|20)\d\d(?![\w,.%-]?\d|\w)", lambda found: year(int(found[0]))),
        (r"(?<!\w)#(?P<number>\d+)", lambda found: f"number {amount(found['number'])}"),
        (r"\bNo\.\s?(?=\d)", lambda _: "number "),
        (r"(?<!\w)~\s?(?=\d)", lambda _: "about "),
        (rf"(?<![\w.)])[-−](?P<number>{_NUMBER})(?!\w)", lambda found: f"minus {amount(found['number'])}"),
        (rf"(?<![\w])(?P<number>{_NUMBER})(?!\w)", lambda found: amount(found["number"])),
        (r"(?<=[A-Za-z])(?P<number>\d+)|(?P<other>\d+)(?=[A-Za-z])", _in_a_name),
        (rf"\b(?P<short>{'|'.join(map(re.escape, _SHORT))})\.(?=[\s,)]|$)", lambda found: _SHORT[found["short"]]),
        (r"\b(?P<name>[CF])(?P<sign>\+\+|#)(?!\w)", _language),
        (rf"(?<=\s)(?P<sign>[{re.escape(''.join(_SIGNS))}])(?=\s)", _sign),
        (r"(?<=[A-Z])&(?=[A-Z])", lambda _: " and "),
        (r"[0-9]", lambda found: f" {figures(found[0])} "),  # what other rules left between them
    ]  # fmt: skip
    return [*address_rules(ENGLISH), *((re.compile(written), said) for written, said in rules)]


def _size(found: re.Match[str]) -> str:
    return f"{amount(found['a'])} by {amount(found['b'])}"


def _place(found: re.Match[str]) -> str | None:
    number = found["number"].replace(",", "")
    return ordinal(int(number)) if len(number) <= MOST_FIGURES else None


def _language(found: re.Match[str]) -> str:
    return f"{found['name']} {'sharp' if found['sign'] == '#' else 'plus plus'}"


def _date(found: re.Match[str]) -> str | None:
    month, day = int(found["m"]), int(found["d"])
    if month > 12 >= day:  # day first, as in Europe
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{ENGLISH.months[month - 1]} {ordinal(day)}, {year(int(found['y']))}"


def _month_of(found: re.Match[str]) -> str:
    return _MONTHS[found["month"][:3].lower()]


def _month_and_day(found: re.Match[str]) -> str | None:
    if not 1 <= int(found["d"]) <= 31:
        return None
    ending = f", {year(int(found['y']))}" if found["y"] else ""
    return f"{_month_of(found)} {ordinal(int(found['d']))}{ending}"


def _day_and_month(found: re.Match[str]) -> str | None:
    if not 1 <= int(found["d"]) <= 31:
        return None
    ending = f", {year(int(found['y']))}" if found["y"] else ""
    return f"{ordinal(int(found['d']))} of {_month_of(found)}{ending}"


def _month_and_year(found: re.Match[str]) -> str:
    return f"{_month_of(found)} {year(int(found['y']))}"


def _time(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    hour, minute = int(parts["h"]), int(parts.get("m") or 0)
    half = f" {parts['half'].upper()} M" if parts.get("half") else ""
    if half and not 1 <= hour <= 12:
        return None
    if parts.get("s"):
        return f"{cardinal(hour)} hours, {cardinal(minute)} minutes and {cardinal(int(parts['s']))} seconds"
    if minute:
        return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}{half}"
    return f"{cardinal(hour)}{half}" if half else f"{cardinal(hour)} o'clock"


def _money(found: re.Match[str]) -> str:
    sign, number, scale = found["sign"].removeprefix("US"), found["number"], found["scale"]
    one, many = ENGLISH.currencies[sign]
    if scale:
        return f"{amount(number)} {_SCALES.get(scale, scale)} {many}"
    whole, _, cents = number.replace(",", "").partition(".")
    if len(cents) == 2 and sign in _CENTS and int(whole) < 10**15:
        said = [f"{cardinal(int(whole))} {one if whole == '1' else many}"] if int(whole) else []
        if int(cents):
            coins = _CENTS[sign] if int(cents) > 1 else _CENTS[sign].replace("pence", "penny").removesuffix("s")
            said.append(f"{cardinal(int(cents))} {coins}")
        return " and ".join(said) or f"zero {many}"
    return f"{amount(number)} {one if number == '1' else many}"


def _telephone(found: re.Match[str]) -> str | None:
    groups = re.findall(r"\d+", found[0])
    if sum(map(len, groups)) < 7:
        return None
    return ("plus " if found[0].startswith("+") else "") + ", ".join(map(figures, groups))


def _unit(number: str, unit: str) -> str:
    return ENGLISH.percent if unit == "%" else ENGLISH.units[unit][number != "1"]


def _measured(found: re.Match[str]) -> str:
    return ("minus " if found["sign"] else "") + f"{amount(found['number'])} {_unit(found['number'], found['unit'])}"


def _measured_range(found: re.Match[str]) -> str:
    return f"{amount(found['a'])} to {amount(found['b'])} {_unit(found['b'], found['unit'])}"


def _range(found: re.Match[str]) -> str:
    first, last = (year(int(n)) if re.fullmatch(r"(?:1[1-9]|20)\d\d", n) else amount(n) for n in found.group("a", "b"))
    return f"{first} to {last}"


def _version(text: str) -> str:
    return " point ".join(map(amount, text.removeprefix("v").split(".")))


def _with_part(found: re.Match[str]) -> str:
    part = _PARTS[found["part"]]
    return f"{amount(found['whole'])} and {part}" if found["whole"] else part.removeprefix("a ")


def _fraction(found: re.Match[str]) -> str | None:
    over, under = int(found["a"]), int(found["b"])
    if not over or under < 2:
        return None
    if over >= under:
        return f"{cardinal(over)} {cardinal(under)}" if (over, under) == (24, 7) else None
    part = {2: "half", 4: "quarter"}.get(under, ordinal(under))
    return f"{cardinal(over)} {part}{'s' if over > 1 else ''}"


def _decade(found: re.Match[str]) -> str:
    words = year(int(found["decade"]))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _in_a_name(found: re.Match[str]) -> str:
    """Beside letters ("A4", "B2B", "mp3"): short ones as numbers, long ones figure by figure."""
    number = found["number"] or found["other"]
    said = amount(number) if len(number) < 4 else figures(number)
    return f" {said} " if found["other"] else f" {said}"


def _sign(found: re.Match[str]) -> str | None:
    """Between numbers a sign of reckoning; between words only those that are clear there."""
    around = found.string[: found.start()].rstrip()[-1:], found.string[found.end() :].lstrip()[:1]
    reckoning = all(end.isdigit() or end == ")" or end == "(" for end in around)
    return _SIGNS[found["sign"]] if reckoning or found["sign"] in "&=+×÷±≈≤≥→" else None
