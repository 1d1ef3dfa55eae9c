"""Signing in without a key on a machine of one's own (ADR 10).

Where IDENTITY_ENDPOINT and IDENTITY_HEADER are set, Azure's identity libraries take the machine for an
App Service and ask that endpoint for a token. This is what stands behind such an endpoint: everybody who
knows the secret gets a token that this process signs and accepts, and that is worth nothing elsewhere.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from voxwire.auth.tokens import TokenSigner, has_token_form
from voxwire.errors import RequestRefused
from voxwire.runtime import Principal

#: App Service's own path.
PATH: Final = "/msi/token"
#: The version of App Service's request that the identity libraries send.
API_VERSION: Final = "2019-08-01"
#: What clients of the Realtime API sign in to: Azure OpenAI's, and Foundry's for Voice Live.
AUDIENCES: Final = ("https://cognitiveservices.azure.com", "https://ai.azure.com")
#: Life of a token. The libraries renew theirs 300 s before its end, so a program that outlives a restart
#: of the server has a good one again after as much at most.
LIFETIME_S: Final = 600

_ISSUER: Final = "voxwire-dev-identity"
#: A managed identity has a client id; ours needs one that nobody has.
_CLIENT_ID: Final = "00000000-0000-0000-0000-000000000000"
_SIGNED_IN: Final = Principal(id="dev-identity")
_CHALLENGE: Final = (("www-authenticate", 'Bearer error="invalid_token"'),)


def _new_key() -> bytes:
    return secrets.token_bytes(32)


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class IdentitySecrets:
    """What a development identity signs with, and what those show who may have a token."""

    signing_key: bytes = field(default_factory=_new_key, repr=False)
    secret: str = field(default_factory=_new_secret, repr=False)


class DevIdentity:
    """One identity, its secrets, and its tokens. The secrets are new at every start, and the same in all processes of a
    server.

    It is a `CredentialSource`: whatever has the form of a token must be a good one, also where everybody is welcome.
    So it stands last among the sources.
    """

    required = False

    def __init__(self, clock: Callable[[], float] = time.time, known: IdentitySecrets | None = None) -> None:
        """`known` are the secrets of another process of this server, if there are several."""
        known = known or IdentitySecrets()
        self._clock = clock
        self._signer = TokenSigner(known.signing_key)
        self._secret = known.secret

    def environment(self, url: str) -> dict[str, str]:
        """What a program needs in its environment to sign in at the server of this address.

        It holds the secret: for the person who started the server, and for no log.
        """
        return {"IDENTITY_ENDPOINT": f"{url}{PATH}", "IDENTITY_HEADER": self._secret}

    def holds_secret(self, text: str) -> bool:
        return self._secret in text

    async def identify(self, credential: str) -> Principal | None:
        if not has_token_form(credential):
            return None
        self.check(credential)
        return _SIGNED_IN

    def grant(self, headers: Mapping[str, str], query: Mapping[str, str]) -> dict[str, str]:
        """The answer to App Service's managed-identity request, of which `headers` have lower-case names.

        A token is given for any resource, as Azure does; `check` is where it has to be the right one.
        Which identity is asked for (`client_id` and its like) makes no difference. Raises RequestRefused:
        401 for the secret, 400 for the query.
        """
        presented = headers.get("x-identity-header", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(presented, self._secret.encode()):
            raise RequestRefused(
                401,
                "X-IDENTITY-HEADER is not this server's. It changes at every start: export IDENTITY_HEADER as "
                "`voxwire serve` printed it.",
                code="invalid_identity_header",
            )
        if query.get("api-version") != API_VERSION:
            raise RequestRefused(
                400, f"The api-version has to be {API_VERSION}.", code="invalid_value", param="api-version"
            )
        resource = query.get("resource")
        if not resource:
            raise RequestRefused(
                400,
                f"Say what the token is for: resource={AUDIENCES[0]}.",
                code="missing_required_parameter",
                param="resource",
            )
        now = int(self._clock())
        expires = now + LIFETIME_S
        client = query.get("client_id") or _CLIENT_ID
        claims = {"aud": resource, "iss": _ISSUER, "sub": client, "iat": now, "nbf": now, "exp": expires}
        return {
            "access_token": self._signer.sign(claims),
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": client,
        }

    def check(self, token: str) -> None:
        """Raises RequestRefused (401) unless `token` is ours, still valid, and meant for this API."""
        claims = self._signer.read(token)
        if claims is None:
            raise _refused("The access token was not issued by this server since its last start. Ask for a new one.")
        if claims["aud"].rstrip("/") not in AUDIENCES:
            raise _refused(f"The access token is for another service. Ask for the scope {AUDIENCES[0]}/.default.")
        if claims["exp"] <= self._clock():
            raise _refused("The access token has expired. Ask for a new one.")


def _refused(message: str) -> RequestRefused:
    return RequestRefused(401, message, code="invalid_token", headers=_CHALLENGE)
