"""Engines of SQLAlchemy for both databases, and what a connection of each needs."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, StaticPool, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from voxwire.errors import StorageError
from voxwire.storage.schema import METADATA
from voxwire.storage.store_address import StoreAddress

if TYPE_CHECKING:  # SQLAlchemy imports it where it is needed
    from aiosqlite import Connection as SqliteConnection

#: An option of a connection: its transaction writes, so it takes SQLite's one lock at its beginning. A transaction that
#: first reads would fail at once where another one has written meanwhile.
WRITES: Final = "voxwire_writes"
#: Seconds to wait for SQLite's lock, for a connection, for the server to take one.
_PATIENCE_S: Final = 5.0
#: Seconds between two tries where SQLite itself does not wait for its lock.
_AGAIN_S: Final = 0.01
#: Seconds that one statement may take on PostgreSQL: a report over all usage takes some.
_STATEMENT_S: Final = 15.0
#: Seconds until PostgreSQL has to answer at all: a server that stands still keeps its connections open.
_REACH_S: Final = 5.0


def make_engine(address: StoreAddress, *, foreign_keys: bool = True) -> AsyncEngine:
    """An engine; nothing is opened yet. Raises StorageError where the driver is missing."""
    if address.file is not None:
        url = URL.create("sqlite+aiosqlite", database=str(address.file))
        engine = create_async_engine(
            url, hide_parameters=True, pool_timeout=_PATIENCE_S, connect_args={"timeout": _PATIENCE_S}
        )
        _prepare_sqlite(engine, foreign_keys=foreign_keys)
        return engine
    try:
        return create_async_engine(
            address.url,
            hide_parameters=True,
            pool_timeout=_PATIENCE_S,
            pool_pre_ping=True,  # a server that was started anew is no error
            connect_args={"timeout": _PATIENCE_S, "command_timeout": _STATEMENT_S},
        )
    except ModuleNotFoundError:
        raise StorageError(
            "refused", "PostgreSQL needs a package that is not installed. Type: pip install 'voxwire[postgres]'"
        ) from None


@asynccontextmanager
async def reached(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of this engine on which the database answers. Raises TimeoutError where it does not."""
    async with AsyncExitStack() as stack:
        # SQLite is no server, and waits for its lock by itself.
        async with asyncio.timeout(None if engine.dialect.name == "sqlite" else _REACH_S):
            connection = await stack.enter_async_context(engine.connect())
        yield connection


async def empty_engine() -> AsyncEngine:
    """A database in memory with all tables and nothing in them: what is read where nothing is stored."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    return engine


def _prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # The driver's own way to begin transactions leaves some statements outside of them.
        connection.isolation_level = None
        connection.run_async(_write_ahead)
        cursor: sqlite3.Cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA secure_delete=ON")  # a key that was deleted is nowhere in the file
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def _write_ahead(connection: "SqliteConnection") -> None:
    """Have SQLite write a log first. To make a new file one of that kind it needs the lock for a moment, and is the one
    time that it does not wait for it: several processes may open a new file at the same moment."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            await connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            await asyncio.sleep(_AGAIN_S)
        else:
            return
