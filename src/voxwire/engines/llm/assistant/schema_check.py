"""Whether a JSON value is valid against a schema: the keywords that pydantic and zod write, and their kin.

A value that takes too much effort to check, or whose pattern cannot be matched, counts as not valid: what
is not known to fit does not leave. Keywords of the wrong type say nothing, for want of a meaning.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from voxwire.engines.llm.assistant.effort import Effort, TooMuch
from voxwire.engines.llm.assistant.formats import has_format
from voxwire.engines.llm.assistant.patterns import pattern
from voxwire.engines.llm.assistant.schema import Schemas

_MAX_DEPTH: Final = 40


def is_valid(schemas: Schemas, value: Any, schema: Any, effort: Effort) -> bool:
    """Whether `value` is valid against `schema`, a part of what `schemas` holds."""
    try:
        return _Check(schemas, effort).valid(value, schema, 0)
    except TooMuch:
        return False


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


class _Check:
    def __init__(self, schemas: Schemas, effort: Effort) -> None:
        self._schemas = schemas
        self._effort = effort

    def valid(self, value: Any, schema: Any, depth: int) -> bool:
        self._effort.spend(2)
        if depth > _MAX_DEPTH:
            raise TooMuch
        if not isinstance(schema, dict):
            return schema is not False
        reference = schema.get("$ref")
        if isinstance(reference, str) and not self.valid(value, self._schemas.follow(reference), depth + 1):
            return False
        return self._type(value, schema) and all(check(self, value, schema, depth + 1) for check in _checks_of(value))

    def _type(self, value: Any, schema: Mapping[str, Any]) -> bool:
        kinds = schema.get("type")
        if value is None and schema.get("nullable") is True and isinstance(kinds, str):
            return kinds == "null"  # OpenAPI's word, which JSON Schema does not know
        named = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]
        return not named or any(_is_type(value, kind) for kind in named)

    def choice(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        if "const" in schema and not same(value, schema["const"]):
            return False
        enum = schema.get("enum")
        if not isinstance(enum, list):
            return True
        self._effort.spend(len(enum) // 20)
        return any(same(value, each) for each in enum)

    def combination(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        def valid(part: Any) -> bool:
            return self.valid(value, part, depth)

        for key, enough in (("allOf", all), ("anyOf", any), ("oneOf", _exactly_one)):
            parts = schema.get(key)
            if isinstance(parts, list) and parts and not enough(valid(part) for part in parts):
                return False
        if "not" in schema and valid(schema["not"]):
            return False
        if "if" in schema:
            return valid(schema.get("then" if valid(schema["if"]) else "else", True))
        return True

    def number(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        exact = fraction(value)
        if exact is None:
            return False  # an infinity
        low, high, step = (fraction(schema.get(key)) for key in ("minimum", "maximum", "multipleOf"))
        above, below = fraction(schema.get("exclusiveMinimum")), fraction(schema.get("exclusiveMaximum"))
        # In the oldest drafts these two are flags of the others.
        above = low if schema.get("exclusiveMinimum") is True else above
        below = high if schema.get("exclusiveMaximum") is True else below
        return (
            (low is None or exact >= low)
            and (high is None or exact <= high)
            and (above is None or exact > above)
            and (below is None or exact < below)
            and (not step or exact % step == 0)
        )

    def string(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        if not _counts(len(value), schema, "minLength", "maxLength"):
            return False
        wanted, shape = schema.get("format"), schema.get("pattern")
        if isinstance(wanted, str) and not has_format(value, wanted):
            return False
        if not isinstance(shape, str):
            return True
        compiled = pattern(shape)
        return compiled is not None and compiled.found_in(value, self._effort)

    def array(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        if not _counts(len(value), schema, "minItems", "maxItems"):
            return False
        if schema.get("uniqueItems") is True and len(distinct(value)) < len(value):
            return False
        items, first, rest = schema.get("items", True), schema.get("prefixItems"), schema.get("items", True)
        if isinstance(items, list):  # before draft 2020-12
            first, rest = items, schema.get("additionalItems", True)
        first = first if isinstance(first, list) else []
        if not all(self.valid(each, part, depth) for each, part in zip(value, first, strict=False)):
            return False
        if not all(self.valid(each, rest, depth) for each in value[len(first) :]):
            return False
        if "contains" not in schema:
            return True
        held = sum(self.valid(each, schema["contains"], depth) for each in value)
        return _counts(held, {"minContains": 1, **schema}, "minContains", "maxContains")

    def object(self, value: Any, schema: Mapping[str, Any], depth: int) -> bool:
        required, dependent = _list(schema.get("required")), _mapping(schema.get("dependentRequired"))
        if not _counts(len(value), schema, "minProperties", "maxProperties"):
            return False
        for name, others in dependent.items():
            required = [*required, *_list(others)] if name in value else required
        if not all(name in value for name in required if isinstance(name, str)):
            return False
        return all(
            ("propertyNames" not in schema or self.valid(name, schema["propertyNames"], depth))
            and all(self.valid(member, part, depth) for part in self._parts(name, schema))
            for name, member in value.items()
        )

    def _parts(self, name: str, schema: Mapping[str, Any]) -> Iterator[Any]:
        """The schemas that a member of this name has to fit."""
        properties, known = _mapping(schema.get("properties")), False
        if name in properties:
            known = True
            yield properties[name]
        for shape, part in _mapping(schema.get("patternProperties")).items():
            compiled = pattern(shape)
            if compiled is None:
                yield False  # whether it applies cannot be known
            elif compiled.found_in(name, self._effort):
                known = True
                yield part
        if not known:
            yield schema.get("additionalProperties", True)


_Checker = Callable[[_Check, Any, Mapping[str, Any], int], bool]


def _checks_of(value: Any) -> tuple[_Checker, ...]:
    own: _Checker | None = None
    if isinstance(value, str):
        own = _Check.string
    elif isinstance(value, int | float) and not isinstance(value, bool):
        own = _Check.number
    elif isinstance(value, list):
        own = _Check.array
    elif isinstance(value, dict):
        own = _Check.object
    return (_Check.choice, own, _Check.combination) if own else (_Check.choice, _Check.combination)


def fraction(value: Any) -> Fraction | None:
    """The decimal that a JSON number was written as; None for anything else, infinities too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Fraction(str(value)) if value - value == 0 else None


def distinct(values: list[Any]) -> list[Any]:
    """The values without repetitions."""
    out: list[Any] = []
    for value in values:
        if not any(same(value, other) for other in out):
            out.append(value)
    return out


def _is_type(value: Any, kind: str) -> bool:
    if kind in ("integer", "number"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (kind == "number" or value == int(value))
    types = {"string": str, "boolean": bool, "null": type(None), "array": list, "object": dict}
    return isinstance(value, types.get(kind, ()))


def _exactly_one(results: Iterator[bool]) -> bool:
    return sum(results) == 1


def _counts(number: int, schema: Mapping[str, Any], least: str, most: str) -> bool:
    low, high = fraction(schema.get(least)), fraction(schema.get(most))
    return (low is None or number >= low) and (high is None or number <= high)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
