"""Ephemeral keys: made for one deployment, known again at the door, ended before their time."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from voxwire.auth.ephemeral.ephemeral_form import EPHEMERAL_PREFIX
from voxwire.auth.ephemeral.ephemeral_memory import EphemeralMemory
from voxwire.auth.ephemeral.large_settings import INLINE_BYTES, LargeSettings
from voxwire.auth.ephemeral.signing_ring import SigningRing
from voxwire.auth.ephemeral.spent_tokens import SpentTokens
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, EphemeralGrant, Principal
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch

_CHALLENGE: Final = (("www-authenticate", 'Bearer error="invalid_token"'),)
_FORM: Final = re.compile(rf"{EPHEMERAL_PREFIX}[A-Za-z0-9_-]{{16,}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A key that has just been made; `expires_at` in seconds since 1970."""

    value: str
    expires_at: int

    def __repr__(self) -> str:
        return f"MintedKey(expires_at={self.expires_at})"


class EphemeralKeys:
    """A `CredentialSource` of the keys that this server, or another one on the same database, has made.

    `in_force` says of the principal that made a key whether it may still come in: an ephemeral key ends with the key
    that made it.
    """

    required = False

    def __init__(
        self,
        database: Database,
        in_force: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
        *,
        root: bytes | None = None,
        shared: EphemeralMemory | None = None,
    ) -> None:
        """`root` is what all processes of a server sign by where there is no database, and `shared` what they know
        together; None where there is one process."""
        self._ring = SigningRing(database, clock, root)
        self._spent = SpentTokens(database, clock, shared)
        self._shared = shared
        self._settings = LargeSettings(clock)
        self._in_force = in_force
        self._signing: ModuleType | None = None
        self._clock = clock

    def watch(self, watch: StoreWatch) -> None:
        """Follow what is stored."""
        watch.subscribe(self._ring.reload)
        watch.subscribe(self._spent.reload)

    async def mint(self, principal: Principal, grant: EphemeralGrant, deployment: str | None = None) -> MintedKey:
        """Make a key by which somebody else may open sessions for `principal`: of one deployment, or of all that it may
        use itself."""
        name, key = await self._ring.signing()
        inline = len(grant.settings) <= INLINE_BYTES
        allowed = principal.deployments if deployment is None else {deployment}
        claims: dict[str, Any] = {
            "jti": grant.id,
            "sub": principal.id,
            "project": principal.project,
            "deployments": None if allowed is None else sorted(allowed),
            "model": grant.model,
            "dialect": grant.dialect,
            "transcription": grant.transcription,
            "single_use": grant.single_use,
            "key": principal.key,
            "settings" if inline else "settings_at": grant.settings if inline else await self._keep(grant),
            "iat": int(self._clock()),
            "exp": grant.expires_at,
        }
        tokens = await self._tokens()
        return MintedKey(tokens.sign_token(claims, name, key), grant.expires_at)

    async def identify(self, credential: str) -> Principal | None:
        if not credential.startswith(EPHEMERAL_PREFIX):
            return None
        tokens = await self._tokens()
        name = tokens.signer_of(credential)
        key = None if name is None else await self._ring.named(name)
        claims = None if key is None else tokens.read_token(credential, key)
        if claims is None:
            raise _refused("The ephemeral key was not made by this server, or it is damaged. Make a new one.")
        if claims["exp"] <= self._clock():
            raise _refused("The ephemeral key has expired. Make a new one.", code="expired_ephemeral_key")
        if await self._spent.holds(claims["project"], claims["jti"]):
            raise _refused("The ephemeral key was revoked, or used up. Make a new one.", code="revoked_ephemeral_key")
        if not self._in_force(claims["sub"]):
            raise _refused("The API key that made this ephemeral key was revoked.", code="revoked_ephemeral_key")
        settings = claims["settings"] if "settings" in claims else await self._find(claims["settings_at"])
        if settings is None:
            raise _refused("The settings of this ephemeral key are not kept any more. Make a new one.")
        return _principal(claims, settings)

    def holds_secret(self, text: str) -> bool:
        return _FORM.search(text) is not None

    async def redeem(self, principal: Principal) -> None:
        """A session opens. Raises RequestRefused (401) for a key for one use that has had it."""
        grant = principal.ephemeral
        if grant is None or not grant.single_use:
            return
        # The database itself lets one of several servers have it, so nobody needs to be told.
        if not await self._spent.spend(principal.project, grant.id, grant.expires_at, announce=False):
            raise _refused("The ephemeral key was for one use, and was used.", code="revoked_ephemeral_key")

    async def revoke(self, project: str, id: str, expires_at: float) -> None:
        """End a key of a project by its id, if there is one; `expires_at` is when it would end at the latest."""
        await self._spent.spend(project, id, expires_at, announce=True)

    async def _keep(self, grant: EphemeralGrant) -> str:
        if self._shared is not None:
            return await self._shared.keep(grant.settings, grant.expires_at)
        return self._settings.keep(grant.settings, grant.expires_at)

    async def _find(self, number: str) -> str | None:
        return self._settings.find(number) if self._shared is None else await self._shared.find(number)

    async def _tokens(self) -> Any:
        """The module that signs and reads."""
        if self._signing is None:
            self._signing = await asyncio.to_thread(import_module, "voxwire.auth.ephemeral.ephemeral_token")
        return self._signing


def _principal(claims: dict[str, Any], settings: str) -> Principal:
    allowed = claims["deployments"]
    return Principal(
        id=claims["sub"],
        project=claims["project"],
        roles=frozenset({AccessRole.USER}),
        deployments=None if allowed is None else frozenset(allowed),
        key=claims["key"],
        ephemeral=EphemeralGrant(
            id=claims["jti"],
            model=claims["model"],
            dialect=claims["dialect"],
            transcription=claims["transcription"],
            settings=settings,
            single_use=claims["single_use"],
            expires_at=claims["exp"],
        ),
    )


def _refused(message: str, *, code: str = "invalid_ephemeral_key") -> RequestRefused:
    return RequestRefused(401, message, code=code, headers=_CHALLENGE)
