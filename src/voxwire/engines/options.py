"""Options of an engine, as the settings hand them over: checked before anything is made of them."""

from collections.abc import Mapping
from typing import Any

from voxwire.errors import ConfigurationError


def check_names(engine: str, options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises ConfigurationError when the engine does not have one of the options."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        known_ones = f"it knows: {', '.join(known)}" if known else "it knows none"
        raise ConfigurationError(f"{engine} has no option {', '.join(unknown)}; {known_ones}.")


def pool_size(engine: str, options: Mapping[str, Any]) -> int | None:
    """Option `size`: the number of worker processes, None for the pool's own. Raises ConfigurationError."""
    size = options.get("size")
    if size is None:
        return None
    if type(size) is not int or size < 1:
        raise ConfigurationError(f"The option size of {engine} is a number of processes, at least 1.")
    return size


def text(engine: str, options: Mapping[str, Any], name: str, default: str) -> str:
    """An option that is a word. Raises ConfigurationError."""
    value = options.get(name, default)
    if not isinstance(value, str):
        raise ConfigurationError(f"The option {name} of {engine} is a text.")
    return value


def count(engine: str, options: Mapping[str, Any], name: str, default: int) -> int:
    """An option that is a whole number, at least 1. Raises ConfigurationError."""
    value = options.get(name, default)
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"The option {name} of {engine} is a whole number, at least 1.")
    return value
