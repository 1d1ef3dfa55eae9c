"""The database is made when something is stored, and opened as it is otherwise."""

import asyncio
import contextlib
import stat

import pytest
from sqlalchemy import insert, select

from voxwire.storage.database import Database
from voxwire.storage.revision import bump, read_revision
from voxwire.storage.schema import project_table


async def test_what_is_written_is_read(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(project_table).values(id="other", created_at=5))
    async with database.read() as connection:
        rows = (await connection.execute(select(project_table.c.id).order_by("id"))).scalars().all()
    assert rows == ["local", "other"]


async def test_nothing_is_made_by_reading(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(select(project_table))
    if database.address.file is not None:
        assert not database.address.file.parent.exists()
        assert not await database.exists()


async def test_an_error_undoes_the_transaction(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await bump(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.write() as connection:
        assert await read_revision(connection) == 0
        await bump(connection)
    async with database.read() as connection:
        assert await read_revision(connection) == 1


async def test_the_files_are_for_their_owner_alone(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)
        if (file := database.address.file) is not None:
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
            found = list(file.parent.iterdir())
            assert len(found) == 3
            assert {stat.S_IMODE(one.stat().st_mode) for one in found} == {0o600}


async def test_a_reader_sees_one_state(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)
    async with database.read() as reader:
        assert await read_revision(reader) == 1
        async with database.write() as connection:
            await bump(connection)
        assert await read_revision(reader) == 1
    async with database.read() as reader:
        assert await read_revision(reader) == 2


async def test_a_reader_cannot_keep_what_it_writes(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)
    async with database.read() as reader:
        await bump(reader)
    async with database.read() as reader:
        assert await read_revision(reader) == 1


@pytest.mark.parametrize("moment", ["before the lock", "in the transaction", "while it is opened"])
async def test_who_gives_up_leaves_nothing_behind(database: Database, moment: str) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        begun.set()
        async with database.write() as connection:
            await bump(connection)
            await asyncio.sleep(3600)

    first = asyncio.create_task(write())
    await begun.wait()
    if moment != "while it is opened":
        await asyncio.sleep(0.3)
    second = asyncio.create_task(write()) if moment == "before the lock" else None
    await asyncio.sleep(0)
    for task in filter(None, (second, first)):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20), database.write() as connection:
        assert await read_revision(connection) == 0
        await bump(connection)


async def test_many_readers_and_writers_at_once(database: Database) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await bump(connection)

    async def read() -> int:
        async with database.read() as connection:
            return await read_revision(connection)

    await write()
    await asyncio.gather(*(one() for _ in range(40) for one in (write, read)))
    assert await read() == 41
