"""Keys that stand in the settings."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from voxwire.runtime import AccessRole, Principal


class ConfiguredKeys:
    """A `CredentialSource` of the keys in the settings: those of users, and those of owners.

    Only SHA-256 digests are kept, and every one of them is compared in constant time, so that
    neither memory dumps of this object nor timing give a key away.
    """

    def __init__(self, keys: Sequence[SecretStr], admin_keys: Sequence[SecretStr] = ()) -> None:
        self._principals = [
            *_numbered("key", keys, AccessRole.USER),
            *_numbered("admin-key", admin_keys, AccessRole.OWNER),
        ]
        self._lengths = frozenset(len(key.get_secret_value()) for key in (*keys, *admin_keys))

    @property
    def required(self) -> bool:
        return bool(self._principals)

    async def identify(self, credential: str) -> Principal | None:
        return self._owner(credential)

    def holds_secret(self, text: str) -> bool:
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


def _numbered(name: str, keys: Sequence[SecretStr], role: AccessRole) -> Iterator[tuple[bytes, Principal]]:
    for number, key in enumerate(keys, 1):
        yield _digest(key.get_secret_value()), Principal(id=f"{name}-{number}", roles=frozenset({role}))


def _digest(key: str) -> bytes:
    # A header may hold bytes that are not UTF-8; they arrive as Latin-1 and always encode.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
