"""One issuer: whether a token of it is good, and whom it is about."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from voxwire.auth.oidc.bearer_token import MOST_CHARACTERS, BearerToken
from voxwire.auth.oidc.documents import IssuerError, fetch_keys
from voxwire.auth.oidc.issuer_keys import IssuerKeys
from voxwire.auth.oidc.key_set import KeySet, PublicKey
from voxwire.auth.oidc.refusals import invalid_token, issuer_unavailable
from voxwire.config import IssuerSettings
from voxwire.errors import RequestRefused

#: Kinds of tokens that give access, as the header has them (RFC 9068, section 4). Keycloak has a claim for it, too.
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
#: Claims of identity tokens, which tell a program who signed in and are no ticket to anywhere.
_OF_IDENTITY_TOKENS: Final = frozenset({"at_hash", "c_hash"})
#: Claims that name the program: of Entra's version 1, of OpenID Connect and Entra's version 2, of RFC 9068.
_APP_CLAIMS: Final = ("appid", "azp", "client_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a good token is about. `issuer` is its name in the settings; the ids are the issuer's."""

    issuer: str
    principal: str
    """Made by us of the issuer and the person, and always the same: for logs, and for who counts."""
    object: str
    groups: frozenset[str]
    app: str | None
    said_roles: tuple[str, ...]
    expires: float
    """Seconds since 1970, leeway included."""


class _Registry(jws.JWSRegistry):
    """Takes parts of any length, as the whole token is bounded. Keys and algorithms are those of the settings."""

    max_header_length = max_payload_length = max_signature_length = MOST_CHARACTERS


class Issuer:
    """Checks the tokens of one issuer, called `name` in the settings."""

    def __init__(
        self,
        name: str,
        settings: IssuerSettings,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.settings = settings
        self.keys = IssuerKeys(name, self._fetch, monotonic)
        self._clock = clock
        self._registry = _Registry(algorithms=settings.algorithms, strict_check_header=False)
        options: dict[str, ClaimsOption] = {
            settings.subject_claim: {"essential": True},
            "iss": {"essential": True, "values": sorted(settings.issuers)},
            "aud": {"essential": True, "values": list(settings.audiences)},
            "exp": {"essential": True},
        }
        self._claims = JWTClaimsRegistry(now=lambda: int(clock()), leeway=settings.leeway_s, **options)

    async def check(self, token: BearerToken) -> Identity:
        """Whom a token is about. Raises RequestRefused: 401 for one that is not good, 503 when nobody can tell."""
        algorithm, key_id = token.header.get("alg"), token.header.get("kid")
        if algorithm not in self.settings.algorithms:
            raise invalid_token("The access token is signed in a way that this server does not accept.")
        if not isinstance(key_id, str | None) or "crit" in token.header or "b64" in token.header:
            raise invalid_token("The header of the access token is not that of an access token.")
        try:
            keys = await self.keys.find(key_id, algorithm)
        except IssuerError:
            raise issuer_unavailable(self.name) from None
        if not keys:
            raise invalid_token("The access token is signed with a key that its issuer does not publish.")
        if not any(self._signed_by(key, token) for key in keys):
            raise invalid_token("The signature of the access token is not that of its issuer.")
        self._check_claims(token)
        return self._identity(token.claims)

    async def _fetch(self) -> KeySet:
        return (await fetch_keys(self.settings, self._clock)).keys

    def _signed_by(self, key: PublicKey, token: BearerToken) -> bool:
        try:
            jws.deserialize_compact(token.text, key.key, registry=self._registry)
        except (JoseError, ValueError):
            return False
        return True

    def _check_claims(self, token: BearerToken) -> None:
        claims = token.claims
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise invalid_token("The access token has expired. Ask for a new one.") from None
        except ClaimError as error:
            raise _bad_claim(error.claim) from None
        if self.settings.tenants and str(claims.get("tid")).lower() not in self.settings.tenants:
            raise invalid_token("The access token is of a tenant that this server does not accept.")
        if (
            str(token.header.get("typ", "JWT")).lower() not in _TYPES
            or str(claims.get("typ", "Bearer")) != "Bearer"
            or _OF_IDENTITY_TOKENS & claims.keys()
        ):
            raise invalid_token("This is no access token. Send the access token, not the one that tells who signed in.")

    def _identity(self, claims: dict[str, Any]) -> Identity:
        settings = self.settings
        subject = claims[settings.subject_claim]
        if not isinstance(subject, str):
            raise _bad_claim(settings.subject_claim)
        # Tokens of Entra's two versions name the tenant by different issuers, and the same person is meant.
        realm = str(claims["tid"]).lower() if settings.tenants else claims["iss"]
        app = next((claims[name] for name in _APP_CLAIMS if isinstance(claims.get(name), str)), None)
        return Identity(
            issuer=self.name,
            principal=f"oidc-{hashlib.sha256(f'{realm} {subject}'.encode()).hexdigest()[:20]}",
            object=subject,
            groups=frozenset(_texts(claims.get("groups"))),
            app=app,
            said_roles=tuple(role for path in settings.role_claims for role in _texts(_at(claims, path))),
            expires=claims["exp"] + settings.leeway_s,
        )


def _at(claims: dict[str, Any], path: str) -> Any:
    """The claim of this name; a dot leads into a claim, unless it is part of a name."""
    if path in claims:
        return claims[path]
    outer, dot, inner = path.partition(".")
    below = claims.get(outer)
    return _at(below, inner) if dot and isinstance(below, dict) else None


def _texts(value: Any) -> list[str]:
    """A list of texts, or the words of one."""
    if isinstance(value, str):
        return value.split()
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _bad_claim(claim: str) -> RequestRefused:
    match claim:
        case "aud":
            return invalid_token(
                "The access token is for another service. Ask for a token for this server's own audience."
            )
        case "nbf" | "iat":
            return invalid_token("The access token is not valid yet. Check the clocks of both machines.")
        case _:
            return invalid_token(f"The claim {claim!r} of the access token is missing or has no possible value.")
