"""Arguments of a call, nested as their schema is, and places in them.

A path leads to one value: ("order", "lines", 0, "sku"). Lists of objects are filled by voice up to
their first entry.
"""

from typing import Any

from msgspec import UNSET

Arguments = dict[str, Any]
Path = tuple[str | int, ...]


def at(path: Path, value: Any) -> Any:
    """Arguments that hold `value` at `path` and nothing else."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def lookup(arguments: Any, path: Path) -> Any:
    """The value at a path; UNSET where there is none."""
    for step in path:
        if isinstance(step, int):
            inside = isinstance(arguments, list) and step < len(arguments)
        else:
            inside = isinstance(arguments, dict) and step in arguments
        if not inside:
            return UNSET
        arguments = arguments[step]
    return arguments


def merged(first: Any, second: Any) -> Any:
    """Both put together; where both have a value, that of `second`."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **second, **{key: merged(first[key], second[key]) for key in first if key in second}}
    if _one_object(first) and _one_object(second):
        return [merged(first[0], second[0])]
    return second


def put(arguments: Arguments, path: Path, value: Any) -> None:
    """Add a value in place."""
    whole = merged(arguments, at(path, value))
    arguments.clear()
    arguments.update(whole)


def _one_object(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
