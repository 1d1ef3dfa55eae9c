"""What is stored encrypted: who can read it, and who no longer."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from service_processes import PostgresServer
from sqlalchemy import insert, select, update

from voxwire.config import StorageSettings
from voxwire.errors import StorageError
from voxwire.storage import vault
from voxwire.storage.database import Database
from voxwire.storage.projects import Projects
from voxwire.storage.schema import METADATA, data_key_table, signing_key_table
from voxwire.storage.vault import Vault

PLACE = "session_chunk/sess_1/7"
WORDS = b"My name is Ada."


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture
async def with_key(database: Database) -> AsyncIterator[Callable[[str], Vault]]:
    """The same database, as a server with another master key sees it."""
    opened: list[Database] = []

    def open_with(secret_key: str) -> Vault:
        opened.append(Database(database.settings.model_copy(update={"secret_key": SecretStr(secret_key)})))
        return Vault(opened[-1])

    yield open_with
    for one in opened:
        await one.close()


class TestProjectKeys:
    async def test_what_one_process_has_sealed_another_one_opens(self, database: Database) -> None:
        sealed = (await Vault(database).key("local")).seal(WORDS, PLACE)
        assert WORDS not in sealed
        again = await Vault(database).existing_key("local")
        assert again is not None
        assert again.open(sealed, PLACE) == WORDS

    async def test_each_project_has_its_own(self, database: Database) -> None:
        keys = Vault(database)
        sealed = (await keys.key("local")).seal(WORDS, PLACE)
        other = await keys.key("another")
        with pytest.raises(StorageError, match="cannot be decrypted"):
            other.open(sealed, PLACE)
        assert [project.id for project in await Projects(database).all()] == ["another", "local"]

    async def test_what_is_sealed_belongs_to_its_row(self, database: Database) -> None:
        one = await Vault(database).key("local")
        sealed = one.seal(WORDS, PLACE)
        with pytest.raises(StorageError, match="session_chunk/sess_1/8 cannot be decrypted"):
            one.open(sealed, "session_chunk/sess_1/8")
        with pytest.raises(StorageError, match="cannot be decrypted"):
            one.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), PLACE)
        with pytest.raises(StorageError, match="cannot be decrypted"):
            one.open(b"", PLACE)
        assert one.seal(WORDS, PLACE) != sealed

    async def test_a_deleted_key_takes_the_data_along(self, database: Database) -> None:
        keys, elsewhere = Vault(database), Vault(database)
        sealed = (await keys.key("local")).seal(WORDS, PLACE)
        await elsewhere.key("local")
        async with database.write() as connection:
            assert await keys.delete_key(connection, "local")
            assert not await keys.delete_key(connection, "local")
        assert await keys.existing_key("local") is None
        assert await elsewhere.existing_key("local") is None
        with pytest.raises(StorageError, match="its key was deleted"):
            (await keys.key("local")).open(sealed, PLACE)

    async def test_a_deleted_project_takes_its_key_along(self, database: Database) -> None:
        await Vault(database).key("short-lived")
        await Projects(database).remove("short-lived", "somebody")
        assert await Vault(database).existing_key("short-lived") is None

    async def test_servers_that_need_it_at_once_make_one(self, database: Database) -> None:
        keys = await asyncio.gather(*(Vault(database).key("local") for _ in range(8)))
        assert len({one.key for one in keys}) == 1

    async def test_the_keys_of_two_rows_cannot_be_exchanged(self, database: Database) -> None:
        """Whoever may write to the database, and has no master key, cannot give a project the key of another."""
        keys = Vault(database)
        await keys.key("local")
        await keys.key("another")
        async with database.write() as connection:
            wrapped = await connection.scalar(
                select(data_key_table.c.wrapped).where(data_key_table.c.project == "local")
            )
            await connection.execute(
                update(data_key_table).where(data_key_table.c.project == "another").values(wrapped=wrapped)
            )
        with pytest.raises(StorageError, match="data_key/another cannot be decrypted"):
            await Vault(database).existing_key("another")


class TestMasterKey:
    async def test_what_was_sealed_with_another_one_stays_closed(
        self, database: Database, with_key: Callable[[str], Vault]
    ) -> None:
        await Vault(database).key("local")
        with pytest.raises(StorageError, match=r"another master key .* storage\.secret_key"):
            await with_key(key("b")).existing_key("local")

    async def test_it_can_be_changed(self, database: Database, with_key: Callable[[str], Vault]) -> None:
        """By settings: the new one before the old one, then `rotate_master`, then the new one alone."""
        old = with_key(key("a"))
        sealed = (await old.key("local")).seal(WORDS, PLACE)
        wrapped, master = await old.wrap(b"secret", "signing_key/one")
        async with database.write() as connection:
            row = {"id": "one", "algorithm": "HS256", "wrapped": wrapped, "master": master, "created_at": 0}
            await connection.execute(insert(signing_key_table).values(row))
        assert await with_key(f"{key('b')}, {key('a')}").rotate_master() == 2
        new = with_key(key("b"))
        opened = await new.existing_key("local")
        assert opened is not None
        assert opened.open(sealed, PLACE) == WORDS
        async with database.read() as connection:
            kept = (await connection.execute(select(signing_key_table))).one()
        assert await new.unwrap(kept.wrapped, kept.master, "signing_key/one") == b"secret"
        with pytest.raises(StorageError, match="another master key"):
            await with_key(key("a")).existing_key("local")

    @pytest.mark.parametrize("wrong", ["", "short", "ä" * 44, key("a")[:-4], f"{key('a')},x"])
    async def test_a_wrong_one_is_refused(self, with_key: Callable[[str], Vault], wrong: str) -> None:
        with pytest.raises(StorageError, match=r"storage\.secret_key is no master key: that is 32 bytes") as caught:
            await with_key(wrong).key("local")
        assert key("a")[:20] not in str(caught.value)

    async def test_postgresql_needs_one(self, postgres: PostgresServer) -> None:
        database = Database(StorageSettings(url=SecretStr(postgres.new_database())))
        try:
            with pytest.raises(StorageError, match=r"set storage\.secret_key .* `openssl rand -base64 32"):
                await Vault(database).key("local")
        finally:
            await database.close()


def test_a_new_master_key_is_for_everything_that_the_old_one_has_encrypted() -> None:
    tables = {table.name for table in METADATA.tables.values() if {"wrapped", "master"} <= set(table.c.keys())}
    assert {key.table.name for key in vault._WRAPPED} == tables


class TestKeyFile:
    @pytest.fixture
    async def beside(self, tmp_path: Path) -> AsyncIterator[Database]:
        database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/store/voxwire.db")))
        yield database
        await database.close()

    async def test_it_is_made_with_the_first_key_and_for_its_owner_alone(self, beside: Database) -> None:
        file = Path(beside.address.shown).with_suffix(".key")
        assert await Vault(beside).existing_key("local") is None
        assert not file.exists()
        await Vault(beside).key("local")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [one.name for one in file.parent.glob("*.key*")] == ["voxwire.key"]

    async def test_without_it_nothing_is_readable(self, beside: Database) -> None:
        await Vault(beside).key("local")
        file = Path(beside.address.shown).with_suffix(".key")
        file.rename(file.with_suffix(".moved"))
        with pytest.raises(StorageError, match="another master key"):
            await Vault(beside).existing_key("local")
        file.write_text("not a key\n")
        with pytest.raises(StorageError, match=r"voxwire\.key is no master key"):
            await Vault(beside).existing_key("local")

    async def test_a_deleted_key_is_nowhere_in_the_file(self, beside: Database) -> None:
        await Vault(beside).key("local")
        async with beside.read() as connection:
            wrapped = await connection.scalar(select(data_key_table.c.wrapped))
        await beside.close()
        file = beside.address.file
        assert file is not None
        assert wrapped in file.read_bytes()
        async with beside.write() as connection:
            await Vault(beside).delete_key(connection, "local")
        await beside.close()
        assert [one for one in file.parent.iterdir() if wrapped in one.read_bytes()] == []

    async def test_it_can_be_changed_while_servers_run(self, beside: Database) -> None:
        running, command = Vault(beside), Vault(beside)
        sealed = (await running.key("local")).seal(WORDS, PLACE)
        file = Path(beside.address.shown).with_suffix(".key")
        before = file.read_text()
        assert await command.rotate_master() == 1
        new, old = file.read_text().split()
        assert (new != old, old) == (True, before.strip())
        # A key that the running server makes now is encrypted with the new one, though nobody told it.
        await running.key("another")
        file.write_text(f"{new}\n")  # as somebody does who needs no older backup
        for project in ("local", "another"):
            assert await Vault(beside).existing_key(project) is not None
        opened = await Vault(beside).existing_key("local")
        assert opened is not None
        assert opened.open(sealed, PLACE) == WORDS
