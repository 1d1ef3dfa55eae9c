"""What the schema of a decoder looks like from inside: msgspec's description of it, computed once."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import inspect


@cache
def root(schema: Any) -> inspect.Type:
    """The description of a whole schema."""
    return inspect.type_info(schema)


def alternatives(place: inspect.Type) -> Iterator[inspect.Type]:
    """The types that may stand at a place: those of a union one by one."""
    if isinstance(place, inspect.UnionType):
        yield from place.types
    else:
        yield place
