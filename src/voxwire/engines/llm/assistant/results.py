"""Turns the output of a function into speakable sentences.

Plain text is quoted as it is. JSON is read out field by field, bounded in depth and number, since nobody
listens to a document.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import msgspec

from voxwire.engines.llm.assistant.numbers import say_number
from voxwire.engines.llm.assistant.text import identifier_words, listed, sentence

_FIELDS: Final = 16
_DEPTH: Final = 4
#: Half a minute of speech or so is what a listener bears; the precedent is our own ears.
_CHARACTERS: Final = 4_000
#: A lone field of one of these names is the message itself.
_WRAPPERS: Final = frozenset("result results output answer message text response content data summary value".split())
_SUCCESS: Final = frozenset(("ok", "success", "succeeded", "successful", "done", "completed"))
_ERRORS: Final = ("error", "errors", "exception")
_STATUS: Final = frozenset(("status", "success", "ok", "succeeded", "done", "completed", "result"))
_SPOKEN_SYMBOLS: Final = (
    (re.compile(r"\s*°\s*C\b"), " degrees Celsius"),
    (re.compile(r"\s*°\s*F\b"), " degrees Fahrenheit"),
    (re.compile(r"\s*°"), " degrees"),
    (re.compile(r"\s*%"), " percent"),
    (re.compile(r"(?<=\d)\s*km/h\b"), " kilometers per hour"),
    (re.compile(r"(?<=\d)\s*mph\b"), " miles per hour"),
    (re.compile(r"(?<=\d)\s*m/s\b"), " meters per second"),
    (re.compile(r"\$\s*(\d[\d,.]*\d|\d)"), r"\1 dollars"),
    (re.compile(r"€\s*(\d[\d,.]*\d|\d)|(?<=\d)\s*€"), r"\1 euros"),
    (re.compile(r"(?<![\w.])-(?=\d)"), "minus "),
)


def say_result(output: str, function: str) -> str:
    """What to say when `function` gave `output`."""
    text = output.strip()
    if not text:
        return "Done."
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _cut(text)
    if isinstance(value, str):
        return _cut(value.strip() or "Done.")
    error = _error(value)
    if error is None and isinstance(value, dict):
        value = {key: field for key, field in value.items() if key not in _ERRORS}
    if error is not None:
        return _cut(
            sentence(f"The function {' '.join(identifier_words(function)) or 'call'} reported an error: {error}")
        )
    return _cut(_say(value) or "Done.")


def _say(value: Any) -> str:
    value = _unwrapped(value)
    if value is None or value in ("", [], {}) or value is True:
        return "Done."
    if isinstance(value, dict):
        if all(key.lower() in _STATUS and _is_success(field) for key, field in value.items()):
            return "Done."
        budget = [_FIELDS]
        said = sentence(", ".join(_fields(value, budget, _DEPTH)))
        return said if budget[0] >= 0 else f"{said} There is more."
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        budget = [_FIELDS]
        entries = [", ".join(_fields(entry, budget, _DEPTH)) for entry in value[:_FIELDS]]
        said = " ".join(sentence(f"{number}: {entry}") for number, entry in enumerate(entries, 1) if entry)
        return said if budget[0] >= 0 and len(value) <= _FIELDS else f"{said} There is more."
    return sentence(_scalar(value) if not isinstance(value, list) else _scalars(value))


def _unwrapped(value: Any) -> Any:
    """The message inside {"result": {"message": ...}}."""
    for _ in range(_DEPTH):
        if not (isinstance(value, dict) and len(value) == 1):
            break
        ((key, inner),) = value.items()
        if key.lower() not in _WRAPPERS or isinstance(inner, bool):
            break
        value = inner
    return value


def _error(value: Any) -> str | None:
    """The message of {"error": ...}, whatever its form."""
    if not isinstance(value, dict):
        return None
    for key in _ERRORS:
        error = value.get(key)
        if error not in (None, False, "", [], {}):
            if isinstance(error, dict):
                error = error.get("message") or error.get("code") or "no details"
            if error is True:
                error = value.get("message") or "no details"
            return _scalars(error) if isinstance(error, list) else _scalar(error)
    if value.get("success") is False or value.get("ok") is False:
        return _scalar(value.get("message") or value.get("reason") or "no details")
    return None


def _fields(value: Any, budget: list[int], depth: int) -> Iterator[str]:
    """The fields of a nested value as "name: value", while the budget lasts."""
    if not isinstance(value, dict):
        budget[0] -= 1
        if budget[0] >= 0:
            yield _scalars(value) if isinstance(value, list) else _scalar(value)
        return
    for key, field in value.items():
        name = " ".join(identifier_words(key)) or key or "value"
        if depth > 0 and (nested := _nested(name, field)):
            for inner_name, entry in nested:
                inner = list(_fields(entry, budget, depth - 1))
                if inner:
                    yield f"{inner_name}: {', '.join(inner)}"
            continue
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield f"{name}: {_scalars(field) if isinstance(field, list) else _scalar(field)}"


def _nested(name: str, field: Any) -> list[tuple[str, Any]]:
    """The objects inside a field, with the names to call them by."""
    if isinstance(field, dict) and field:
        return [(name, field)]
    if isinstance(field, list) and any(isinstance(entry, dict) for entry in field):
        return [(f"{name} {number}", entry) for number, entry in enumerate(field[:_FIELDS], 1)]
    return []


def _scalars(values: list[Any]) -> str:
    shown = [_scalar(value) for value in values[:_FIELDS]]
    if len(values) > _FIELDS:
        shown.append("more")
    return listed(shown) if shown else "none"


def _scalar(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        # The decimal the sender wrote, not the binary fraction next to it.
        return say_number(Fraction(str(value))) if abs(value) < 10**15 else str(value)
    if isinstance(value, dict):
        return f"{len(value)} fields"
    if isinstance(value, list):
        return f"{len(value)} entries"  # deeper than anybody follows by ear
    return _speakable(str(value))


def _speakable(text: str) -> str:
    for pattern, words in _SPOKEN_SYMBOLS:
        text = pattern.sub(words, text)
    return text.strip().rstrip(".")


def _is_success(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in _SUCCESS)


def _cut(text: str) -> str:
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[:_CHARACTERS].rsplit(' ', 1)[0]} ... The rest is left out."
