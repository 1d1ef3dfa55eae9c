"""Databases that cannot be used: what is said, and that nothing is overwritten."""

import asyncio
import logging
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from service_processes import PostgresServer, free_port
from sqlalchemy import event, insert, text
from storage_troubles import held, small_files

from voxwire.config import StorageSettings
from voxwire.errors import StorageError
from voxwire.storage import connections
from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.revision import bump, read_revision
from voxwire.storage.schema import project_table


@pytest.fixture(autouse=True)
async def refusals_told() -> AsyncIterator[None]:
    """The thread of a connection that could not be made tells the loop so that it ends, and nobody waits for that: here
    the loop, which ends with the test, does."""
    yield
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "voxwire.db"


class Given:
    """A file of the test's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def point_to_itself(self) -> None:
        self.path.symlink_to(self.path)

    def delete(self) -> None:
        for part in self.path.parent.glob(f"{self.path.name}*"):
            part.unlink()

    @content.setter
    def content(self, data: bytes) -> None:
        self.path.write_bytes(data)


@pytest.fixture
def given(file: Path) -> Given:
    return Given(file)


@pytest.fixture
async def sqlite(file: Path) -> AsyncIterator[Database]:
    database = Database(StorageSettings(url=SecretStr(f"sqlite:///{file}")))
    yield database
    await database.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_S", 0.3)


async def fill(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)


async def revision(database: Database) -> int:
    async with database.read() as connection:
        return await read_revision(connection)


async def trouble(database: Database) -> StorageError:
    """What is said, by a reader and by a writer."""
    with pytest.raises(StorageError) as reading:
        await revision(database)
    with pytest.raises(StorageError) as writing:
        await fill(database)
    assert reading.value.kind == writing.value.kind
    return writing.value


class TestWrongFile:
    async def test_what_is_no_database(self, sqlite: Database, given: Given) -> None:
        given.content = b"Dear diary, " * 1000
        error = await trouble(sqlite)
        assert (error.kind, error.passing) == ("corrupt", False)
        assert str(given.path) in str(error)
        assert "backup" in str(error)
        assert given.content == b"Dear diary, " * 1000

    async def test_a_damaged_one(self, sqlite: Database, given: Given) -> None:
        async with sqlite.write() as connection:
            for number in range(300):
                row = {"id": f"p{number}", "created_at": number}
                await connection.execute(insert(project_table).values(row))
        await sqlite.close()
        damaged = given.content[:4096].ljust(len(given.content), b"\xa5")
        given.content = damaged
        assert (await trouble(sqlite)).kind == "corrupt"
        assert given.content == damaged

    async def test_that_of_another_program(self, sqlite: Database, file: Path) -> None:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.close()
        error = await trouble(sqlite)
        assert (error.kind, "another program" in str(error)) == ("refused", True)
        with sqlite3.connect(file) as other:
            assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
        other.close()

    async def test_a_folder(self, tmp_path: Path) -> None:
        database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}")))
        error = await trouble(database)
        assert (error.kind, "It is a folder" in str(error)) == ("refused", True)

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        Given(tmp_path / "taken").content = b"a file"
        database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/taken/voxwire.db")))
        with pytest.raises(StorageError, match=r"taken/voxwire\.db cannot be used"):
            await fill(database)

    async def test_one_that_may_be_there_is_not_taken_for_nothing(self, sqlite: Database, given: Given) -> None:
        given.point_to_itself()
        with pytest.raises(StorageError, match="cannot be used"):
            await sqlite.exists()
        assert (await trouble(sqlite)).kind == "refused"

    async def test_a_newer_one(self, database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0099_later'"))
        await database.close()
        error = await trouble(database)
        assert error.kind == "newer"
        assert "newer version of Voxwire (0099_later)" in str(error)

    async def test_an_empty_file_becomes_one(self, sqlite: Database, given: Given) -> None:
        """As a start leaves it that was interrupted at the very beginning."""
        given.content = b""
        await fill(sqlite)
        assert await revision(sqlite) == 1


class TestMovedFile:
    async def test_what_was_deleted_is_nothing_and_begins_anew(self, sqlite: Database, given: Given) -> None:
        await fill(sqlite)
        assert await revision(sqlite) == 1
        given.delete()
        assert not await sqlite.exists()
        assert await revision(sqlite) == 0
        await fill(sqlite)
        await sqlite.close()
        assert await revision(sqlite) == 1

    async def test_one_that_was_put_in_its_place_is_opened(
        self, sqlite: Database, given: Given, tmp_path: Path
    ) -> None:
        other = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/other.db")))
        for _ in range(3):
            await fill(other)
        await other.close()
        await fill(sqlite)
        given.delete()
        Given(tmp_path / "other.db").path.rename(given.path)
        assert await revision(sqlite) == 3


class TestLocked:
    async def test_reading_goes_on_and_writing_says_why_not(
        self, sqlite: Database, file: Path, impatient: None
    ) -> None:
        await fill(sqlite)
        with held(file):
            assert await revision(sqlite) == 1
            with pytest.raises(StorageError, match="Another program holds a lock") as caught:
                await fill(sqlite)
            assert (caught.value.kind, caught.value.passing) == ("locked", True)
        await fill(sqlite)
        assert await revision(sqlite) == 2

    @pytest.mark.parametrize("file_is", ["new", "in use"])
    async def test_a_lock_that_ends_soon_is_waited_for(self, sqlite: Database, file: Path, file_is: str) -> None:
        if file_is == "in use":
            await fill(sqlite)
            await sqlite.close()
        with held(file, "writers" if file_is == "in use" else "newcomers") as release:
            writing = asyncio.create_task(fill(sqlite))
            await asyncio.sleep(0.2)
            assert not writing.done()
            release()
            await writing
        assert await revision(sqlite) == (2 if file_is == "in use" else 1)

    async def test_a_new_file_that_stays_locked(self, sqlite: Database, file: Path, impatient: None) -> None:
        with held(file, "newcomers"):
            assert (await trouble(sqlite)).kind == "locked"
        await fill(sqlite)

    async def test_several_that_make_the_file_at_once_take_turns(self, sqlite: Database) -> None:
        databases = [Database(sqlite.settings) for _ in range(6)]
        await asyncio.gather(*map(fill, databases))
        assert await revision(sqlite) == 6
        for database in databases:
            await database.close()

    async def test_writers_of_several_processes_take_turns(self, sqlite: Database, file: Path) -> None:
        others = [Database(sqlite.settings) for _ in range(4)]
        await asyncio.gather(*(fill(database) for database in [sqlite, *others] for _ in range(5)))
        assert await revision(sqlite) == 25
        for other in others:
            await other.close()


class TestFull:
    @pytest.mark.parametrize("how", ["small files", "full disk"])
    async def test_nothing_of_the_transaction_is_stored_and_later_it_goes_on(self, sqlite: Database, how: str) -> None:
        await fill(sqlite)
        async with nothing_grows() if how == "small files" else full_disk(sqlite):
            with pytest.raises(StorageError) as caught:
                await write_much(sqlite)
            assert (caught.value.kind, caught.value.passing) == ("full", True)
            assert await revision(sqlite) == 1
        await write_much(sqlite)
        assert await revision(sqlite) == 2


class TestPostgres:
    async def test_a_server_that_is_gone_and_comes_back(self, postgres: PostgresServer) -> None:
        database = Database(StorageSettings(url=SecretStr(postgres.new_database())))
        await fill(database)
        postgres.kill()
        error = await trouble(database)
        assert (error.kind, error.passing) == ("unreachable", True)
        postgres.start()
        await fill(database)
        assert await revision(database) == 2
        await database.close()

    async def test_one_that_stands_still_holds_up_no_end(
        self, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("voxwire.storage.database._GOODBYE_S", 0.3)
        database = Database(StorageSettings(url=SecretStr(postgres.new_database())))
        await fill(database)
        with postgres.frozen():
            async with asyncio.timeout(5):
                await database.close()
        assert await revision(database) == 1
        await database.close()

    async def test_one_that_never_was_there(self) -> None:
        url = f"postgresql://voxwire:s3cret@127.0.0.1:{free_port()}/voxwire"
        database = Database(StorageSettings(url=SecretStr(url)))
        error = await trouble(database)
        assert error.kind == "unreachable"
        assert "s3cret" not in f"{error!r} {error}"

    @pytest.mark.parametrize("wrong", ["password", "database"])
    async def test_wrong_words_in_the_address(
        self, postgres: PostgresServer, wrong: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        url = postgres.new_database()
        url = url.replace(postgres.password, "s3cret") if wrong == "password" else url[:-1] + "_missing"
        database = Database(StorageSettings(url=SecretStr(url)))
        error = await trouble(database)
        assert (error.kind, wrong in str(error)) == ("refused", True)
        said = f"{error!r} {error} {caplog.text} {database.address!r} {database.settings!r}"
        assert "s3cret" not in said
        assert postgres.password not in said

    async def test_without_its_driver_it_says_what_to_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "asyncpg", None)
        database = Database(StorageSettings(url=SecretStr("postgresql://u@127.0.0.1/voxwire")))
        with pytest.raises(StorageError, match=r"pip install 'voxwire\[postgres\]'"):
            await fill(database)

    async def test_a_table_of_ours_in_a_database_of_others(self, postgres: PostgresServer) -> None:
        url = postgres.new_database()
        postgres.execute("CREATE TABLE usage (id int)", url)
        database = Database(StorageSettings(url=SecretStr(url)))
        assert "'usage'" in str(await trouble(database))

    async def test_other_tables_beside_ours_do_not_matter(self, postgres: PostgresServer) -> None:
        url = postgres.new_database()
        postgres.execute("CREATE TABLE bookmarks (url text)", url)
        database = Database(StorageSettings(url=SecretStr(url)))
        await fill(database)
        await database.close()

    async def test_servers_that_start_at_once_make_one(self, postgres: PostgresServer) -> None:
        settings = StorageSettings(url=SecretStr(postgres.new_database()))
        databases = [Database(settings) for _ in range(4)]
        await asyncio.gather(*map(fill, databases))
        assert await revision(databases[0]) == 4
        for database in databases:
            await database.close()


async def write_much(database: Database) -> None:
    async with database.write() as connection:
        await bump(connection)
        for number in range(40):
            await record_decision(
                connection,
                project="local",
                principal="p",
                action="test",
                subject=str(number),
                details={"text": "x" * 10_000},
            )


@asynccontextmanager
async def nothing_grows() -> AsyncIterator[None]:
    with small_files():
        yield


@asynccontextmanager
async def full_disk(database: Database) -> AsyncIterator[None]:
    """SQLite takes no further page, as if the disk had none."""
    assert database._engine is not None
    engine = database._engine

    def connected(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count=1")  # SQLite takes the present size where that is larger
        cursor.close()

    await engine.dispose()
    event.listen(engine.sync_engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "connect", connected)
        await engine.dispose()
