"""Opening a database: made where there is none, migrated where it is old, refused where it is newer than we are."""

import asyncio
import os
from functools import partial
from importlib import import_module
from typing import Final

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from voxwire.errors import StorageError
from voxwire.storage.connections import WRITES, make_engine
from voxwire.storage.migrations import REVISIONS
from voxwire.storage.plain_words import in_plain_words
from voxwire.storage.schema import METADATA
from voxwire.storage.store_address import StoreAddress

_VERSIONS: Final = "alembic_version"
#: One migration at a time, over all processes: any number that nobody else uses.
_POSTGRESQL_LOCK: Final = 0x766F7877


async def open_engine(address: StoreAddress) -> AsyncEngine:
    """The engine of a database that has today's form. Raises StorageError."""
    engine = await asyncio.to_thread(make_engine, address)  # it looks where its file is
    try:
        with in_plain_words(address):
            if address.file is not None:
                await asyncio.to_thread(_make_file, address)
            async with engine.connect() as connection:
                version = await _version(connection, address)
            if version != REVISIONS[-1]:
                await _migrate(address)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def _version(connection: AsyncConnection, address: StoreAddress) -> str | None:
    """The form that the database has; None for one that is empty. Raises StorageError for one that is not ours."""
    tables = set(await connection.run_sync(lambda inner: inspect(inner).get_table_names()))
    if _VERSIONS not in tables:
        # A PostgreSQL database may be shared, a file not.
        if foreign := tables & set(METADATA.tables) if address.file is None else tables:
            raise StorageError(
                "refused",
                f"The database {address.shown} belongs to another program: it has a table {min(foreign)!r}, and does "
                "not say that it is one of Voxwire. Name another one in storage.url.",
            )
        return None
    version = (await connection.execute(text(f"SELECT version_num FROM {_VERSIONS}"))).scalar_one_or_none()
    if version is not None and version not in REVISIONS:
        raise StorageError(
            "newer",
            f"The database {address.shown} was made by a newer version of Voxwire ({version}); it was left as it is. "
            "Install that version, or name another database in storage.url.",
        )
    return None if version is None else str(version)


async def _migrate(address: StoreAddress) -> None:
    await asyncio.to_thread(import_module, "voxwire.storage.migrations.upgrade")
    from voxwire.storage.migrations.upgrade import upgrade_steps

    migrate = await asyncio.to_thread(upgrade_steps)
    # A migration of SQLite makes tables anew, and what refers to them must not go with the old ones.
    engine = await asyncio.to_thread(partial(make_engine, address, foreign_keys=False))
    try:
        async with engine.connect() as plain:
            connection = await plain.execution_options(**{WRITES: True})
            async with connection.begin():
                if address.file is None:
                    await connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
                # Another process may have done it, while we waited for the lock.
                if await _version(connection, address) != REVISIONS[-1]:
                    await connection.run_sync(migrate)
    finally:
        await engine.dispose()


def _make_file(address: StoreAddress) -> None:
    """For this user alone. SQLite gives the files beside it the same mode."""
    file = address.file
    assert file is not None
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
