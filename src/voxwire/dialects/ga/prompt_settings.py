"""A stored prompt as GA clients name it (protocol: sessions, Stored prompts)."""

from typing import Any

from voxwire.dialects.faults import invalid_value
from voxwire.dialects.shared_settings import WireStruct
from voxwire.dialects.wire import bounded
from voxwire.errors import ClientError, shorten
from voxwire.events.client import UNSUPPORTED_VALUE
from voxwire.events.session_config import PromptReference


class PromptSettings(WireStruct, frozen=True):
    """`variables` hold texts, or objects of the types `input_text`, `input_image` and `input_file`."""

    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


def prompt_of(value: PromptSettings | None, param: str) -> PromptReference | None:
    """Raises ClientError for a variable that is no text: the event would be meaningless without it."""
    if value is None:
        return None
    for name, given in (value.variables or {}).items():
        _check(given, f"{param}.variables.{shorten(name)}")
    return PromptReference(id=value.id, version=value.version, variables=bounded(value.variables, f"{param}.variables"))


def _check(given: Any, param: str) -> None:
    kind = given.get("type") if isinstance(given, dict) else None
    if isinstance(given, str) or (kind == "input_text" and isinstance(given.get("text"), str)):
        return
    if kind in ("input_image", "input_file"):
        raise ClientError(
            f"A prompt here is text: '{param}' cannot be an object of type '{kind}'.",
            code=UNSUPPORTED_VALUE,
            param=param,
        )
    raise invalid_value(param, f"Invalid value for '{param}': expected a text, or an object of type 'input_text'.")
