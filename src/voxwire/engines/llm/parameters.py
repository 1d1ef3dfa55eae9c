"""Parameters of a declared function: what may fill each, and how to ask for it.

The kind of a parameter comes from its JSON Schema, its name and its description. Schemas are the
client's and may hold anything; what cannot be spoken (an object, a list of objects) is `OPAQUE`.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Any, Final

from voxwire.engines.llm.dates import Day, DaySlot
from voxwire.engines.llm.grammar import Slot
from voxwire.engines.llm.numbers import number_words
from voxwire.engines.llm.places import Gazetteer, Place, PlaceSlot
from voxwire.engines.llm.quantities import QuantitySlot, unit_in
from voxwire.engines.llm.slots import ChoiceSlot, NumberSlot, TextSlot
from voxwire.engines.llm.text import identifier_words, listed, plain_words, typewritten

_PLACE_WORDS: Final = frozenset(
    "location locations city cities place places destination origin town country countries whereabouts region".split()
)
_REGION_WORDS: Final = frozenset(("country", "countries"))
_LATITUDE: Final = frozenset(("lat", "latitude"))
_LONGITUDE: Final = frozenset(("lon", "lng", "long", "longitude"))
_DAY_WORDS: Final = frozenset(("date", "day", "dates"))
_SWITCH_WORDS: Final = frozenset("on off state power enabled enable active activate status switch toggle lit".split())
#: Words that lead to a value, by what the parameter's name or description speaks of.
_CUES: Final = (
    (frozenset(("origin", "from", "departure", "source", "start", "departing")), ("from",)),
    (frozenset(("destination", "arrival", "target", "to", "recipient", "recipients", "receiver")), ("to",)),
    (frozenset(("message", "text", "body", "content", "note")), ("saying", "that says", "that", "with the text")),
    (frozenset(("name", "title", "label", "called")), ("called", "named", "titled", "for", "under the name")),
    (frozenset(("query", "search", "term", "keyword", "keywords")), ("for", "about")),
    (frozenset(("topic", "subject", "about")), ("about", "on")),
    (frozenset(("language",)), ("in", "into", "to")),
)
_KIND_CUES: Final = {
    "place": ("in", "at", "for", "near", "around", "of"),
    "day": ("on", "for"),
    "number": ("to", "for", "of", "at", "with"),
    "enum": ("in", "to", "with", "for", "as", "of", "on"),
    "text": ("for", "of", "called", "named", "about", "on", "with"),
}
_EXAMPLE: Final = re.compile(
    r"(?:e\.\s?g\.|i\.\s?e\.|for example|such as|for instance|example:|examples:)[,:]?\s*(?P<list>[^()\n]{1,200})",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"[\"'`](?P<text>[^\"'`]{1,60})[\"'`]")
_SEPARATORS: Final = re.compile(r",|;|/|\bor\b|\band\b|\betc\b\.?")
_LISTED_NUMBERS: Final = (*range(101), 120, 150, 180, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1000)
_MAX_ENUM: Final = 500


Arguments = dict[str, Any]


class ParameterKind(Enum):
    ENUM = "enum"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "day"
    PLACE = "place"
    TEXT = "text"
    OPAQUE = "opaque"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    `cues` are the words that may stand before a value, `to_json` makes a value of `slot` JSON.
    `fallback` is the schema's default, or None; `guess` gives a valid value when one must be had.
    `many` marks an array, whose values are collected. `coordinates` names the parameters for latitude
    and longitude that a place fills as well, since nobody speaks degrees; with `hidden` it fills
    nothing else.
    """

    name: str
    kind: ParameterKind
    required: bool
    slot: Slot
    cues: tuple[str, ...]
    question: str
    fallback: Any
    many: bool
    to_json: Callable[[Any], Any]
    guess: Callable[[], Any]
    coordinates: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return identifier_words(self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments that this parameter fills."""
        return self.coordinates if self.hidden else (self.name, *self.coordinates)

    def fill(self, values: Sequence[Any]) -> Arguments:
        """Arguments from the values of `slot`, in spoken order."""
        value = [self.to_json(each) for each in values] if self.many else self.to_json(values[0])
        arguments = {} if self.hidden else {self.name: value}
        if self.coordinates and isinstance(values[0], Place):
            arguments |= dict(zip(self.coordinates, (values[0].latitude, values[0].longitude), strict=True))
        return arguments

    def fill_anyhow(self, text: str) -> Arguments:
        """Arguments when nothing was said about it: the text where it is free, else a guess."""
        free = self.kind in (ParameterKind.PLACE, ParameterKind.TEXT) and self.fallback is None
        value = ([text] if self.many else text) if free else self.guess()
        return ({} if self.hidden else {self.name: value}) | dict.fromkeys(self.coordinates, 0)


def read_parameters(schema: Any, gazetteer: Gazetteer, today: Callable[[], date]) -> tuple[Parameter, ...]:
    """The parameters of a JSON Schema object, required ones first; empty for anything else.

    A schema that lists no `required` at all but has one property means it: nobody declares a
    function with a lone parameter to call it without.
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return ()
    properties = schema["properties"]
    listed_required = schema.get("required")
    if isinstance(listed_required, list):
        required = {name for name in listed_required if isinstance(name, str)}
    else:
        required = set(properties) if len(properties) == 1 else set()
    parameters = [
        _parameter(name, inner if isinstance(inner, dict) else {}, name in required, gazetteer, today)
        for name, inner in properties.items()
    ]
    parameters = _with_coordinates(parameters, gazetteer)
    return tuple(sorted(parameters, key=lambda parameter: not parameter.required))


def _with_coordinates(parameters: list[Parameter], gazetteer: Gazetteer) -> list[Parameter]:
    """Let a place fill latitude and longitude, a place of its own where the function has none."""
    numbers = [parameter for parameter in parameters if parameter.kind is ParameterKind.NUMBER]
    latitude = next((p for p in numbers if _LATITUDE & set(p.words)), None)
    longitude = next((p for p in numbers if _LONGITUDE & set(p.words)), None)
    if latitude is None or longitude is None:
        return parameters
    place = next((p for p in parameters if p.kind is ParameterKind.PLACE and not p.many), None)
    rest = [p for p in parameters if p not in (latitude, longitude, place)]
    hidden = place is None
    place = place or _parameter("place", {"type": "string"}, False, gazetteer, date.today)
    names = (latitude.name, longitude.name)
    required = place.required or latitude.required or longitude.required
    return [replace(place, coordinates=names, hidden=hidden, required=required), *rest]


def _parameter(
    name: str, schema: dict[str, Any], required: bool, gazetteer: Gazetteer, today: Callable[[], date]
) -> Parameter:
    schema = _plain_schema(schema)
    many = _type(schema) == "array"
    if many:
        inner = schema.get("items")
        schema = _plain_schema(inner if isinstance(inner, dict) else {}) | {
            key: schema[key] for key in ("description", "default") if key in schema
        }
    description = schema.get("description")
    description = description if isinstance(description, str) else ""
    words = frozenset(identifier_words(name))
    about = words | frozenset(plain_words(description.split("e.g")[0]))
    kind = ParameterKind.OPAQUE if _type(schema) == "array" else _kind(schema, words, about)
    slot, to_json = _slot(kind, schema, name, description, about, gazetteer, today)
    return Parameter(
        name=name,
        kind=kind,
        required=required,
        slot=slot,
        cues=_cues(kind, words, about),
        question=_question(kind, name, slot),
        fallback=schema.get("default", schema.get("const")),
        many=many,
        to_json=to_json,
        guess=partial(_guess, kind, schema, many, today, to_json),
    )


def _plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The first alternative that is not null of anyOf and oneOf, keeping what stands around it."""
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list):
            real = [option for option in options if isinstance(option, dict) and option.get("type") != "null"]
            if real:
                return {**real[0], **{k: v for k, v in schema.items() if k != key}}
    return schema


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((entry for entry in kind if entry != "null"), None)
    if isinstance(kind, str):
        return kind
    if isinstance(schema.get("properties"), dict):
        return "object"
    return "array" if "items" in schema else "string"


def _kind(schema: Mapping[str, Any], words: frozenset[str], about: frozenset[str]) -> ParameterKind:
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return ParameterKind.ENUM
    kind = _type(schema)
    if kind in ("number", "integer"):
        return ParameterKind.NUMBER
    if kind == "boolean":
        return ParameterKind.BOOLEAN
    if kind != "string":
        return ParameterKind.OPAQUE
    if schema.get("format") == "date" or words & _DAY_WORDS:
        return ParameterKind.DAY
    # The name decides before the description: a "name" described as "of the city" is no place.
    if words & _PLACE_WORDS or (
        about & _PLACE_WORDS and len(words) == 1 and words <= {"from", "to", "where", "q", "query"}
    ):
        return ParameterKind.PLACE
    return ParameterKind.TEXT


def _slot(
    kind: ParameterKind,
    schema: Mapping[str, Any],
    name: str,
    description: str,
    about: frozenset[str],
    gazetteer: Gazetteer,
    today: Callable[[], date],
) -> tuple[Slot, Callable[[Any], Any]]:
    """The slot that reads values, and how a value becomes JSON."""
    if kind is ParameterKind.ENUM:
        return ChoiceSlot(_enum_names(schema["enum"])), _itself
    if kind is ParameterKind.NUMBER:
        return _number_slot(schema, name, description), _number_json
    if kind is ParameterKind.BOOLEAN:
        return ChoiceSlot(
            _boolean_names(name, about), ("on", "off", "yes", "no") if about & _SWITCH_WORDS else None
        ), _itself
    if kind is ParameterKind.DAY:
        iso = schema.get("format") == "date" or "yyyy" in description.lower() or "iso" in about
        return DaySlot(today), (_iso_day if iso else _said_day)
    if kind is ParameterKind.PLACE:
        regions = frozenset(identifier_words(name)) & _REGION_WORDS
        return PlaceSlot(gazetteer, gazetteer.regions if regions else gazetteer.listed_in_full), _place_json
    return TextSlot(_examples(schema, description)), str


def _guess(
    kind: ParameterKind, schema: Mapping[str, Any], many: bool, today: Callable[[], date], to_json: Callable[[Any], Any]
) -> Any:
    """The schema's default, else the first or smallest value that it allows."""
    for key in ("default", "const"):
        if schema.get(key) is not None:
            return schema[key]
    value: Any = {"object": {}, "array": [], "null": None}.get(_type(schema), "")
    if kind is ParameterKind.ENUM:
        value = schema["enum"][0]
    elif kind is ParameterKind.NUMBER:
        value = _number_json(_nearest_to_zero(schema))
    elif kind is ParameterKind.BOOLEAN:
        value = False
    elif kind is ParameterKind.DAY:
        value = to_json(Day(today(), "today"))
    return [value] if many and kind is not ParameterKind.OPAQUE else value


def _nearest_to_zero(schema: Mapping[str, Any]) -> Fraction:
    value, low, high = Fraction(0), _bound(schema, "minimum"), _bound(schema, "maximum")
    if low is not None and low > value:
        value = low
    elif high is not None and high < value:
        value = high
    return Fraction(math.ceil(value)) if _type(schema) == "integer" else value


def _itself(value: Any) -> Any:
    return value


def _number_json(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def _iso_day(value: Day) -> str:
    return value.day.isoformat()


def _said_day(value: Day) -> str:
    return value.said


def _place_json(value: Place | str) -> str:
    return value.full_name if isinstance(value, Place) else value


def _enum_names(values: Sequence[Any]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for value in values[:_MAX_ENUM]:
        if isinstance(value, bool):
            names.setdefault("yes" if value else "no", value)
        elif isinstance(value, int) and 0 <= value < 10**6:
            names.setdefault(number_words(value), value)
            names.setdefault(str(value), value)
        elif isinstance(value, (str, int, float)):
            spoken = " ".join(plain_words(" ".join(identifier_words(str(value))) or str(value)))
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


def _number_slot(schema: Mapping[str, Any], name: str, description: str) -> Slot:
    low, high = _bound(schema, "minimum"), _bound(schema, "maximum")
    whole = _type(schema) == "integer"
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


def _bound(schema: Mapping[str, Any], key: str) -> Fraction | None:
    value = schema.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value in (float("inf"), float("-inf")):
        return None
    return Fraction(str(value)) if value == value else None  # NaN bounds nothing


def _examples(schema: Mapping[str, Any], description: str) -> tuple[str, ...]:
    """Values that the schema's `examples` or the description ("e.g. ...") name."""
    found = [value for value in _list(schema.get("examples")) if isinstance(value, str)]
    named = _EXAMPLE.search(typewritten(description))
    if named is not None:
        quoted = [match["text"] for match in _QUOTED.finditer(named["list"])]
        found += quoted or [piece.strip(" .'\"") for piece in _SEPARATORS.split(named["list"])]
    return tuple(dict.fromkeys(example for example in found[:_MAX_ENUM] if plain_words(example)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cues(kind: ParameterKind, words: frozenset[str], about: frozenset[str]) -> tuple[str, ...]:
    general = _KIND_CUES.get(kind.value, ())
    # A name says more than a description, which may mention anything.
    for topic in (words, about if kind is ParameterKind.PLACE else frozenset[str]()):
        for names, cues in _CUES:
            if topic & names and kind in (ParameterKind.PLACE, ParameterKind.TEXT, ParameterKind.ENUM):
                return cues if kind is ParameterKind.PLACE else tuple(dict.fromkeys((*cues, *general)))
    return general


def _question(kind: ParameterKind, name: str, slot: Slot) -> str:
    spoken = " ".join(identifier_words(name)) or name
    if kind is ParameterKind.ENUM and 1 < len(slot.samples()) <= 6:
        return f"Which {spoken}: {listed(slot.samples(), 'or')}?"
    if kind is ParameterKind.BOOLEAN:
        return f"{spoken.capitalize()}: yes or no?"
    if kind is ParameterKind.NUMBER:
        if isinstance(slot, QuantitySlot):
            return f"How many {slot.unit.plural}?"
        return f"How many {spoken}?" if spoken.endswith("s") else f"What number for the {spoken}?"
    if kind is ParameterKind.TEXT:
        return f"What is the {spoken}?"
    return f"Which {spoken}?"
