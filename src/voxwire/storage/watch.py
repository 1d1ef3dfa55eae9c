"""A running server notices what others change: commands, other servers."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final

from voxwire.errors import StorageError
from voxwire.storage.database import Database

logger = logging.getLogger("voxwire.storage")

#: How long a change may go unnoticed, in seconds. One look is one row of one table.
PERIOD_S: Final = 0.5


class StoreWatch:
    """Looks at the revision again and again. Who keeps something of the database in memory subscribes, and reads it
    anew when the revision has changed. Where there is no database yet, one that appears is a change, too."""

    def __init__(self, database: Database, period_s: float = PERIOD_S) -> None:
        self._database = database
        self._period_s = period_s
        self._readers: list[Callable[[], Awaitable[None]]] = []
        self._seen: int | None = None
        self._looking = asyncio.Lock()
        self._lost = False

    @property
    def lost(self) -> bool:
        """Whether the last look found a database that could not be read."""
        return self._lost

    def trouble(self) -> str | None:
        """A word for it while that is so."""
        return "store_unreachable" if self._lost else None

    def subscribe(self, read: Callable[[], Awaitable[None]]) -> None:
        """Have `read` called at the start, if there is a database, and after each change. It may raise StorageError;
        then it is called again."""
        self._readers.append(read)

    async def look(self) -> None:
        """Look now: who has just changed something calls this, so that it holds at once. Raises StorageError."""
        async with self._looking:
            if not await self._database.exists():
                return
            await asyncio.to_thread(import_module, "voxwire.storage.revision")
            from voxwire.storage.revision import read_revision

            async with self._database.read() as connection:
                revision = await read_revision(connection)
            if revision == self._seen:
                return
            for read in self._readers:
                await read()
            self._seen = revision

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look once, then again and again while the block lasts. Raises what the first look raises."""
        await self.look()
        task = asyncio.create_task(self._watch(), name="watch the database")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            try:
                await self.look()
            except StorageError as error:
                if not self._lost:
                    logger.error("%s What was read before goes on to hold.", error)
                self._lost = True
            else:
                if self._lost:
                    logger.warning("The database %s can be used again.", self._database.address.shown)
                self._lost = False
