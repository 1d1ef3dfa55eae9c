"""Options of an engine, as the settings hand them over: checked before anything is made of them."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from voxwire.errors import ConfigurationError

_Options = TypeVar("_Options", bound=BaseModel)


def checked(engine: str, options: type[_Options], given: Mapping[str, Any]) -> _Options:
    """Options that a model describes. Raises ConfigurationError with one sentence, which never repeats a value."""
    try:
        return options(**given)
    except ValidationError as error:
        known = ", ".join(options.model_fields)
        problems = error.errors(include_input=False)
        raise ConfigurationError("; ".join(_explain(engine, known, problem) for problem in problems)) from None


def _explain(engine: str, known: str, problem: Mapping[str, Any]) -> str:
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"The {engine} engine has no option {name}; it knows: {known}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"The option {name} of the {engine} engine {message[:1].lower()}{message[1:]}"


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
