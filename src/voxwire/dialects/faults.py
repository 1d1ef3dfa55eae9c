"""From what the JSON decoder found wrong to the error that the client sees (protocol: errors, Events of type error).

msgspec says the first fault in one line with a path, such as

    Expected `bool`, got `null` - at `$.session.turn_detection.create_response`

This module turns such a line into code, message and `param` of the official services, and looks up
in the schema what would have been right there. The client's `event_id` is recovered by a second,
untyped parse of the frame.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from voxwire.dialects.shapes import alternatives, root
from voxwire.errors import ClientError, shorten

#: Longest `event_id` (protocol: limits, Events).
MAX_EVENT_ID: Final = 512
#: What is looked at of either end of msgspec's line: words and shortened name before, a path of ours behind.
_LINE_END: Final = 1000

_NAMES: Final = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "str": "string",
    "array": "array",
    "object": "object",
    "null": "null",
}
_TYPES: Final = {bool: "bool", int: "int", float: "float", list: "array", dict: "object", type(None): "null"}
_LINE: Final = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[\w.\[\]]*)`)?\Z", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`\Z", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>\w+)`\Z")
_TYPE: Final = re.compile(r"Expected `(?P<wanted>[\w |]+)`(?:, got `(?P<got>\w+)`)?\Z")
_CHOICE: Final = re.compile(r"Invalid (?:enum )?value '?(?P<value>.*?)'?\Z", re.DOTALL)


#: How much of a frame that cannot be parsed is searched for its id, in characters: 5 ms of work.
_LOOKED_AT: Final = 32 * 1024
#: A key with its colon, a string, or a bracket.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*:)?|[\[\]{}]', re.DOTALL)


class _Envelope(msgspec.Struct):
    event_id: Any = None


def invalid_value(param: str, message: str) -> ClientError:
    """The error for a value of the right type that cannot be taken."""
    return ClientError(message, code="invalid_value", param=param)


def invalid_event(message: str, event_id: str | None = None) -> ClientError:
    """The error for a frame that is no event at all."""
    return ClientError(message, code="invalid_event", event_id=event_id)


def not_utf8(event_id: str | None) -> ClientError:
    return invalid_event("The event is not valid UTF-8.", event_id)


def missing(param: str) -> ClientError:
    return ClientError(f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)


def unknown(param: str) -> ClientError:
    return ClientError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)


def unsupported_choice(param: str, value: str, supported: Iterable[str]) -> ClientError:
    names = [f"'{name}'" for name in supported]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return invalid_value(param, f"Invalid value: '{shorten(value)}'. Supported values are: {listed}.")


def explain(fault: Exception, frame: str | bytes, schema: Any) -> ClientError:
    """The error for a `frame` that could not be decoded as `schema` because of `fault`.

    `fault` is what `msgspec.json.Decoder.decode` raised: a `msgspec.DecodeError`, a `UnicodeError`
    or a `RecursionError`.
    """
    event_id = recover_event_id(frame)
    if isinstance(fault, RecursionError):
        return invalid_event("The event is nested too deeply.", event_id)
    if isinstance(fault, UnicodeError):
        return not_utf8(event_id)
    if not isinstance(fault, msgspec.ValidationError):
        return invalid_event(f"The event is not valid JSON: {shorten(str(fault))}.", event_id)
    error = _explain_line(str(fault), schema, frame)
    error.event_id = event_id
    return error


def recover_event_id(frame: str | bytes) -> str | None:
    """The client's id of a faulty event, None when there is none that could be echoed."""
    try:
        event_id = msgspec.json.decode(frame, type=_Envelope).event_id
    except (ValueError, RecursionError):
        event_id = _find_event_id(frame)
    return event_id if isinstance(event_id, str) and len(event_id) <= MAX_EVENT_ID else None


def _find_event_id(frame: str | bytes) -> str | None:
    """The id in a frame that cannot be parsed, perhaps for nesting too deeply: a look at its beginning alone."""
    text = frame[:_LOOKED_AT] if isinstance(frame, str) else frame[:_LOOKED_AT].decode(errors="replace")
    depth, key = 0, ""
    for token in _TOKEN.findall(text):
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        elif depth == 1 and key.startswith('"event_id"') and key.endswith(":"):
            with contextlib.suppress(ValueError):
                return msgspec.json.decode(token, type=str)
        key = token
    return None


