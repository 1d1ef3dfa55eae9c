"""A value that a schema allows, for a call that has to be made whatever was said.

It is the plainest one: the default, null where it may be null, the first of an enumeration, the number
nearest to zero, the shortest list. Each candidate is checked against the schema as it was declared.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from msgspec import UNSET

from voxwire.engines.llm.assistant.effort import Effort, TooMuch
from voxwire.engines.llm.assistant.formats import examples
from voxwire.engines.llm.assistant.patterns import pattern
from voxwire.engines.llm.assistant.schema import Schema, Schemas, choices, kind_of
from voxwire.engines.llm.assistant.schema_check import distinct, fraction, is_valid, same

#: Text where a text is needed and none was said.
UNKNOWN: Final = "unknown"
_MAX_DEPTH: Final = 10
#: Values tried for each part.
_MAX_CANDIDATES: Final = 24
_MAX_ITEMS: Final = 64
_MAX_LENGTH: Final = 2_000


def example(schemas: Schemas, schema: Any, now: datetime, effort: Effort) -> Any:
    """A valid value, UNSET where none is found. `now` serves where a day or a time is asked for."""
    try:
        return next(_Maker(Schemas(schemas.root), now, effort).values(schema, 0), UNSET)
    except TooMuch:
        return UNSET


class _Maker:
    def __init__(self, schemas: Schemas, now: datetime, effort: Effort) -> None:
        self._schemas = schemas
        self._now = now
        self._effort = effort

    def values(self, schema: Any, depth: int) -> Iterator[Any]:
        """Valid values, all different, the plainest first."""
        found: list[Any] = []
        for value in islice(self._candidates(schema, depth), _MAX_CANDIDATES):
            self._effort.spend(5)
            if not any(same(value, other) for other in found) and is_valid(self._schemas, value, schema, self._effort):
                found.append(value)
                yield deepcopy(value)

    def _candidates(self, schema: Any, depth: int) -> Iterator[Any]:
        plain = self._schemas.plain(schema)
        if "default" in plain:
            yield plain["default"]
        yield None
        if depth > _MAX_DEPTH:
            return
        for option in self._schemas.options(schema):
            if "default" in option:
                yield option["default"]
            if choices(option):
                yield from choices(option)[:_MAX_CANDIDATES]
            else:
                yield from self._of_kind(kind_of(option), option, depth)

    def _of_kind(self, kind: str, schema: Schema, depth: int) -> Iterator[Any]:
        if kind == "boolean":
            yield from (False, True)
        elif kind in ("integer", "number"):
            yield from _numbers(schema, whole=kind == "integer")
        elif kind == "array":
            yield from self._arrays(schema, depth)
        elif kind == "object":
            yield from self._objects(schema, depth)
        elif kind == "string":
            yield from self._strings(schema)

    def _strings(self, schema: Schema) -> Iterator[str]:
        least, most = fraction(schema.get("minLength")) or 0, fraction(schema.get("maxLength"))
        if least > _MAX_LENGTH:
            return
        shortest = math.ceil(least)
        if isinstance(schema.get("format"), str):
            yield from examples(schema["format"], self._now)
        compiled = pattern(schema["pattern"]) if isinstance(schema.get("pattern"), str) else None
        if compiled is not None:
            yield from islice(compiled.examples(self._effort, shortest), 12)
        yield ""
        for number in range(1, _MAX_CANDIDATES):
            text = UNKNOWN if number == 1 else f"{UNKNOWN} {number}"
            text = text.ljust(shortest, "-")
            yield text if most is None or len(text) <= most else str(number).rjust(int(most), "-")[: int(most)]

    def _arrays(self, schema: Schema, depth: int) -> Iterator[list[Any]]:
        items = schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, list) else None)
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        least = fraction(schema.get("minItems")) or 0
        if least > _MAX_ITEMS:
            return
        start: list[Any] = []
        for part in (first if isinstance(first, list) else [])[:_MAX_ITEMS]:
            if not schema.get("prefixItems") and len(start) >= least:
                break
            start += islice(self.values(part, depth + 1), 1)
        wanted = math.ceil(least) - len(start)
        yield from self._filled(schema, start[: math.ceil(least)], wanted, rest, depth)
        if "contains" in schema:
            several = math.ceil(fraction(schema.get("minContains")) or 1)
            held = list(islice(self.values(schema["contains"], depth + 1), several))
            yield from self._filled(schema, [*start, *held], wanted - len(held), rest, depth)

    def _filled(self, schema: Schema, start: list[Any], wanted: int, rest: Any, depth: int) -> Iterator[list[Any]]:
        if wanted <= 0:
            yield start
            return
        different = list(islice(self.values(rest, depth + 1), wanted + len(start)))
        if different and schema.get("uniqueItems") is not True:
            yield start + [deepcopy(different[0]) for _ in range(wanted)]
        yield distinct([*start, *different])[: len(start) + wanted]

    def _objects(self, schema: Schema, depth: int) -> Iterator[dict[str, Any]]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        required = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        made: dict[str, Any] = {}
        for name in required[:_MAX_ITEMS]:
            for value in islice(self.values(self._member(name, properties, schema), depth + 1), 1):
                made[name] = value
        yield made
        least = min(fraction(schema.get("minProperties")) or 0, _MAX_ITEMS)
        for name in self._further_names(schema, properties):
            if len(made) >= least and name not in properties:
                break
            if name not in made:
                for value in islice(self.values(self._member(name, properties, schema), depth + 1), 1):
                    made[name] = value
                    yield dict(made)

    def _further_names(self, schema: Schema, properties: Schema) -> Iterator[str]:
        """Names to add where too few members are required: those declared, then such as the schema allows."""
        yield from list(properties)[:_MAX_ITEMS]
        names = schema.get("propertyNames", {})
        for shape in schema.get("patternProperties", ()):
            compiled = pattern(shape)
            yield from islice(compiled.examples(self._effort), 4) if compiled else ()
        yield from (str(name) for name in self.values({"allOf": [names, {"type": "string", "minLength": 1}]}, 1))

    def _member(self, name: str, properties: Schema, schema: Schema) -> Any:
        if name in properties:
            return properties[name]
        shapes = schema.get("patternProperties")
        for shape, part in (shapes if isinstance(shapes, dict) else {}).items():
            compiled = pattern(shape)
            if compiled and compiled.found_in(name, self._effort):
                return part
        return schema.get("additionalProperties", True)


def _numbers(schema: Schema, *, whole: bool) -> Iterator[int | float]:
    """Numbers around the one nearest to zero: multiples of the step, then such as lie between two bounds."""
    step = fraction(schema.get("multipleOf")) or Fraction(1)
    bounds = [fraction(schema.get(key)) for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    low = max((bound for bound in bounds[:2] if bound is not None), default=None)
    high = min((bound for bound in bounds[2:] if bound is not None), default=None)
    step = abs(step)
    if low is not None and low >= 0:
        start, direction = math.ceil(low / step) * step, 1
    elif high is not None and high < 0:
        start, direction = math.floor(high / step) * step, -1
    else:
        start, direction = Fraction(0), 1
    for number in range(_MAX_CANDIDATES - 4):
        yield json_number(start + direction * number * step)
        if number == 1 and low is not None and high is not None and not whole:
            yield json_number((low + high) / 2)
        if number == 1 and direction > 0 and low is not None and low < 0:
            yield json_number(math.ceil(low / step) * step)
    for bound in (low, high):
        if bound is not None and not whole:
            yield from (json_number(bound + shift * direction * Fraction(1, 1000)) for shift in (1, -1))


def json_number(value: Fraction) -> int | float:
    """The number as JSON has it: whole where it is whole."""
    return value.numerator if value.denominator == 1 else float(value)
