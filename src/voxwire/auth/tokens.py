"""Signed tokens for ourselves: JSON Web Tokens (RFC 7519) of one algorithm and one key."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii")


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


#: The only header there is. It is never read back, so that no token can choose how it is checked.
_HEADER: Final = _encode(b'{"alg":"HS256","typ":"JWT"}')


class TokenSigner:
    """Signs claims by HMAC-SHA256, and reads what it signed itself.

    The standard library suffices while nobody else has to check the tokens (docs/adr/0010).
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT of `claims`."""
        body = f"{_HEADER}.{_encode(json.dumps(claims, separators=(',', ':')).encode())}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours, expired or not; None for every other text.

        Signatures are compared as they are written and in constant time; only what has the right one
        is decoded.
        """
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode("utf-8", "surrogatepass")):
            return None
        claims: dict[str, Any] = json.loads(_decode(body.partition(".")[2]))
        return claims

    def _signature(self, body: str) -> str:
        return _encode(hmac.digest(self._key, body.encode("utf-8", "surrogatepass"), hashlib.sha256))


def has_token_form(text: str) -> bool:
    """Whether `text` is made of three parts, as every signed JWT is (RFC 7515 section 3.1)."""
    return text.count(".") == 2
