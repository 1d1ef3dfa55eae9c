"""What an ephemeral key says of itself: `ek_` and a signed JSON Web Token (RFC 7519) of one algorithm.

joserfc takes a fifth of a second to import: a server does that when the first key is made or shown.
"""

import base64
import functools
import json
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from voxwire.auth.ephemeral.ephemeral_form import EPHEMERAL_PREFIX

#: Longest one that is read at all: settings inside, and some room.
MAX_LENGTH: Final = 16 * 1024
_ALGORITHM: Final = "HS256"
#: Nobody else's token of the same key, if there ever were such, is one of these.
_TYPE: Final = "voxwire-ephemeral+jwt"
_LONGEST_HEADER: Final = 256


def sign_token(claims: dict[str, Any], key_id: str, key: bytes) -> str:
    """An ephemeral key that says this."""
    return EPHEMERAL_PREFIX + jwt.encode(
        {"typ": _TYPE, "alg": _ALGORITHM, "kid": key_id}, claims, _imported(key), algorithms=[_ALGORITHM]
    )


def signer_of(token: str) -> str | None:
    """The id of the key that is said to have signed it; None for what has not the form of an ephemeral key.

    Nothing of it is believed: the algorithm and the type are ours whatever it says.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        return None
    header = token.removeprefix(EPHEMERAL_PREFIX).partition(".")[0]
    if len(header) > _LONGEST_HEADER:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("typ") != _TYPE or said.get("alg") != _ALGORITHM:
        return None
    found = said.get("kid")
    return found if isinstance(found, str) else None


def read_token(token: str, key: bytes) -> dict[str, Any] | None:
    """What it says, expired or not, if this key has signed it."""
    try:
        return jwt.decode(token.removeprefix(EPHEMERAL_PREFIX), _imported(key), algorithms=[_ALGORITHM]).claims
    except (JoseError, ValueError):
        return None


@functools.lru_cache(maxsize=16)
def _imported(key: bytes) -> OctKey:
    """Importing looks whether it is a public key of another kind, which takes a moment."""
    return OctKey.import_key(key)
