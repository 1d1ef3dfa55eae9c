"""Ephemeral keys that were revoked, and those for one use that had it."""

import asyncio
import time
from collections.abc import Callable
from importlib import import_module

from voxwire.auth.ephemeral.ephemeral_memory import EphemeralMemory
from voxwire.auth.ephemeral.spent_book import SpentBook
from voxwire.storage.database import Database


class SpentTokens:
    """Kept until the tokens have expired: in memory, by all processes of the server together, and in the database where
    there is one."""

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, shared: EphemeralMemory | None = None
    ) -> None:
        """`shared` is what other processes know as well, if there are any."""
        self._database = database
        self._clock = clock
        self._shared = shared
        self._book = SpentBook(clock)

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.revocations")
        from voxwire.storage.revocations import Revocations

        for one in await Revocations(self._database).in_force(int(self._clock() * 1000)):
            self._book.note((one.project, one.id), one.expires_at / 1000)

    async def holds(self, project: str, id: str) -> bool:
        """Whether a token counts no longer."""
        if (project, id) in self._book:
            return True
        return self._shared is not None and await self._shared.spent(project, id)

    async def spend(self, project: str, id: str, expires_at: float, *, announce: bool) -> bool:
        """Have a token count no longer; False if it does not count already, also where two do so at the same moment.
        `announce` has other servers on the database know it within a second.

        Raises RequestRefused (503) where there is no room for more, and StorageError; then the token counts as spent
        here all the same: one that is used twice would be worse.
        """
        token = project, id
        if token in self._book:
            return False
        self._book.check_room(project)
        self._book.note(token, expires_at)
        if self._shared is not None and not await self._shared.spend(project, id, expires_at):
            return False
        if not await self._database.exists():
            return True
        await asyncio.to_thread(import_module, "voxwire.storage.revocations")
        from voxwire.storage.revocations import Revocation, Revocations

        now_ms = int(self._clock() * 1000)
        revocation = Revocation(id, project, now_ms, int(expires_at * 1000))
        return await Revocations(self._database).add(revocation, announce=announce)
