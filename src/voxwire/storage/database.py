"""The database: opened when first needed, made when first written to."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voxwire.config import StorageSettings
from voxwire.errors import StorageError
from voxwire.storage.store_address import StoreAddress, store_address

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

logger = logging.getLogger("voxwire.storage")

#: How long ending all connections may take, in seconds.
_GOODBYE_S: Final = 3.0


class Database:
    """All that is stored. One for each process; of one event loop.

    `read` and `write` raise StorageError for whatever keeps the database from its work, be it in the block. A broken
    constraint is SQLAlchemy's IntegrityError.
    """

    def __init__(self, settings: StorageSettings) -> None:
        self.settings = settings
        self.address: StoreAddress = store_address(settings)
        self._engine: AsyncEngine | None = None
        self._identity: tuple[int, int] | None = None
        self._nothing: AsyncEngine | None = None
        self._opening = asyncio.Lock()
        #: SQLite has one writer. Who waits here waits in turn, and without asking again and again.
        self._writing = asyncio.Lock()

    async def exists(self) -> bool:
        """Whether something may be stored. Quick: for SQLite a look at the file; PostgreSQL is taken to be there.
        Raises StorageError."""
        return self.address.file is None or await asyncio.to_thread(_identity, self.address.file) is not None

    @asynccontextmanager
    async def read(self) -> "AsyncIterator[AsyncConnection]":
        """A connection that sees one state of everything. Where nothing was ever stored, it finds empty tables."""
        engine = await self._open() if await self.exists() else await self._without()
        # In SQLite that is so anyway.
        options = {"isolation_level": "REPEATABLE READ"} if self.address.file is None else {}
        async with self._watched(engine, **options) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> "AsyncIterator[AsyncConnection]":
        """A transaction: committed at the end of the block, undone where the block raises. Makes the database."""
        engine = await self._open()
        async with AsyncExitStack() as stack:
            if self.address.file is not None:
                await stack.enter_async_context(self._writing)
            connection = await stack.enter_async_context(self._watched(engine, voxwire_writes=True))
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        """End all connections. The next use opens it anew."""
        async with self._opening:
            engines, self._engine, self._nothing = (self._engine, self._nothing), None, None
            for engine in filter(None, engines):
                # A server that stands still does not say goodbye; then the connections are cut.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_GOODBYE_S):
                        await engine.dispose()

    @asynccontextmanager
    async def _watched(self, engine: "AsyncEngine", **options: Any) -> "AsyncIterator[AsyncConnection]":
        from voxwire.storage.connections import reached
        from voxwire.storage.plain_words import in_plain_words

        with in_plain_words(self.address):
            async with reached(engine) as connection:
                yield await connection.execution_options(**options)

    async def _open(self) -> "AsyncEngine":
        async with self._opening:
            file = self.address.file
            if self._engine is not None and file is not None:
                # What is written to a file that has no name any more is lost.
                if await asyncio.to_thread(_identity, file) != self._identity:
                    logger.warning("The database %s was moved or replaced; it is opened anew.", file)
                    await self._engine.dispose()
                    self._engine = None
            if self._engine is None:
                await asyncio.to_thread(import_module, "voxwire.storage.opening")
                from voxwire.storage.opening import open_engine

                self._engine = await open_engine(self.address)
                self._identity = None if file is None else await asyncio.to_thread(_identity, file)
            return self._engine

    async def _without(self) -> "AsyncEngine":
        async with self._opening:
            if self._nothing is None:
                await asyncio.to_thread(import_module, "voxwire.storage.connections")
                from voxwire.storage.connections import empty_engine

                self._nothing = await empty_engine()
            return self._nothing


def _identity(file: Path) -> tuple[int, int] | None:
    """Tells files apart, whatever their names are; None where there is none. Raises StorageError for one that may be
    there: to take it for nothing could open the door to everybody."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError("refused", f"The database {file} cannot be used. {error.strerror}.") from None
    return found.st_dev, found.st_ino
