"""Rules for languages of which the voice reads the numbers itself: signs are put into words, and into their place."""

import re
from collections.abc import Callable

from voxwire.engines.tts.reading.sign_words import Named, SignWords

_NUMBER = r"(?<![\w.,])[-−]?\d+(?:[.,\u00a0\u202f]\d+)*"  # noqa: RUF001 - the true minus
_Rules = list[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]]


def sign_rules(words: SignWords) -> _Rules:
    """In the order in which they are tried."""
    units, currencies = (_one_of(names) for names in (words.units, words.currencies))

    def signed(number: str) -> str:
        return re.sub(r"^[-−]", f"{words.minus} ", number)  # noqa: RUF001

    def measured(names: dict[str, Named]) -> Callable[[re.Match[str]], str]:
        return lambda found: f"{signed(found['number'])} {names[found['sign']][found['number'] != '1']}"

    def date(found: re.Match[str]) -> str | None:
        y, month, d = (int(part) for part in found.groups())
        if not (1 <= month <= 12 and 1 <= d <= 31):
            return None
        return words.date.format(d=d, month=words.months[month - 1], y=y)

    def time(found: re.Match[str]) -> str:
        h, m = int(found[1]), int(found[2])
        return words.clock.format(h=h, m=m) if m else words.hour.format(h=h)

    return [
        (re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])"), date),
        (re.compile(r"(?<![\w:])([01]?\d|2[0-3]):([0-5]\d)(?![\w:])"), time),
        (re.compile(rf"(?P<number>{_NUMBER})\s?(?P<sign>{currencies})(?!\w)"), measured(words.currencies)),
        (re.compile(rf"(?P<sign>{currencies})\s?(?P<number>\d+(?:[.,]\d+)*)(?!\w)"), measured(words.currencies)),
        (re.compile(rf"(?P<number>{_NUMBER})\s?%"), lambda found: f"{signed(found['number'])} {words.percent}"),
        (re.compile(rf"(?P<number>{_NUMBER})\s?(?P<sign>{units})(?!\w)"), measured(words.units)),
        (re.compile(r"(?<=\d)\s?–\s?(?=\d)"), lambda _: f" {words.to} "),  # noqa: RUF001 - the dash of a range
        (re.compile(r"(?<![\w.])[-−](?=\d)"), lambda _: f"{words.minus} "),  # noqa: RUF001
        (re.compile(r"(?<=\s)&(?=\s)"), lambda _: words.and_),
        *address_rules(words),
    ]


def address_rules(words: SignWords) -> _Rules:
    """Addresses of mail, and of the web, whose paths are gone already."""

    def spelled(found: re.Match[str]) -> str:
        return found[0].replace("@", f" {words.at} ").replace(".", f" {words.dot} ")

    mail = r"(?<![\w.@])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    web = (
        r"(?<![\w.@-])(?:[a-zA-Z][\w-]*\.)+(?:com|org|net|edu|gov|io|dev|app|ai|eu|uk|de|fr|es|it|nl|be|ch|at)(?![\w.])"
    )
    return [(re.compile(mail), spelled), (re.compile(web), spelled)]


def _one_of(names: dict[str, Named]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
