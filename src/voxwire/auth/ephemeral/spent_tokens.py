"""Ephemeral keys that were revoked, and those for one use that had it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Final

from voxwire.errors import SERVER_ERROR, RequestRefused
from voxwire.storage.database import Database

#: Those of the last two hours at most; a hundred bytes each. A quarter is the most of one project, so that none takes
#: the others' places.
_MOST: Final = 200_000
_MOST_OF_PROJECT: Final = 50_000
#: To look for those that have expired takes milliseconds, so a flood does not have it done for each request.
_LOOK_AGAIN_S: Final = 1.0


class SpentTokens:
    """Kept until the tokens have expired: in memory, and in the database where there is one."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ends: dict[tuple[str, str], float] = {}
        self._of_project: Counter[str] = Counter()
        self._looked = 0.0

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.revocations")
        from voxwire.storage.revocations import Revocations

        for one in await Revocations(self._database).in_force(int(self._clock() * 1000)):
            self._note((one.project, one.id), one.expires_at / 1000)

    def __contains__(self, token: tuple[str, str]) -> bool:
        """Whether a token, by project and id, counts no longer."""
        return token in self._ends

    async def spend(self, project: str, id: str, expires_at: float, *, announce: bool) -> bool:
        """Have a token count no longer; False if it does not count already, also where two do so at the same moment.
        `announce` has other servers on the database know it within a second.

        Raises RequestRefused (503) where there is no room for more, and StorageError; then the token counts as spent
        here all the same: one that is used twice would be worse.
        """
        token = project, id
        if token in self._ends:
            return False
        if self._full(project):
            self._forget_expired()
            if self._full(project):
                raise RequestRefused(
                    503,
                    "Too many ephemeral keys were used or revoked within two hours.",
                    code="server_busy",
                    type=SERVER_ERROR,
                    headers=(("retry-after", "60"),),
                )
        self._note(token, expires_at)
        if not await self._database.exists():
            return True
        await asyncio.to_thread(import_module, "voxwire.storage.revocations")
        from voxwire.storage.revocations import Revocation, Revocations

        now_ms = int(self._clock() * 1000)
        revocation = Revocation(id, project, now_ms, int(expires_at * 1000))
        return await Revocations(self._database).add(revocation, announce=announce)

    def _note(self, token: tuple[str, str], expires_at: float) -> None:
        self._of_project[token[0]] += token not in self._ends
        self._ends[token] = expires_at

    def _full(self, project: str) -> bool:
        return len(self._ends) >= _MOST or self._of_project[project] >= _MOST_OF_PROJECT

    def _forget_expired(self) -> None:
        now = self._clock()
        if now < self._looked + _LOOK_AGAIN_S:
            return
        self._looked = now
        self._ends = {known: end for known, end in self._ends.items() if end > now}
        self._of_project = Counter(project for project, _ in self._ends)
