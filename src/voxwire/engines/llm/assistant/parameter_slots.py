"""What may fill a parameter, by voice and in writing.

The kind of a parameter comes from its JSON Schema, its name and its description. What cannot be spoken
(a list of lists, an object of any members) is `OPAQUE`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from voxwire.engines.llm.assistant.dates import Day, DaySlot
from voxwire.engines.llm.assistant.effort import Effort
from voxwire.engines.llm.assistant.formats import moment_forms
from voxwire.engines.llm.assistant.grammar import Slot
from voxwire.engines.llm.assistant.moments import MomentSlot, TimeSlot
from voxwire.engines.llm.assistant.numbers import number_words, parse_number
from voxwire.engines.llm.assistant.places import Gazetteer, Place, PlaceSlot
from voxwire.engines.llm.assistant.quantities import QuantitySlot, unit_in
from voxwire.engines.llm.assistant.schema import Schema, choices, kind_of
from voxwire.engines.llm.assistant.schema_check import fraction
from voxwire.engines.llm.assistant.schema_example import json_number
from voxwire.engines.llm.assistant.skills.units import UNIT_NAMES
from voxwire.engines.llm.assistant.slots import ChoiceSlot, NumberSlot, TextSlot
from voxwire.engines.llm.assistant.text import identifier_words, plain_words, read, typewritten
from voxwire.engines.llm.assistant.written import WRITTEN_FORMATS, WrittenSlot

_PLACE_WORDS: Final = frozenset(
    "location locations city cities place places destination origin town country countries whereabouts region".split()
)
_REGION_WORDS: Final = frozenset(("country", "countries"))
_DAY_WORDS: Final = frozenset(("date", "day", "dates"))
_SWITCH_WORDS: Final = frozenset("on off state power enabled enable active activate status switch toggle lit".split())
_EXAMPLE: Final = re.compile(
    r"(?:e\.\s?g\.|i\.\s?e\.|for example|such as|for instance|example:|examples:)[,:]?\s*(?P<list>[^()\n]{1,200})",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"[\"'`](?P<text>[^\"'`]{1,60})[\"'`]")
_SEPARATORS: Final = re.compile(r",|;|/|\bor\b|\band\b|\betc\b\.?")
_LISTED_NUMBERS: Final = (*range(101), 120, 150, 180, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1000)
_MAX_ENUM: Final = 500
_LONGEST_CODE: Final = 80
_SECONDS: Final = UNIT_NAMES["seconds"]


class ParameterKind(Enum):
    ENUM = "enum"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "day"
    TIME = "time"
    MOMENT = "moment"
    DURATION = "duration"
    WRITTEN = "written"
    PLACE = "place"
    TEXT = "text"
    OPAQUE = "opaque"


@dataclass(frozen=True)
class World:
    """What values are read with: places, the time now, aware of its zone, and the effort that it may take."""

    gazetteer: Gazetteer
    now: Callable[[], datetime]
    effort: Effort


@dataclass(frozen=True)
class Speech:
    """How one value is spoken: the slot that reads it, and the ways to write what it read as JSON, best first."""

    kind: ParameterKind
    slot: Slot
    forms: Callable[[Any], Iterable[Any]]


#: A value that cannot be spoken.
MUTE: Final = Speech(ParameterKind.OPAQUE, ChoiceSlot({}), lambda value: (value,))


def speech_of(schema: Schema, name: str, description: str, world: World) -> Speech:
    """How a value of a plain schema without alternatives is spoken."""
    words, about = name_and_description(name, description)
    kind = _kind(schema, words, about)
    iso = schema.get("format") == "date" or "yyyy" in description.lower() or "iso" in about
    switch = ("on", "off", "yes", "no") if about & _SWITCH_WORDS else None
    match kind:
        case ParameterKind.ENUM:
            return Speech(kind, ChoiceSlot(_enum_names(choices(schema))), _as_it_is)
        case ParameterKind.NUMBER:
            return Speech(kind, _number_slot(schema, name, description), lambda value: (json_number(value),))
        case ParameterKind.DURATION:
            slot = QuantitySlot(_SECONDS, NumberSlot(_LISTED_NUMBERS), lambda value: value >= 0)
            return Speech(kind, slot, lambda value: (f"PT{json_number(value)}S",))
        case ParameterKind.BOOLEAN:
            return Speech(kind, ChoiceSlot(_boolean_names(name, about), switch), _as_it_is)
        case ParameterKind.DAY:
            return Speech(kind, DaySlot(lambda: world.now().date()), _iso_day if iso else _said_day)
        case ParameterKind.TIME:
            return Speech(kind, TimeSlot(), lambda value: _time_forms(value, world.now()))
        case ParameterKind.MOMENT:
            return Speech(kind, MomentSlot(world.now), moment_forms)
        case ParameterKind.WRITTEN:
            return Speech(kind, WrittenSlot(schema["format"]), _as_it_is)
        case ParameterKind.PLACE:
            names = world.gazetteer.regions if words & _REGION_WORDS else world.gazetteer.listed_in_full
            return Speech(kind, PlaceSlot(world.gazetteer, names), _place_forms)
        case ParameterKind.TEXT:
            forms = _code_forms if "pattern" in schema else _as_it_is
            return Speech(kind, TextSlot(_examples(schema, description)), forms)
        case _:
            return MUTE


def name_and_description(name: str, description: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a parameter's name, and those with the words of its description."""
    words = frozenset(identifier_words(name))
    return words, words | frozenset(plain_words(description.split("e.g")[0]))


