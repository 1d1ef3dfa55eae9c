"""The public keys of an issuer (RFC 7517)."""

import base64
import binascii
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

logger = logging.getLogger(__name__)

#: Entra publishes about ten.
_MOST_KEYS: Final = 100
#: Bits of an RSA key: less is weak (NIST SP 800-131A), and the time of a check grows with the square.
_RSA_BITS: Final = range(2048, 8192 + 1)
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key, its id, and the algorithms that it may be used with."""

    id: str | None
    algorithms: frozenset[str]
    key: RSAKey | ECKey
    mark: tuple[str, ...]
    """What makes it this key: two with the same mark are one."""


class KeySet:
    """The keys of one issuer for the algorithms that the settings allow."""

    def __init__(self, keys: Collection[PublicKey]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def read(cls, document: Any, algorithms: Collection[str]) -> "KeySet":
        """Of a document, what can be used. Keys of other kinds, weak ones, and what is no key are left out."""
        found = document.get("keys") if isinstance(document, dict) else None
        return cls(list(_usable(found[:_MOST_KEYS], algorithms)) if isinstance(found, list) else ())

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key_id: str | None, algorithm: str) -> list[PublicKey]:
        """The keys of this id for this algorithm: mostly one or none, and several where an issuer repeats an id.

        A token without an id is the only key's, where there is only one (OpenID Connect Core 1.0, section 10.1).
        """
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        if key_id is None:
            return fitting if len(fitting) == 1 else []
        return [key for key in fitting if key.id == key_id]

    def lacks_any_of(self, other: "KeySet") -> bool:
        """Whether a key of the other set is not in this one."""
        here = {(key.id, key.mark) for key in self._keys}
        return any((key.id, key.mark) not in here for key in other._keys)


def _usable(documents: list[Any], algorithms: Collection[str]) -> Iterator[PublicKey]:
    for document in filter(lambda one: isinstance(one, dict), documents):
        try:
            key = _key(document, algorithms)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            logger.debug("a published key cannot be read: %s", type(error).__name__)
            continue
        if key is not None:
            yield key


def _key(document: dict[str, Any], algorithms: Collection[str]) -> PublicKey | None:
    """One key, of its public parts alone; None when it is for something else."""
    key_id = document.get("kid")
    if not isinstance(key_id, str | None) or document.get("use", "sig") != "sig":
        return None
    if "verify" not in document.get("key_ops", ("verify",)):
        return None
    kind, own = document["kty"], document.get("alg")
    match kind:
        case "RSA":
            parts = {name: document[name] for name in ("n", "e")}
            if _bits(parts["n"]) not in _RSA_BITS:
                return None
            able = {name for name in algorithms if name[:2] in ("RS", "PS")}
            key: RSAKey | ECKey = RSAKey.import_key({"kty": kind, **parts})
        case "EC":
            parts = {name: document[name] for name in ("crv", "x", "y")}
            able = {_CURVES.get(parts["crv"], "")} & set(algorithms)
            key = ECKey.import_key({"kty": kind, **parts})
        case _:  # "oct" among them: a secret that is published is none
            return None
    able &= {own} if own is not None else able
    return PublicKey(key_id, frozenset(able), key, (kind, *parts.values())) if able else None


def _bits(number: str) -> int:
    """Length of a number in the alphabet of URLs (RFC 7518, section 6.3.1.1)."""
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except binascii.Error as error:
        raise ValueError(str(error)) from None
