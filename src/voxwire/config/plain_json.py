"""JSON of others that can be kept, and given out again."""

import math
from typing import Any, Final

from pydantic import SecretStr

#: Tables and lists in one another. JSON schemas of tools have about ten; code that walks what it is given has an end at
#: some hundreds.
DEEPEST: Final = 64


def check_json(value: Any) -> None:
    """Raises ValueError, which does not repeat it, for a value that no database or no other program would take: nested
    too deeply, with a half of a character, with NUL, with a number that is infinite."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for part in level for inner in _parts(part)]
        if not level:
            return
    raise ValueError(f"tables and lists are nested more than {DEEPEST} deep")


def _parts(value: Any) -> list[Any]:
    """What a value is made of."""
    match value:
        case dict():
            return [*value, *value.values()]
        case list() | tuple():
            return list(value)
        case SecretStr():
            return [value.get_secret_value()]
        case str() if "\0" in value or not _whole(value):
            raise ValueError("a text has NUL in it, or a half of a character")
        case float() if not math.isfinite(value):
            raise ValueError("a number is infinite, or none at all")
    return []


def _whole(text: str) -> bool:
    """Whether it can be written as UTF-8: JSON can say the first half of a pair of surrogates alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