def _kind(schema: Schema, words: frozenset[str], about: frozenset[str]) -> ParameterKind:
    if choices(schema):
        return ParameterKind.ENUM if _enum_names(choices(schema)) else ParameterKind.OPAQUE
    kind, form = kind_of(schema), schema.get("format")
    if kind != "string":
        simple = {"boolean": ParameterKind.BOOLEAN, "number": ParameterKind.NUMBER, "integer": ParameterKind.NUMBER}
        return simple.get(kind, ParameterKind.OPAQUE)
    formats = {"date": ParameterKind.DAY, "time": ParameterKind.TIME, "date-time": ParameterKind.MOMENT}
    if form in formats:
        return formats[form]
    if form == "duration":
        return ParameterKind.DURATION
    if form in WRITTEN_FORMATS:
        return ParameterKind.WRITTEN
    if words & _DAY_WORDS:
        return ParameterKind.DAY
    # The name decides before the description: a "name" described as "of the city" is no place.
    if words & _PLACE_WORDS or (
        about & _PLACE_WORDS and len(words) == 1 and words <= {"from", "to", "where", "q", "query"}
    ):
        return ParameterKind.PLACE
    return ParameterKind.TEXT


def _as_it_is(value: Any) -> Iterable[Any]:
    return (value,)


def _iso_day(value: Day) -> Iterable[str]:
    return (value.day.isoformat(), value.said)


def _said_day(value: Day) -> Iterable[str]:
    return (value.said, value.day.isoformat())


def _time_forms(value: time, now: datetime) -> Iterable[str]:
    return moment_forms(datetime.combine(now.date(), value, now.tzinfo), time_alone=True)


def _place_forms(value: Place | str) -> Iterable[str]:
    return (value.full_name, value.name) if isinstance(value, Place) else (value,)


def _code_forms(value: str) -> Iterable[str]:
    """A text, and the code that somebody may have spelt with it: "a b one two" is AB12."""
    if len(value) > _LONGEST_CODE:
        return (value,)
    words, pieces, at = read(value).words, [], 0
    while at < len(words):
        end, number = parse_number(words[: at + 1], at) or (at + 1, None)
        pieces.append(words[at] if number is None or number.denominator > 1 else str(number.numerator))
        at = end
    return dict.fromkeys(
        form for text in (value, "".join(value.split()), "".join(pieces)) for form in (text, text.upper(), text.lower())
    )


def _enum_names(values: Sequence[Any]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for value in values[:_MAX_ENUM]:
        if isinstance(value, bool):
            names.setdefault("yes" if value else "no", value)
        elif isinstance(value, int) and 0 <= value < 10**6:
            names.setdefault(number_words(value), value)
            names.setdefault(str(value), value)
        elif isinstance(value, (str, int, float)):
            spoken = " ".join(plain_words(" ".join(identifier_words(str(value)[:200])) or str(value)[:200]))
            if spoken:
                names.setdefault(spoken, value)
    return names


def _boolean_names(name: str, about: frozenset[str]) -> dict[str, bool]:
    names = {"yes": True, "no": False, "true": True, "false": False}
    if about & _SWITCH_WORDS:
        names |= {"on": True, "off": False}
    own = " ".join(word for word in identifier_words(name) if word not in ("is", "has", "with", "include", "enable"))
    if own and own not in names:
        names |= {own: True, f"with {own}": True, f"without {own}": False, f"no {own}": False}
    return names


def _number_slot(schema: Schema, name: str, description: str) -> Slot:
    low, high = fraction(schema.get("minimum")), fraction(schema.get("maximum"))
    whole = kind_of(schema) == "integer"
    numbers = [n for n in _LISTED_NUMBERS if (low is None or n >= low) and (high is None or n <= high)]
    number = NumberSlot(numbers, low=low, high=high, whole=whole)
    unit = unit_in((*identifier_words(name), *plain_words(description)))
    if unit is None:
        return number

    def accept(value: Fraction) -> bool:
        return (
            (low is None or value >= low) and (high is None or value <= high) and (not whole or value.denominator == 1)
        )

    return QuantitySlot(unit, NumberSlot(numbers), accept)


def _examples(schema: Schema, description: str) -> tuple[str, ...]:
    """Values that the schema's `examples` or the description ("e.g. ...") name."""
    found = [value for value in _list(schema.get("examples")) if isinstance(value, str)]
    named = _EXAMPLE.search(typewritten(description))
    if named is not None:
        quoted = [match["text"] for match in _QUOTED.finditer(named["list"])]
        found += quoted or [piece.strip(" .'\"") for piece in _SEPARATORS.split(named["list"])]
    return tuple(dict.fromkeys(example for example in found[:_MAX_ENUM] if plain_words(example)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
