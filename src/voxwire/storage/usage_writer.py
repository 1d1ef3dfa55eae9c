"""Records of usage on their way to the database: in batches, by a task of their own, so that nobody waits."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Final

from voxwire.errors import StorageError
from voxwire.storage.backlog import Backlog
from voxwire.storage.database import Database
from voxwire.storage.last_writes import last_writes
from voxwire.storage.usage_row import UsageRow

if TYPE_CHECKING:  # with SQLAlchemy, which a server without state does without
    from voxwire.storage.usage import UsageStore

logger = logging.getLogger("voxwire.storage")

#: The longest that a record waits for others, in seconds: what a crash can lose.
FLUSH_S: Final = 0.25
#: Records that do not wait for more.
BATCH: Final = 500
#: Records that may wait for a database that is lost: a quarter of an hour of 100 answers a second, some 30 MB.
MAX_RECORDS: Final = 100_000
#: How long a lost database is left alone, at first and at most, in seconds.
_FIRST_REST_S: Final = 0.25
_LONGEST_REST_S: Final = 5.0
#: How often old records are looked for, in seconds.
_TIDY_S: Final = 3600.0


class UsageWriter:
    """Takes records at once and writes them a moment later. Use as `async with writer.running(): …`.

    While nothing at all is stored, records are not either: usage alone makes no database. While the database is lost
    they wait, up to `MAX_RECORDS`; then the newest are lost, and counted.
    """

    def __init__(self, database: Database, *, tidies: bool = True) -> None:
        """`tidies`: old records are deleted, too, which one process does for all."""
        self._database = database
        self._tidies = tidies
        #: Rows have numbers of this writer, so that a batch of which nobody knows whether it was written is not
        #: written twice.
        self._id = secrets.token_hex(8)
        self._next = 1
        self._waiting: deque[UsageRow] = deque()
        self._lost = 0
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._ending = False
        self._failing = False

    def put(self, row: UsageRow) -> None:
        """Take a record. Never waits, and never raises."""
        if len(self._waiting) >= MAX_RECORDS:
            if not self._lost:
                logger.error("Too many records of usage wait for the database %s; new ones are lost.", self._shown)
            self._lost += 1
            return
        self._waiting.append(row)
        self._some.set()
        if len(self._waiting) >= BATCH:
            self._many.set()

    @property
    def backlog(self) -> Backlog:
        return Backlog(len(self._waiting), self._lost)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the block lasts, and at its end what still waits. Records that are too old are deleted."""
        task = asyncio.create_task(self._write_on(), name="write usage")
        tidying = asyncio.create_task(self._tidy(), name="delete old usage")
        try:
            yield
        finally:
            tidying.cancel()
            await asyncio.wait([tidying])
            self._ending = True
            self._some.set()
            self._many.set()
            await last_writes(task)
            if self._waiting:
                logger.error("%d records of usage could not be written to %s.", len(self._waiting), self._shown)

    @property
    def _shown(self) -> str:
        return self._database.address.shown

    async def _write_on(self) -> None:
        rest_s = _FIRST_REST_S
        while self._waiting or not self._ending:
            await self._some.wait()
            if not self._ending:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._many.wait(), FLUSH_S)
            if await self._written():
                rest_s = _FIRST_REST_S
            else:
                await asyncio.sleep(rest_s)
                rest_s = min(2 * rest_s, _LONGEST_REST_S)

    async def _written(self) -> bool:
        """Whether the next batch is done with; else it is to be tried again later."""
        batch = list(islice(self._waiting, BATCH))
        try:
            await self._write(batch)
        except Exception as error:
            if isinstance(error, StorageError) and error.kind != "failed":
                self._tell(error)
                return False
            # A fault of ours: it would come again for ever, and keep everything behind it.
            logger.exception("%d records of usage are lost.", len(batch))
            self._lost += len(batch)
        else:
            self._tell(None)
        for _ in batch:
            self._waiting.popleft()
        self._next += len(batch)
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < BATCH:
            self._many.clear()
        return True

    async def _tidy(self) -> None:
        while self._tidies:
            oldest = int((time.time() - self._database.settings.usage_days * 86_400) * 1000)
            try:
                if await self._database.exists():
                    await (await self._store()).delete_before(oldest)
            except StorageError as error:
                logger.warning("%s Old records of usage stay for now.", error)
            await asyncio.sleep(_TIDY_S)

    async def _write(self, batch: list[UsageRow]) -> None:
        if batch and await self._database.exists():
            await (await self._store()).add(batch, writer=self._id, first=self._next)

    async def _store(self) -> "UsageStore":
        await asyncio.to_thread(import_module, "voxwire.storage.usage")
        from voxwire.storage.usage import UsageStore

        return UsageStore(self._database)

    def _tell(self, error: StorageError | None) -> None:
        """Once when the database is lost, and once when it is back."""
        if error is not None and not self._failing:
            logger.error("%s Records of usage wait.", error)
        elif error is None and self._failing:
            logger.warning("Records of usage are written to the database %s again.", self._shown)
        self._failing = error is not None
