"""Events, commands and settings as readable JSON, and back.

Plain msgspec cannot tell our untagged structs apart; here every struct carries its name:
`{"$": "AppendAudio", "audio": {"b64": "…"}}`. Fields that hold their default are left out.
"""

import base64
from enum import Enum
from types import ModuleType
from typing import Any, Final

import msgspec

from voxwire import errors
from voxwire.audio import pcm
from voxwire.errors import ClientError
from voxwire.events import client, items, response, server, session_config
from voxwire.interfaces import commands, engine, inputs, llm, stt
from voxwire.session import limits

_MODULES: Final[tuple[ModuleType, ...]] = (
    client, commands, engine, errors, inputs, items, limits, llm, pcm, response, server, session_config, stt,
)  # fmt: skip
_TYPES: Final[dict[str, type]] = {
    name: value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, type) and (issubclass(value, msgspec.Struct | Enum))
}


def dump(value: Any) -> Any:
    """`value` as what JSON knows."""
    match value:
        case Enum():
            return {"$": type(value).__name__, "=": value.name}
        case msgspec.Struct():
            fields = msgspec.structs.fields(value)
            held = {field.name: getattr(value, field.name) for field in fields}
            shown = {field.name: dump(held[field.name]) for field in fields if held[field.name] != field.default}
            return {"$": type(value).__name__, **shown}
        case ClientError():
            return {"$": "ClientError", "with": [value.message, value.code, value.param, value.event_id, value.type]}
        case bytes():
            return {"b64": base64.b64encode(value).decode()}
        case tuple() | list() | frozenset():
            return {type(value).__name__: [dump(member) for member in value]}
        case dict():
            return {"dict": [[dump(key), dump(member)] for key, member in value.items()]}
        case _:
            return value


def load_values(data: Any) -> Any:
    """What `dump` was given."""
    if not isinstance(data, dict):
        return data
    if "$" in data:
        return _load_named(data)
    ((kind, content),) = data.items()
    match kind:
        case "b64":
            return base64.b64decode(content)
        case "dict":
            return {load_values(key): load_values(member) for key, member in content}
        case "tuple":
            return tuple(load_values(member) for member in content)
        case "frozenset":
            return frozenset(load_values(member) for member in content)
        case _:
            return [load_values(member) for member in content]


def _load_named(data: dict[str, Any]) -> Any:
    name = data["$"]
    if name == "ClientError":
        message, code, param, event_id, type_ = data["with"]
        return ClientError(message, code=code, param=param, event_id=event_id, type=type_)
    kind = _TYPES[name]
    if issubclass(kind, Enum):
        return kind[data["="]]
    return kind(**{field: load_values(value) for field, value in data.items() if field != "$"})
