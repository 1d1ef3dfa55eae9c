"""JSON Schemas as clients declare them: references followed, `allOf` merged, alternatives told apart.

A schema is the client's and may be hostile: it may refer to itself, and a short text may describe a
very large tree. All reading is counted; a schema that takes too much reads as one that allows nothing.
What is read here only guides speech. Whether arguments are valid is decided by `schema_check`, which
reads the schema as it was declared.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

#: Reading one function's schema takes at most this many steps; the largest of real life take some hundred.
_MAX_STEPS: Final = 4_000
_MAX_REFERENCES: Final = 24
MAX_OPTIONS: Final = 16
#: Allows nothing.
NOTHING: Final[Mapping[str, Any]] = {"not": {}}

_LARGEST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_TYPE_OF: Final = (
    ("object", ("properties", "additionalProperties", "patternProperties", "propertyNames", "required")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)

Schema = Mapping[str, Any]


class Schemas:
    """The schema of one function, and the places in it that references name."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._steps = 0

    def follow(self, reference: str) -> Any:
        """What "#/$defs/Color" or "#" stands for; False, which allows nothing, when it leads nowhere."""
        if reference != "#" and not reference.startswith("#/"):
            return False
        place: Any = self.root
        for step in reference.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict) and name in place:
                place = place[name]
            elif isinstance(place, list) and name.isascii() and name.isdecimal() and int(name[:6]) < len(place):
                place = place[int(name[:6])]
            else:
                return False
        return place

    def plain(self, schema: Any, seen: tuple[str, ...] = ()) -> Schema:
        """The schema without `$ref` and `allOf`; what stands around them has the last word."""
        self._steps += 1
        if schema is False or self._steps > _MAX_STEPS or len(seen) > _MAX_REFERENCES:
            return NOTHING
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        merged: Schema = {}
        if isinstance(reference, str):
            if reference in seen:
                return NOTHING
            merged = self.plain(self.follow(reference), (*seen, reference))
        for part in _list(schema.get("allOf")):
            merged = _both(merged, self.plain(part, seen))
        return _both(merged, {key: value for key, value in schema.items() if key not in ("$ref", "allOf")})

    def options(self, schema: Any, depth: int = 0) -> list[Schema]:
        """The alternatives of a schema, each plain; null is none of them."""
        plain = self.plain(schema)
        if "not" in plain and plain["not"] in ({}, True):
            return []
        for key in ("anyOf", "oneOf"):
            listed = _list(plain.get(key))
            if listed and depth < _MAX_REFERENCES:
                around = {name: value for name, value in plain.items() if name != key}
                options = [o for each in listed for o in self.options({"allOf": [each, around]}, depth + 1)]
                return _as_one_choice(options[:MAX_OPTIONS])
        kinds = plain.get("type")
        if isinstance(kinds, list):
            return [{**plain, "type": kind} for kind in kinds if isinstance(kind, str) and kind != "null"]
        return [] if kinds == "null" else [plain]


def kind_of(schema: Schema) -> str:
    """The JSON type that a plain schema describes, "string" where it does not say."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    return next((kind for kind, keywords in _TYPE_OF if any(keyword in schema for keyword in keywords)), "string")


def choices(schema: Schema) -> list[Any]:
    """The values of `const` or `enum`, without null; empty where it has neither."""
    values = [schema["const"]] if "const" in schema else _list(schema.get("enum"))
    return [value for value in values if value is not None]


def _as_one_choice(options: list[Schema]) -> list[Schema]:
    """Alternatives that are all `const` or `enum` are one enumeration, as zod writes its unions of literals."""
    values = [value for option in options for value in choices(option)]
    if len(options) < 2 or not all(choices(option) for option in options):
        return options
    shared = {key: value for key, value in options[0].items() if all(o.get(key) == value for o in options[1:])}
    return [{key: value for key, value in shared.items() if key != "const"} | {"enum": values}]


def _both(first: Schema, second: Schema) -> Schema:
    """What allows only that which both allow, as far as speech needs it."""
    if not first or not second:
        return first or second
    merged = {**first, **second}
    for key in first.keys() & second.keys():
        one, other = first[key], second[key]
        if key == "properties" and isinstance(one, dict) and isinstance(other, dict):
            shared = {name: {"allOf": [one[name], other[name]]} for name in one if name in other}
            merged[key] = {**one, **other, **shared}
        elif key == "required" and isinstance(one, list) and isinstance(other, list):
            merged[key] = [*one, *(name for name in other if name not in one)]
        elif key == "enum" and isinstance(one, list) and isinstance(other, list):
            merged[key] = [value for value in one if value in other]
        elif key in _LARGEST and _is_number(one) and _is_number(other):
            merged[key] = max(one, other)
        elif key in _SMALLEST and _is_number(one) and _is_number(other):
            merged[key] = min(one, other)
        elif key == "items" and isinstance(one, dict) and isinstance(other, dict):
            merged[key] = {"allOf": [one, other]}
        elif key == "type" and isinstance(one, str) and isinstance(other, list):
            merged[key] = one  # "string" and ["string", "null"]
    return merged


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
