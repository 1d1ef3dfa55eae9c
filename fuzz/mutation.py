"""Damage to frames: wrong values, types, keys and bytes."""

import copy
import json
from random import Random
from typing import Any, Final

#: Values that parsers and state machines trip over.
_ODD: Final[list[Any]] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**70),
    0.5,
    1e308,
    "",
    "root",
    "none",
    "auto",
    "inf",
    "\u0000",
    "\U0001f600é",
    "x" * 600,
    "AAA",
    "====",
    [],
    {},
    [[]],
    {"type": "x"},
    ["audio", "text"],
    [None],
]
_ODD_BYTES: Final = [
    b"",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"{",
    b"[" * 50,
    b"}",
    b",",
    b"\\u",
    b"\\ud800",
    b"1e999",
]


def mutate(rng: Random, frame: dict[str, Any], others: list[dict[str, Any]]) -> bytes:
    """A frame with one to three wounds: in its values most often, in its bytes now and then."""
    frame = copy.deepcopy(frame)
    for _ in range(rng.randint(1, 3)):
        _wound_value(rng, frame, others)
    data = json.dumps(frame).encode()
    if rng.random() < 0.2:
        data = _wound_bytes(rng, data)
    return data


def _wound_value(rng: Random, frame: dict[str, Any], others: list[dict[str, Any]]) -> None:
    holder, key = rng.choice(_places(frame))
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 | 2:
            holder[key] = copy.deepcopy(rng.choice(_ODD))
        case 3:
            other, name = rng.choice(_places(rng.choice(others)))
            holder[key] = copy.deepcopy(other[name])
        case 4 if isinstance(holder, dict):
            holder[rng.choice(["type", "id", "extra", "audio", "session", "event_id"])] = holder.pop(key)
        case _ if isinstance(holder[key], str) and holder[key]:
            at = rng.randrange(len(holder[key]))
            holder[key] = holder[key][:at] + rng.choice("a$ \n\u20ac=") + holder[key][at + 1 :]
        case _:
            holder[key] = [holder[key]]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below `value`; one that does not matter when there is none."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys: Any = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found or [({"type": None}, "type")]


def _wound_bytes(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(4):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + rng.choice(_ODD_BYTES) + data[at:]
        case 2:
            return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        case _:
            return data[at:] + data[:at]
