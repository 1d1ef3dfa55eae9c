"""The `format` of a string in JSON Schema: whether a text has it, and a text that has it.

Formats that nobody here can check ("password", "binary") say nothing about a text, as the standard has it.
"""

import ipaddress
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Final

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?")
_TIME: Final = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?")
_DURATION: Final = re.compile(
    r"-?P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)",
)
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"[A-Za-z0-9_'+-]+(\.[A-Za-z0-9_'+-]+)*@({_LABEL}\.)+[A-Za-z]{{2,}}")
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//)?[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_FRACTION: Final = re.compile(r"(\.\d{1,6})\d*")


def _date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and _parses(date.fromisoformat, text)


def _time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and _parses(time.fromisoformat, _FRACTION.sub(r"\1", text))


def _date_time(text: str) -> bool:
    return _DATE_TIME.fullmatch(text) is not None and _parses(datetime.fromisoformat, _FRACTION.sub(r"\1", text))


def _uuid(text: str) -> bool:
    return len(text) == 36 and _parses(uuid.UUID, text)


def _address(text: str, version: int) -> bool:
    return _parses(ipaddress.ip_address, text) and ipaddress.ip_address(text).version == version


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _fits(shape: "re.Pattern[str]") -> Callable[[str], bool]:
    return lambda text: len(text) <= 2_000 and shape.fullmatch(text) is not None


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "duration": _fits(_DURATION),
    "email": _fits(_EMAIL),
    "idn-email": _fits(_EMAIL),
    "hostname": _fits(_HOST),
    "uri": _fits(_URI),
    "url": _fits(_URI),
    "iri": _fits(_URI),
    "uuid": _uuid,
    "ipv4": lambda text: _address(text, 4),
    "ipv6": lambda text: _address(text, 6),
}
_EXAMPLES: Final = {
    "duration": ("PT0S",),
    "email": ("unknown@example.com",),
    "idn-email": ("unknown@example.com",),
    "hostname": ("example.com",),
    "uri": ("https://example.com/",),
    "url": ("https://example.com/",),
    "iri": ("https://example.com/",),
    "uuid": ("00000000-0000-0000-0000-000000000000", "00000000-0000-4000-8000-000000000000"),
    "ipv4": ("0.0.0.0", "127.0.0.1"),
    "ipv6": ("::", "::1"),
}


def has_format(text: str, name: str) -> bool:
    """Whether the text has the format; True for formats that are not checked."""
    check = _CHECKS.get(name)
    return check is None or check(text)


def examples(name: str, now: datetime) -> tuple[str, ...]:
    """Texts of the format, empty for formats that are not known. Days and times are `now`."""
    if name == "date":
        return (now.date().isoformat(),)
    if name in ("time", "date-time"):
        return tuple(moment_forms(now, time_alone=name == "time"))
    return _EXAMPLES.get(name, ())


def moment_forms(moment: datetime, *, time_alone: bool = False) -> list[str]:
    """The ways to write a moment, the one of RFC 3339 first: with its offset, in UTC, and without a zone."""
    moment = moment.replace(microsecond=0)
    forms = [moment.isoformat(), moment.astimezone(UTC).isoformat().replace("+00:00", "Z")]
    forms.append(moment.replace(tzinfo=None).isoformat())
    return [form.partition("T")[2] for form in forms] if time_alone else forms
