"""A token as it comes, before anything in it is trusted (RFC 7519)."""

import base64
import re
from dataclasses import dataclass
from typing import Any, Final, Self

import msgspec

from voxwire.auth.oidc.refusals import invalid_token

#: Longest token, in characters. Entra's name 200 groups at most, which makes 10 KB.
MOST_CHARACTERS: Final = 16 * 1024
#: Three parts of base64 in the alphabet of URLs (RFC 7515, section 7.1), the first of them an object.
_FORM: Final = re.compile(r"(eyJ[A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """What a token says of itself."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @classmethod
    def read(cls, credential: str) -> Self | None:
        """None for what is not a signed JSON Web Token. Raises RequestRefused (401) for one that is too long.

        The header is read to choose among what the settings allow. Nothing in it is followed: no key, no address.
        """
        if len(credential) > MOST_CHARACTERS:
            if credential.startswith("eyJ"):
                raise invalid_token(f"The access token is longer than {MOST_CHARACTERS} characters.")
            return None
        form = _FORM.fullmatch(credential)
        if form is None:
            return None
        header, claims = _object(form[1]), _object(form[2])
        return None if header is None or claims is None else cls(credential, header, claims)


def _object(part: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):  # msgspec.DecodeError is a ValueError
        return None
    return value if isinstance(value, dict) else None
