"""Stored keys at the door."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from voxwire.auth.key_form import contains_key, has_key_form, key_digest
from voxwire.errors import RequestRefused, StorageError
from voxwire.runtime import AccessRole, Principal
from voxwire.storage.database import Database

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.api_keys import StoredKey

logger = logging.getLogger("voxwire.auth")

#: How the ids of stored keys begin, and those of nobody else.
KEY_ID_PREFIX: Final = "key_"
_CHALLENGE: Final = (("www-authenticate", 'Bearer error="invalid_token"'),)


class StoredKeys:
    """A `CredentialSource` of the keys in the database.

    All keys in force are in memory, by their hash: telling a good key from a bad one asks the database nothing, however
    many bad ones come, and goes on without it. `reload` brings what has changed.

    Once a key was made, somebody without one is refused; that stays so when the last one was revoked, has expired, or
    is gone with its project.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._keys: dict[bytes, tuple[StoredKey, Principal]] = {}
        self._by_id: dict[str, StoredKey] = {}
        self._used: dict[str, int] = {}
        self._state: tuple[int | None, ...] = (0,)
        self._held = False

    @property
    def required(self) -> bool:
        return self._held

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.api_keys")
        from voxwire.storage.api_keys import ApiKeys

        store = ApiKeys(self._database)
        state = await store.state()
        if state == self._state:
            return
        keys: dict[bytes, tuple[StoredKey, Principal]] = {}
        async for some in store.in_force():
            keys |= {key.sha256: (key, _principal(key)) for key in some}
            await asyncio.sleep(0)
        held = self._held or bool(state[0]) or await store.ever_made()
        if held and not keys:
            logger.warning("No stored key is in force, though there were some. Make one: voxwire keys create")
        # Together: nobody is asked for a key that is not known yet.
        self._held = held
        self._keys = keys
        self._by_id = {key.id: key for key, _ in keys.values()}
        self._state = state

    async def identify(self, credential: str) -> Principal | None:
        if not has_key_form(credential):
            return None
        digest = key_digest(credential)
        found = self._keys.get(digest)
        if found is None or not hmac.compare_digest(found[0].sha256, digest):
            return None
        key, principal = found
        now = int(self._clock() * 1000)
        if key.expired(now):
            raise RequestRefused(
                401, f"The API key {key.name!r} has expired.", code="expired_api_key", headers=_CHALLENGE
            )
        self._used[key.id] = now
        return principal

    def holds(self, id: str, now: float) -> bool:
        """Whether a key of this id is in force, at a time in seconds since 1970."""
        key = self._by_id.get(id)
        return key is not None and not key.expired(int(now * 1000))

    def holds_secret(self, text: str) -> bool:
        return contains_key(text)

    async def write_used(self) -> None:
        """Store when keys were last used since the last time; what cannot be stored waits for the next time."""
        if not self._used:
            return
        used, self._used = self._used, {}
        try:
            from voxwire.storage.api_keys import ApiKeys

            await ApiKeys(self._database).used(used)
        except StorageError as error:
            logger.warning("when keys were last used was not stored: %s", error)
            self._used = {**used, **self._used}


def _principal(key: "StoredKey") -> Principal:
    return Principal(
        id=key.id,
        project=key.project,
        roles=frozenset(map(AccessRole, key.roles)),
        deployments=None if key.deployments is None else frozenset(key.deployments),
        key=key.name,
    )
