"""Who may use the server: all sources of credentials together, and what is checked of every request."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from voxwire.auth import (
    ANONYMOUS,
    KEY_ID_PREFIX,
    Authenticator,
    ConfiguredKeys,
    CredentialSource,
    DevIdentity,
    NetworkPolicy,
    StoredKeys,
    StoredRoles,
    check_permission,
)
from voxwire.auth.ephemeral import EphemeralKeys
from voxwire.config import Settings
from voxwire.errors import ConfigurationError, StorageError
from voxwire.runtime import Permission, Principal
from voxwire.server.common import InCommon
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch
from voxwire.transports.refusal import storage_refusal
from voxwire.transports.request import Request

if TYPE_CHECKING:
    from voxwire.auth.oidc import OidcSource

logger = logging.getLogger("voxwire.auth")

#: How old the stored time of a key's last use may be, in seconds.
_USED_S: Final = 10.0


class Access:
    """`policy` says which pages and host names may come, `authenticator` who somebody is; `identity` is the
    development identity, or None."""

    def __init__(self, settings: Settings, database: Database, common: InCommon | None = None) -> None:
        """`common` is what this process has in common with others; None where it is the only one."""
        common = common or InCommon.of_one(settings)
        self.identity = DevIdentity(known=common.identity) if settings.auth.dev_identity else None
        self.stored_keys = StoredKeys(database)
        sources: list[CredentialSource] = [
            ConfiguredKeys(settings.auth.api_keys, settings.auth.admin_keys),
            self.stored_keys,
        ]
        self.ephemeral_keys = EphemeralKeys(database, self._in_force, root=common.signing_root, shared=common.ephemeral)
        sources.append(self.ephemeral_keys)
        self.stored_roles = StoredRoles(database)
        self._tokens = _token_source(settings, self.stored_roles)
        sources += [source for source in (self._tokens, self.identity) if source is not None]
        self.authenticator = Authenticator(sources, always=not settings.server.loopback)
        self.policy = NetworkPolicy(
            keyed=lambda: self.authenticator.required, allowed_origins=settings.auth.allowed_origins
        )

    def watch(self, watch: StoreWatch) -> None:
        """Follow what is stored."""
        watch.subscribe(self.stored_keys.reload)
        self.ephemeral_keys.watch(watch)
        if self._tokens is not None:
            watch.subscribe(self.stored_roles.reload)

    async def admit(self, request: Request, permission: Permission | None = Permission.CONVERSE) -> Principal:
        """Who sends this request. Raises RequestRefused: 403 where it may not come from there or lacks the permission
        (None asks for none), 401 for the credential, 400 for a query that contradicts itself."""
        self.policy.check(request.headers.get("host"), request.headers.get("origin"))
        request.check_query()
        principal = await self.authenticator.authenticate(request.headers, request.query, request.subprotocols)
        if permission is not None:
            check_permission(principal, permission)
        return principal

    async def redeem(self, principal: Principal) -> None:
        """A session of this principal opens. Raises RequestRefused where its key has been used up."""
        try:
            await self.ephemeral_keys.redeem(principal)
        except StorageError as error:
            logger.error("%s", error)
            raise storage_refusal(error) from None

    def _in_force(self, principal: str) -> bool:
        """Whether one who has made an ephemeral key could still come in. Keys of the settings stay as long as the
        process, and tokens of issuers have an end that is nobody's business here."""
        if principal == ANONYMOUS.id:
            return not self.authenticator.required
        return not principal.startswith(KEY_ID_PREFIX) or self.stored_keys.holds(principal, time.time())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch the keys of issuers; store when our keys were last used, again and again while the block lasts, and at
        its end."""
        if self._tokens is not None:
            self._tokens.start()
        task = asyncio.create_task(self._note_uses(), name="note when keys were used")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            if self._tokens is not None:
                await self._tokens.close()
            await self.stored_keys.write_used()

    async def _note_uses(self) -> None:
        while True:
            await asyncio.sleep(_USED_S)
            await self.stored_keys.write_used()


def _token_source(settings: Settings, roles: StoredRoles) -> "OidcSource | None":
    """What knows the tokens of issuers; None, and nothing imported, where the settings name none."""
    if not settings.auth.issuers:
        return None
    from voxwire.auth.oidc import OidcSource

    return OidcSource(settings.auth.issuers, roles)


def check_exposure(settings: Settings) -> None:
    """Raises ConfigurationError where strangers could reach a server that nobody needs a key for. Reads what is
    stored."""
    auth = settings.auth
    if settings.server.loopback or auth.api_keys or auth.admin_keys or auth.issuers:
        return
    if asyncio.run(_holds_keys(settings)):
        return
    host = settings.server.host or "every address"
    raise ConfigurationError(
        f"Refusing to listen on {host} without an API key, since anyone who reaches this machine could use it; "
        "make one (voxwire keys create), set one (--api-key, or VOXWIRE_AUTH__API_KEYS) or listen on 127.0.0.1."
    )


async def _holds_keys(settings: Settings) -> bool:
    database = Database(settings.storage)
    try:
        keys = StoredKeys(database)
        await keys.reload()
        return keys.required
    finally:
        await database.close()
