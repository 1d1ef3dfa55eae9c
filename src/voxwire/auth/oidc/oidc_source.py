"""Tokens as a source of credentials."""

import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from voxwire.auth.oidc.bearer_token import MOST_CHARACTERS, BearerToken
from voxwire.auth.oidc.issuer import Identity, Issuer
from voxwire.auth.oidc.refusals import invalid_token, without_role
from voxwire.auth.oidc.role_mapping import StoredAssignments, principal_of
from voxwire.config import IssuerSettings
from voxwire.errors import shorten
from voxwire.runtime import Principal

logger = logging.getLogger(__name__)

#: Tokens that are known to be good, of which the one that was used longest ago is forgotten.
_MOST_KNOWN: Final = 4096
#: An id that may stand in a log: nobody's address, and nothing that could be taken for another line.
_LOGGABLE: Final = re.compile(r"[A-Za-z0-9._:|/-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Known:
    """A good token. `withdrawn` is how often its issuer had withdrawn a key by then."""

    issuer: Issuer
    withdrawn: int
    identity: Identity


class OidcSource:
    """A `CredentialSource` of the tokens of some issuers, which have names in the settings.

    A token that was good is remembered by its digest until it expires, or until its issuer withdraws a key. What
    somebody may do is looked up each time, so that an assignment counts for the next connection.
    """

    required = True

    def __init__(
        self,
        issuers: Mapping[str, IssuerSettings],
        stored: StoredAssignments | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuers = [Issuer(name, settings, clock, monotonic) for name, settings in issuers.items()]
        self._stored = stored
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def start(self) -> None:
        """Begin to fetch the keys of all issuers. The server serves meanwhile, and also without them."""
        for issuer in self._issuers:
            if issuer.settings.microsoft_audience:
                logger.warning(
                    "issuer %s: tokens for Azure's own service are accepted (microsoft_audience); they open Azure as "
                    "well, so treat what this server receives as credentials for Azure",
                    issuer.name,
                )
            issuer.keys.prefetch()

    async def close(self) -> None:
        for issuer in self._issuers:
            await issuer.keys.close()

    async def identify(self, credential: str) -> Principal | None:
        """Who holds this token; None for what is no token, or none of an OpenID Connect issuer.

        Raises RequestRefused: 401 for a token that is not good, 403 for one whose owner has no role, 503 while its
        issuer's keys cannot be had.
        """
        digest = hashlib.sha256(credential[: MOST_CHARACTERS + 1].encode("utf-8", "surrogatepass")).digest()
        known = self._recall(digest)
        if known is None:
            token = BearerToken.read(credential)
            issuer = None if token is None else self._issuer_of(token)
            if token is None or issuer is None:
                return None
            identity = await issuer.check(token)
            known = self._remember(digest, _Known(issuer, issuer.keys.withdrawn, identity))
        issuer, identity = known.issuer, known.identity
        principal = principal_of(identity, issuer.settings, self._stored)
        if principal is None:
            named = identity.object if _LOGGABLE.fullmatch(identity.object) else "(not shown)"
            logger.warning("no role for %s: issuer=%s object=%s", identity.principal, issuer.name, named)
            raise without_role(identity.principal)
        return principal

    def holds_secret(self, text: str) -> bool:
        """No: tokens are longer than any text that is asked about, and none of them is kept."""
        return False

    def _issuer_of(self, token: BearerToken) -> Issuer | None:
        """Whose token it claims to be. Raises RequestRefused (401) where that is an issuer of somewhere else."""
        claimed = token.claims.get("iss")
        if not isinstance(claimed, str) or "://" not in claimed:
            return None
        for issuer in self._issuers:
            if claimed in issuer.settings.issuers:
                return issuer
        raise invalid_token(f"This server does not accept access tokens of {shorten(claimed)}.")

    def _recall(self, digest: bytes) -> _Known | None:
        known = self._known.get(digest)
        if known is None:
            return None
        if known.withdrawn != known.issuer.keys.withdrawn or self._clock() >= known.identity.expires:
            del self._known[digest]
            return None
        self._known.move_to_end(digest)
        return known

    def _remember(self, digest: bytes, known: _Known) -> _Known:
        self._known[digest] = known
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known
