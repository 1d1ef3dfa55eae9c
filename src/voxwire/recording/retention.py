"""What is kept no longer is deleted once a minute, in pieces, while the server runs; `voxwire sessions purge` does it
once."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final

from voxwire.errors import StorageError
from voxwire.storage.database import Database

logger = logging.getLogger("voxwire.recording")

#: How often a server looks, in seconds.
RETENTION_PERIOD_S: Final = 60.0


async def purge_sessions(database: Database, wall_clock: Callable[[], float] = time.time) -> int:
    """Delete all sessions whose time is over, a piece at a time, so that others can write in between; mark those that
    have lost their server. How many rows were deleted. Raises StorageError."""
    if not await database.exists():
        return 0
    await asyncio.to_thread(import_module, "voxwire.storage.sessions")
    from voxwire.storage.sessions import Sessions

    store = Sessions(database)
    now = int(wall_clock() * 1000)
    await store.mark_lost(now)
    rows = 0
    while deleted := await store.purge(now):
        rows += deleted
        await asyncio.sleep(0)
    return rows


class Retention:
    """The task of a server. Use as `async with Retention(database).running(): …`."""

    def __init__(
        self, database: Database, period_s: float = RETENTION_PERIOD_S, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._period_s = period_s
        self._wall_clock = wall_clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look now and then while the block lasts."""
        task = asyncio.create_task(self._look_on(), name="delete what is kept no longer")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look_on(self) -> None:
        lost = False
        while True:
            try:
                await purge_sessions(self._database, self._wall_clock)
                lost = False
            except StorageError as error:
                if not lost:
                    logger.error("%s What is kept no longer is deleted once it can be.", error)
                lost = True
            await asyncio.sleep(self._period_s)
