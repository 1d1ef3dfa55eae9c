"""What a key of ours looks like: `vw_`, 43 characters of chance, 6 of a checksum.

Scanners for leaked secrets find it by its beginning, and the checksum tells a real one from one that looks like it
without asking anybody. GitHub's tokens are made in the same way.
"""

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "vw_"
#: Bits of chance: nobody guesses them, so that a plain hash protects them as well as a slow one.
_BYTES: Final = 32
_SECRET_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FORM: Final = re.compile(
    rf"{PREFIX}([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})", re.ASCII
)  # fmt: skip
#: Characters at its end that are stored and shown, for people who compare.
_HINT: Final = 4


def new_key() -> str:
    """A key that nobody has."""
    secret = _base62(int.from_bytes(secrets.token_bytes(_BYTES)), _SECRET_LENGTH)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def has_key_form(text: str) -> bool:
    """Whether a text is a key of ours, given out or not."""
    found = _FORM.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def contains_key(text: str) -> bool:
    """Whether a key stands somewhere in a text."""
    return any(_checksum(found[1]) == found[2] for found in _FORM.finditer(text))


def key_digest(key: str) -> bytes:
    """What is stored of a key: its SHA-256, 32 bytes."""
    return hashlib.sha256(key.encode("ascii")).digest()


def key_hint(key: str) -> str:
    """What may be shown of a key once it was given out."""
    return key[-_HINT:]


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(f"{PREFIX}{secret}".encode("ascii")), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
