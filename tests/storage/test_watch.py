"""A running server notices what others have changed."""

import asyncio
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from voxwire.config import StorageSettings
from voxwire.errors import StorageError
from voxwire.storage.database import Database
from voxwire.storage.revision import bump
from voxwire.storage.watch import StoreWatch


class Reader:
    """Counts how often it was called; fails as long as it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False
        self.called = asyncio.Event()

    async def read(self) -> None:
        self.times += 1
        self.called.set()
        if self.fails:
            raise StorageError("unreachable", "gone")


@pytest.fixture
def other(database: Database) -> Database:
    """The same database, as another process has it."""
    return Database(database.settings)


async def change(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)


async def test_a_change_is_read_once(database: Database, other: Database) -> None:
    reader, watch = Reader(), StoreWatch(database)
    watch.subscribe(reader.read)
    await change(other)
    for _ in range(3):
        await watch.look()
    assert reader.times == 1
    await change(other)
    await watch.look()
    assert reader.times == 2
    await other.close()


async def test_a_database_that_appears_is_noticed_by_itself(database: Database, other: Database) -> None:
    reader, watch = Reader(), StoreWatch(database, period_s=0.01)
    watch.subscribe(reader.read)
    async with watch.running():
        if database.address.file is not None:
            assert reader.times == 0
        reader.called.clear()
        await change(other)
        await asyncio.wait_for(reader.called.wait(), 10)
    await other.close()


async def test_a_reader_that_failed_is_called_again(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    reader, watch = Reader(), StoreWatch(database, period_s=0.01)
    await change(database)
    watch.subscribe(reader.read)
    with caplog.at_level(logging.WARNING, "voxwire.storage"):
        async with watch.running():
            reader.fails = True
            await change(database)
            while reader.times < 4:
                reader.called.clear()
                await asyncio.wait_for(reader.called.wait(), 10)
            reader.fails = False
            reader.called.clear()
            await asyncio.wait_for(reader.called.wait(), 10)
            seen = reader.times
            await change(database)
            while reader.times == seen:  # so the look before it has ended, and said what it had to say
                reader.called.clear()
                await asyncio.wait_for(reader.called.wait(), 10)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_a_server_does_not_start_on_a_damaged_database(tmp_path: Path) -> None:
    file = tmp_path / "voxwire.db"
    file.write_bytes(b"no database at all" * 100)
    watch = StoreWatch(Database(StorageSettings(url=SecretStr(f"sqlite:///{file}"))))
    with pytest.raises(StorageError):
        await watch.look()
