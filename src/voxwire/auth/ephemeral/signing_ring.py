"""The keys that sign ephemeral keys.

One signs for a day. After that it still counts for as long as something that it signed may be valid. Where there is a
database they lie in it, encrypted with the master key, so that all servers on it accept what one of them has signed.
Without one they follow from a secret of this server.
"""

import asyncio
import base64
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from voxwire.errors import StorageError
from voxwire.storage.database import Database

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.signing_keys import SigningKey

logger = logging.getLogger("voxwire.auth")

#: How long a key signs, and how long after its making it still counts, in seconds.
SIGNS_S: Final = 86_400
COUNTS_S: Final = SIGNS_S + 3 * 3600
#: How often an unknown key id may make the database be read, in seconds: anybody can invent ids.
_LOOK_S: Final = 0.5


_BYTES: Final = 32


class SigningRing:
    """Gives the key that signs now, and keys by their ids: 32 bytes each.

    Where there is no database, the key of each day follows from `root`, so that all processes of a server that have the
    same one make the same keys; None makes one.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time, root: bytes | None = None) -> None:
        self._database = database
        self._clock = clock
        self._stored: dict[str, SigningKey] = {}
        self._root = root or secrets.token_bytes(_BYTES)
        self._looked_at = float("-inf")
        self._making = asyncio.Lock()
        self._warned = False

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.signing_keys")
        from voxwire.storage.signing_keys import SigningKeys

        after = int((self._clock() - COUNTS_S) * 1000)
        found = await SigningKeys(self._database).made_after(after)
        self._stored = {key.id: key for key in found}

    async def signing(self) -> tuple[str, bytes]:
        """The id and the key that sign now; made where the last one has signed for a day."""
        now = self._clock()
        if (newest := self._newest_stored(now)) is not None:
            return newest
        if await self._database.exists():
            async with self._making:
                if (newest := self._newest_stored(now)) is not None:
                    return newest
                try:
                    await self._make_stored(now)
                except StorageError as error:
                    self._warn(error)
                else:
                    newest = self._newest_stored(now)
                    assert newest is not None
                    return newest
        return self._own(int(now // SIGNS_S))

    async def named(self, id: str) -> bytes | None:
        """The key of this id, if it still counts. One that another server has just made is looked up, seldom."""
        found = self._named(id)
        now = self._clock()
        if found is None and now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            try:
                await self.reload()
            except StorageError as error:
                self._warn(error)
            found = self._named(id)
        return found

    def _named(self, id: str) -> bytes | None:
        oldest = self._clock() - COUNTS_S
        if (key := self._stored.get(id)) is not None:
            return key.secret if key.created_at > oldest * 1000 else None
        # The first day of which something may still be valid, and those after it.
        days = range(int(oldest // SIGNS_S) + 1, int(self._clock() // SIGNS_S) + 1)
        return next((key for own, key in map(self._own, days) if own == id), None)

    def _own(self, day: int) -> tuple[str, bytes]:
        """The id and the key of a day, as days since 1970 are counted."""
        name, key = (hmac.digest(self._root, b"%s %d" % (use, day), "sha256") for use in (b"name", b"key"))
        return base64.urlsafe_b64encode(name[:9]).decode(), key

    def _newest_stored(self, now: float) -> tuple[str, bytes] | None:
        newest = max(self._stored.values(), key=lambda key: key.created_at, default=None)
        if newest is None or newest.created_at <= (now - SIGNS_S) * 1000:
            return None
        return newest.id, newest.secret

    async def _make_stored(self, now: float) -> None:
        await asyncio.to_thread(import_module, "voxwire.storage.signing_keys")
        from voxwire.storage.signing_keys import SigningKeys

        keys = SigningKeys(self._database)
        await keys.make(int(now * 1000), unless_after=int((now - SIGNS_S) * 1000), gone=int((now - COUNTS_S) * 1000))
        await self.reload()

    def _warn(self, error: StorageError) -> None:
        if not self._warned:
            logger.warning(
                "ephemeral keys are signed by a key of this process, and other servers refuse them: %s", error
            )
        self._warned = True
