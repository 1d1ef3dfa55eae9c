"""Identifiers: a prefix and 21 base-62 characters (protocol: connecting, Identifiers)."""

import secrets
import string
from typing import Final

_ALPHABET: Final = string.digits + string.ascii_letters
_LENGTH: Final = 21
_EVENT_DIGITS: Final = 9
#: A character for every byte. 256 is not a multiple of 62, so eight come up a quarter more often: still
#: 124 bits in 21.
_CHARACTERS: Final = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))


def _random(length: int) -> str:
    return secrets.token_bytes(length).translate(_CHARACTERS).decode()


def new_id(kind: str) -> str:
    """`new_id("item")` gives `item_` and 21 random characters."""
    return f"{kind}_{_random(_LENGTH)}"


class EventIds:
    """Ids of server events: random per session, then counted, because they are made for every frame."""

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = f"event_{_random(_LENGTH - _EVENT_DIGITS)}"
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count:0{_EVENT_DIGITS}d}"
