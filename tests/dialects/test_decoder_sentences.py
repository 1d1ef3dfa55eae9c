"""The decoder's sentences, word by word: `voxwire.dialects.faults` turns them into error codes.

Another release of msgspec may word them differently. Then nothing would break, and clients would get wrong codes. So
msgspec is held to one minor release, and a newer one has to pass here first.
"""

import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from voxwire.dialects import faults


class Mode(enum.Enum):
    AUTO = "auto"
    LOW = "low"


class Tool(msgspec.Struct, forbid_unknown_fields=True, tag_field="type", tag="function"):
    name: str


class Custom(msgspec.Struct, forbid_unknown_fields=True, tag_field="type", tag="custom"):
    name: str


class Event(msgspec.Struct, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(max_length=4)]
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    share: Annotated[float, msgspec.Meta(ge=0.5, le=1)] | Literal["inf"] = 1.0
    flag: bool | None = None
    mode: Mode = Mode.AUTO
    side: Literal["near_field", "far_field"] = "near_field"
    tools: list[Tool | Custom] = []
    notes: Annotated[dict[Annotated[str, msgspec.Meta(max_length=4)], str], msgspec.Meta(max_length=2)] = {}
    none: None = None


#: What a client sends beside a right `id`, what the decoder says, and which pattern reads it.
SENTENCES = [
    ('"x":1', "Object contains unknown field `x`", "_UNKNOWN"),
    (
        '"tools":[{"type":"custom","name":"","x":1}]',
        "Object contains unknown field `x` - at `$.tools[0]`",
        "_UNKNOWN",
    ),
    ('"tools":[{"type":"function"}]', "Object missing required field `name` - at `$.tools[0]`", "_MISSING"),
    ('"tools":[{"name":"n"}]', "Object missing required field `type` - at `$.tools[0]`", "_MISSING"),
    ('"count":"1"', "Expected `int`, got `str` - at `$.count`", "_TYPE"),
    ('"count":1.5', "Expected `int`, got `float` - at `$.count`", "_TYPE"),
    ('"share":true', "Expected `float | str`, got `bool` - at `$.share`", "_TYPE"),
    ('"flag":{}', "Expected `bool | null`, got `object` - at `$.flag`", "_TYPE"),
    ('"mode":null', "Expected `str`, got `null` - at `$.mode`", "_TYPE"),
    ('"tools":{}', "Expected `array`, got `object` - at `$.tools`", "_TYPE"),
    ('"tools":[[]]', "Expected `object`, got `array` - at `$.tools[0]`", "_TYPE"),
    ('"tools":[{"type":1}]', "Expected `str` - at `$.tools[0].type`", "_TYPE"),
    ('"notes":{"a":1}', "Expected `str`, got `int` - at `$.notes[...]`", "_TYPE"),
    ('"none":1', "Expected `null`, got `int` - at `$.none`", "_TYPE"),
    ('"mode":"loud"', "Invalid enum value 'loud' - at `$.mode`", "_CHOICE"),
    ('"side":"loud"', "Invalid enum value 'loud' - at `$.side`", "_CHOICE"),
    ('"tools":[{"type":"loud"}]', "Invalid value 'loud' - at `$.tools[0].type`", "_CHOICE"),
    ('"count":0', "Expected `int` >= 1 - at `$.count`", None),
    ('"count":10', "Expected `int` <= 9 - at `$.count`", None),
    ('"share":0.1', "Expected `float` >= 0.5 - at `$.share`", None),
    ('"share":2.5', "Expected `float` <= 1.0 - at `$.share`", None),
    ('"notes":{"abcde":"x"}', "Expected `str` of length <= 4 - at `key` in `$.notes`", None),
    ('"notes":{"a":"","b":"","c":""}', "Expected `object` of length <= 2 - at `$.notes`", None),
]

#: The same of frames that are no JSON, or no object.
NO_EVENTS = [
    ("", msgspec.DecodeError, "Input data was truncated"),
    ('{"id":', msgspec.DecodeError, "Input data was truncated"),
    ("hello", msgspec.DecodeError, "JSON is malformed: invalid character (byte 0)"),
    ('{"id":"a"} {}', msgspec.DecodeError, "JSON is malformed: trailing characters (byte 12)"),
    ("[]", msgspec.ValidationError, "Expected `object`, got `array`"),
    ("null", msgspec.ValidationError, "Expected `object`, got `null`"),
]

PATTERNS = ("_UNKNOWN", "_MISSING", "_TYPE", "_CHOICE")


def changed(frame: str, said: str, known: str) -> str:
    return (
        f"msgspec {msgspec.__version__} says of {frame!r}: {said!r}. voxwire.dialects.faults reads: {known!r}. "
        "Put its patterns right, then this table, and only then the release in pyproject.toml."
    )


def sentence(frame: str, kind: type[Exception] = msgspec.ValidationError) -> str:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(frame, type=Event)
    # An error of validation is one of decoding as well: which of the two it is decides the code.
    assert caught.type is kind, changed(frame, caught.type.__name__, kind.__name__)
    return str(caught.value)


@pytest.mark.parametrize(("fields", "known", "pattern"), SENTENCES)
def test_of_a_fault_in_an_event(fields: str, known: str, pattern: str | None) -> None:
    frame = f'{{"id":"a",{fields}}}'
    said = sentence(frame)
    assert said == known, changed(frame, said, known)
    parts = faults._LINE.match(said)
    assert parts is not None
    place = known.partition("`$")[2].rstrip("`")
    assert (parts["path"] or "") == place, changed(frame, said, known)
    assert bool(parts["key"]) == ("at `key` in" in known)
    read = [name for name in PATTERNS if getattr(faults, name).match(parts["what"])]
    assert read == ([pattern] if pattern else []), changed(frame, said, known)


@pytest.mark.parametrize(("frame", "kind", "known"), NO_EVENTS)
def test_of_what_is_no_event(frame: str, kind: type[Exception], known: str) -> None:
    said = sentence(frame, kind)
    assert said == known, changed(frame, said, known)


def test_of_a_text_that_is_too_long() -> None:
    said = sentence('{"id":"abcde"}')
    known = "Expected `str` of length <= 4 - at `$.id`"
    assert said == known, changed('{"id":"abcde"}', said, known)


def test_depth_ends_in_an_error_of_its_own() -> None:
    frames: list[tuple[str, Any]] = [("[" * 100_000, Any), ('{"a":' * 100_000, dict)]
    for frame, schema in frames:
        with pytest.raises(RecursionError):
            msgspec.json.decode(frame, type=schema)
