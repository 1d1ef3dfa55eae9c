"""Identifiers: a prefix and 21 base-62 characters (protocol: connecting, Identifiers)."""

import os
import string
from collections.abc import Callable
from typing import Final

_ALPHABET: Final = string.digits + string.ascii_letters
_LENGTH: Final = 21
#: Kinds of ids by which somebody asks for what one of several workers holds: sessions, calls.
_LOOKED_UP: Final = ("sess", "rtc")
_EVENT_DIGITS: Final = 9
#: A character for every byte. 256 is not a multiple of 62, so eight come up a quarter more often: still
#: 124 bits in 21.
_CHARACTERS: Final = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))


def _random(length: int) -> str:
    return os.urandom(length).translate(_CHARACTERS).decode()


def new_id(kind: str) -> str:
    """`new_id("item")` gives `item_` and 21 random characters."""
    return f"{kind}_{_random(_LENGTH)}"


def worker_ids(number: int) -> Callable[[str], str]:
    """Ids of one of several workers: those of sessions and calls begin with a character that tells which
    (`worker_of`)."""
    tag = _ALPHABET[number]

    def tagged(kind: str) -> str:
        return f"{kind}_{tag}{_random(_LENGTH - 1)}" if kind in _LOOKED_UP else new_id(kind)

    return tagged


def worker_of(id: str) -> int | None:
    """The number of the worker that has made this id of a session or a call, if there are several; None for what is no
    such id."""
    kind, _, random = id.partition("_")
    if kind not in _LOOKED_UP or len(random) != _LENGTH or random[0] not in _ALPHABET:
        return None
    return _ALPHABET.index(random[0])


class EventIds:
    """Ids of server events: random per session, then counted, because they are made for every frame."""

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = f"event_{_random(_LENGTH - _EVENT_DIGITS)}"
        # All have as many digits: a number that is filled up with zeros takes twice as long to write.
        self._count = 10 ** (_EVENT_DIGITS - 1)

    def __call__(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"
