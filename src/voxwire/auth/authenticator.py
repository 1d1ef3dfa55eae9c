"""Telling who is calling."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from pydantic import SecretStr

from voxwire.auth.credentials import presented_key
from voxwire.auth.dev_identity import DevIdentity
from voxwire.auth.tokens import has_token_form
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Principal

_CHALLENGE = (("www-authenticate", "Bearer"),)


#: Where nobody needs a key, who comes is the operator: the server listens on loopback only.
ANONYMOUS = Principal(id="anonymous", roles=frozenset(AccessRole))
_SIGNED_IN = Principal(id="dev-identity")


class Authenticator:
    """Checks API keys against the configured ones; with none configured everyone is welcome.

    Only SHA-256 digests are kept, and every one of them is compared in constant time, so that
    neither memory dumps of this object nor timing give a key away.

    With an identity its tokens are as good as keys, and whatever has the form of a token must be a
    good one, also where everyone else is welcome: a program learns of its mistake here rather than at Azure.
    """

    def __init__(self, keys: Iterable[SecretStr], identity: DevIdentity | None = None) -> None:
        secrets = [key.get_secret_value() for key in keys]
        self._principals = [(_digest(key), Principal(id=f"key-{number}")) for number, key in enumerate(secrets, 1)]
        self._lengths = frozenset(map(len, secrets))
        self._identity = identity

    @property
    def required(self) -> bool:
        """Whether a key is needed."""
        return bool(self._principals)

    def authenticate(
        self, headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str] = ()
    ) -> Principal:
        """Who presents the request's key or token; raises RequestRefused (401) for none or a wrong one."""
        if not self._principals and self._identity is None:
            return ANONYMOUS
        key = presented_key(headers, query, subprotocols)
        if key is not None:
            if owner := self._owner(key):
                return owner
            if self._identity is not None and has_token_form(key):
                self._identity.check(key)
                return _SIGNED_IN
        if not self._principals:
            return ANONYMOUS
        if key is None:
            raise RequestRefused(
                401,
                "An API key is needed: send it as `Authorization: Bearer KEY` or in the `api-key` header.",
                code="missing_api_key",
                headers=_CHALLENGE,
            )
        raise RequestRefused(401, "Incorrect API key provided.", code="invalid_api_key", headers=_CHALLENGE)

    def holds_secret(self, text: str) -> bool:
        """Whether a (short) text is or contains a configured key or the identity's secret, and is not for the log."""
        if self._identity is not None and self._identity.is_in(text):
            return True
        return any(
            self._owner(text[at : at + length]) for length in self._lengths for at in range(len(text) - length + 1)
        )

    def _owner(self, key: str) -> Principal | None:
        digest = _digest(key)
        found = None
        for known, principal in self._principals:
            if hmac.compare_digest(known, digest):
                found = principal
        return found


def _digest(key: str) -> bytes:
    # A header may hold bytes that are not UTF-8; they arrive as Latin-1 and always encode.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
