"""Findings on their way to the database, by a task of its own: no conversation waits for it."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Final

from voxwire.errors import StorageError
from voxwire.monitoring.watched_sessions import FoundIn
from voxwire.runtime import new_id
from voxwire.storage.backlog import Backlog
from voxwire.storage.database import Database
from voxwire.storage.last_writes import last_writes

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.reviews import NewReview, Reviews

logger = logging.getLogger("voxwire.monitoring")

#: Findings that may wait for a database that is lost.
_MOST_WAITING: Final = 2_000
_BATCH: Final = 50
_REST_S: Final = 1.0
#: How often old reviews are looked for, in seconds.
_TIDY_S: Final = 3600.0
#: Characters of what was said that a review keeps.
_EXCERPT: Final = 2_000


class ReviewWriter:
    """Takes findings at once and writes them a moment later. Use as `async with writer.running(): …`."""

    def __init__(self, database: Database, *, tidies: bool = True) -> None:
        """`tidies`: old reviews are deleted, too, which one process does for all."""
        self._database = database
        self._tidies = tidies
        self._waiting: deque[tuple[FoundIn, str, int]] = deque()
        self._some = asyncio.Event()
        self._ending = False
        self._failing = False
        self._lost = 0

    @property
    def backlog(self) -> Backlog:
        return Backlog(len(self._waiting), self._lost)

    def put(self, found: FoundIn) -> None:
        """Take a finding. Never waits, and never raises."""
        if len(self._waiting) >= _MOST_WAITING:
            logger.error("too many findings wait for the database; one of the check %s is lost", found.finding.check)
            self._lost += 1
            return
        self._waiting.append((found, new_id("review"), int(time.time() * 1000)))
        self._some.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the block lasts, and at its end what still waits."""
        task = asyncio.create_task(self._write_on(), name="write reviews")
        tidying = asyncio.create_task(self._tidy(), name="delete old reviews")
        try:
            yield
        finally:
            tidying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await tidying
            self._ending = True
            self._some.set()
            await last_writes(task)
            if self._waiting:
                logger.error("%d findings could not be written", len(self._waiting))

    async def _write_on(self) -> None:
        while self._waiting or not self._ending:
            await self._some.wait()
            batch = list(islice(self._waiting, _BATCH))
            try:
                if batch:
                    await self._write(batch)
            except Exception as error:
                if isinstance(error, StorageError) and error.kind != "failed":
                    if not self._failing:
                        logger.error("%s Findings of checks wait.", error)
                    self._failing = True
                    await asyncio.sleep(_REST_S)
                    continue
                # A fault of ours: it would come again for ever, and keep everything behind it.
                logger.exception("%d findings of checks are lost.", len(batch))
                self._lost += len(batch)
            else:
                self._failing = False
            for _ in batch:
                self._waiting.popleft()
            if not self._waiting and not self._ending:
                self._some.clear()

    async def _tidy(self) -> None:
        while self._tidies:
            oldest = int((time.time() - self._database.settings.review_days * 86_400) * 1000)
            try:
                if await self._database.exists():
                    await (await self._store()).delete_before(oldest)
            except StorageError as error:
                logger.warning("%s Old reviews stay for now.", error)
            await asyncio.sleep(_TIDY_S)

    async def _store(self) -> "Reviews":
        await asyncio.to_thread(import_module, "voxwire.storage.reviews")
        from voxwire.storage.reviews import Reviews

        return Reviews(self._database)

    async def _write(self, batch: list[tuple[FoundIn, str, int]]) -> None:
        await (await self._store()).add([_review(*one) for one in batch])


def _review(found: FoundIn, id: str, at: int) -> "NewReview":
    from voxwire.storage.reviews import NewReview

    finding, facts = found.finding, found.facts
    return NewReview(
        id=id,
        project=facts.principal.project,
        deployment=facts.deployment,
        session=facts.session_id,
        response=found.response_id,
        end_user=found.end_user,
        check=finding.check,
        side=finding.side,
        action="end" if finding.ends else "flag",
        found=finding.found[:1024],
        excerpt=finding.excerpt[:_EXCERPT] if found.excerpt else None,
        created_at=at,
    )
