"""The database is made when something is stored, and opened as it is otherwise."""

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