def _explain_line(line: str, schema: Any, frame: str | bytes) -> ClientError:
    if len(line) > 2 * _LINE_END:  # a name of the client's: 30 MiB of one took the pattern two seconds
        line = line[:_LINE_END] + line[-_LINE_END:]
    parts = _LINE.match(line)
    assert parts is not None, "the pattern matches every string"
    what, path = parts["what"], (parts["path"] or "").removeprefix(".")
    if found := _UNKNOWN.match(what):
        return unknown(_join(path, shorten(found["name"])))
    if found := _MISSING.match(what):
        if not path and found["name"] == "type":
            return invalid_event("The event has no 'type'.")
        return missing(_join(path, found["name"]))
    if found := _TYPE.match(what):
        if not path:
            return invalid_event(f"An event is a JSON object, not {_article(_type_names(found['got'] or ''))}.")
        if found["wanted"] == "null":
            return unknown(path)  # known by name only, for programs that send nulls
        type_name = found["got"] or _type_at(frame, path)
        got = f", got {_type_names(type_name)} instead" if type_name else ""
        param, named = _named(path)
        message = f"Invalid type for {named}: expected {_type_names(found['wanted'])}{got}."
        return ClientError(message, code="invalid_type", param=param)
    places = list(_places(schema, path))
    if found := _CHOICE.match(what):
        return unsupported_choice(path, found["value"], _choices(places))
    wanted = "shorter keys" if parts["key"] else _bounds(places)
    param, named = _named(path)
    return invalid_value(param, f"Invalid value for {named}: expected {wanted}.")


def _named(path: str) -> tuple[str, str]:
    """`param` and how a sentence calls it. msgspec says `[...]` for an entry of a map, whose key it does not tell."""
    param, entry, _ = path.partition("[...]")
    return param, f"an entry of '{param}'" if entry else f"'{param}'"


def _type_at(frame: str | bytes, path: str) -> str | None:
    """What stands at `path`, by msgspec's name: of a `type` it says only what it should be. None when unsure."""
    try:
        place = msgspec.json.decode(frame)
        for step in re.findall(r"\w+", path):
            place = place[int(step)] if isinstance(place, list) else place[step]
    except (ValueError, LookupError, TypeError, RecursionError):  # what follows the fault may be no JSON
        return None
    return _TYPES.get(type(place))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _article(name: str) -> str:
    if name == "null":
        return name
    return f"an {name}" if name[:1] in "aeiou" else f"a {name}"


def _type_names(types: str) -> str:
    return " or ".join(_NAMES.get(name, name) for name in types.split(" | "))


# --- what the schema allows at a path -------------------------------------------------------------


def _places(schema: Any, path: str) -> Iterator[inspect.Type]:
    """The alternatives that `schema` has at `path` (`session.tools[0].type`), in no particular order.

    All branches of a union are followed at once: a path is specific enough to leave few.
    """
    places = list(alternatives(root(schema)))
    for step in re.findall(r"\w+|\[[^\]]*\]", path):
        places = [inner for outer in places for child in _step(outer, step) for inner in alternatives(child)]
    yield from places


def _step(place: inspect.Type, step: str) -> Iterator[inspect.Type]:
    if isinstance(place, inspect.ListType):
        yield place.item_type
    elif isinstance(place, inspect.DictType):
        yield place.value_type
    elif isinstance(place, inspect.StructType):
        if step == place.tag_field:
            yield inspect.LiteralType((place.tag,))
        yield from (field.type for field in place.fields if field.encode_name == step)


def _choices(places: Iterable[inspect.Type]) -> list[str]:
    found: set[str] = set()
    for place in places:
        if isinstance(place, inspect.LiteralType):
            found.update(str(value) for value in place.values)
        elif isinstance(place, inspect.EnumType):
            found.update(member.value for member in place.cls)
    return sorted(found)


def _bounds(places: Iterable[inspect.Type]) -> str:
    """In words what a number, a text or a map may be: "an integer from 1 to 4096"."""
    wanted: list[str] = []
    for place in places:
        if isinstance(place, inspect.IntType | inspect.FloatType):
            kind = "an integer" if isinstance(place, inspect.IntType) else "a number"
            wanted.append(f"{kind} from {place.ge} to {place.le}")
        elif isinstance(place, inspect.StrType):
            wanted.append(f"at most {place.max_length} characters")
        elif isinstance(place, inspect.DictType):
            wanted.append(f"at most {place.max_length} entries")
        elif isinstance(place, inspect.LiteralType):
            wanted.extend(f"'{value}'" for value in place.values)
    return " or ".join(dict.fromkeys(wanted)) or "a value in range"
