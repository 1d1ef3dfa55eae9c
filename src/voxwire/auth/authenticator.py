"""Telling who is calling, and whether they may."""

from collections.abc import Mapping, Sequence

from voxwire.auth.credential_source import CredentialSource
from voxwire.auth.credentials import differing_keys, presented_keys
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Permission, Principal

_CHALLENGE = (("www-authenticate", "Bearer"),)

#: Where nobody needs a key, who comes is the operator: the server listens on loopback only.
ANONYMOUS = Principal(id="anonymous", roles=frozenset(AccessRole))


class Authenticator:
    """Asks the sources, in their order, whose credential a request carries.

    As long as no source requires one, everyone is welcome. But a credential that a source knows counts there too, and
    one that it knows to be bad is refused: a program learns of its mistake here rather than at Azure. With `always`
    everybody needs a credential, whatever the sources hold.
    """

    def __init__(self, sources: Sequence[CredentialSource] = (), *, always: bool = False) -> None:
        self._sources = tuple(sources)
        self._always = always

    @property
    def required(self) -> bool:
        """Whether a credential is needed now."""
        return self._always or any(source.required for source in self._sources)

    async def authenticate(
        self, headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str] = ()
    ) -> Principal:
        """Who presents the request's credential. Raises RequestRefused (401) for none, a wrong one, or several that
        differ."""
        credentials = dict.fromkeys(presented_keys(headers, query.items(), subprotocols))
        if self.required and len(credentials) > 1:
            raise differing_keys()
        for credential in credentials:
            for source in self._sources:
                if (principal := await source.identify(credential)) is not None:
                    return principal
        if not self.required:
            return ANONYMOUS
        if not credentials:
            raise RequestRefused(
                401,
                "An API key is needed: send it as `Authorization: Bearer KEY` or in the `api-key` header.",
                code="missing_api_key",
                headers=_CHALLENGE,
            )
        raise RequestRefused(401, "Incorrect API key provided.", code="invalid_api_key", headers=_CHALLENGE)

    def holds_secret(self, text: str) -> bool:
        """Whether a (short) text is or contains a secret that some source knows, and is not for the log."""
        return any(source.holds_secret(text) for source in self._sources)


def check_permission(principal: Principal, permission: Permission) -> None:
    """Raises RequestRefused (403) unless this principal may do this."""
    if not principal.may(permission):
        able = ", ".join(role.value for role in AccessRole if permission in role.permissions)
        raise RequestRefused(
            403, f"This key does not give the permission {permission.value}. These roles do: {able}.",
            code="permission_denied",
        )  # fmt: skip
