"""Migrations lead from each released form, with data in it, to the tables that the program works with."""

import ast
import inspect
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from saved_releases import FOLDER, columns, dump, fill_every_table, load, rows
from sqlalchemy import Connection, text

from voxwire.errors import StorageError
from voxwire.storage import migrations, opening, schema
from voxwire.storage.database import Database
from voxwire.storage.migrations import RELEASED, REVISIONS, upgrade
from voxwire.storage.schema import METADATA

#: A migration as it could come: SQLite has to make the table anew, to which others refer.
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0002_next"
down_revision = "0001_initial"

def upgrade():
    with op.batch_alter_table("project", recreate="auto") as table:
        table.add_column(sa.Column("title", sa.Text(), nullable=False, server_default="none"))
        table.alter_column("created_at", existing_type=sa.BigInteger(), nullable=True)
"""


async def differences(database: Database) -> list[object]:
    """Between the tables of the database and those of the schema."""

    def compare(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    async with database.write() as connection:
        return await connection.run_sync(compare)


async def version(database: Database) -> str:
    async with database.read() as connection:
        return str(await connection.scalar(text("SELECT version_num FROM alembic_version")))


async def test_a_new_database_has_the_tables_of_the_schema(database: Database) -> None:
    assert await differences(database) == []
    assert await version(database) == REVISIONS[-1]


def test_the_tables_stand_in_the_order_of_the_alphabet() -> None:
    tree = ast.parse(inspect.getsource(schema))
    names = [node.targets[0].id for node in tree.body if isinstance(node, ast.Assign) and "_table" in ast.dump(node)]  # type: ignore[attr-defined]
    tables = [name for name in names if name.endswith("_table")]
    assert tables == sorted(tables, key=lambda name: name.removesuffix("_table"))


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked == list(reversed(REVISIONS))
    assert REVISIONS[: len(RELEASED)] == RELEASED


async def test_every_released_form_is_migrated_with_its_data(database: Database) -> None:
    kind = "sqlite" if database.address.file else "postgresql"
    assert {file.name for file in FOLDER.glob("*.sql")} == {
        f"{revision}.{name}.sql" for revision in RELEASED for name in ("sqlite", "postgresql")
    }
    for revision in RELEASED:
        load(database, (FOLDER / f"{revision}.{kind}.sql").read_text())
        assert await differences(database) == []
        found = await rows(database, columns())
        assert [name for name, there in found.items() if not there] == []


async def test_what_is_stored_survives_a_migration(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way of a released database: saved, loaded by a newer version, migrated. Foreign keys included."""
    await fill_every_table(database)
    before = await rows(database, columns())
    assert all(before.values())
    script = dump(database)
    await database.close()
    await forget_everything(database)
    load(database, script)
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "v0002_next.py").write_text(NEXT)
    monkeypatch.setattr(upgrade, "FOLDERS", [*upgrade.FOLDERS, folder])
    monkeypatch.setattr(opening, "REVISIONS", (*REVISIONS, "0002_next"))
    assert await version(database) == "0002_next"
    assert await rows(database, columns()) == before
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT title FROM project")) == "none"
    # Tables that refer to the one that was made anew still do.
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM project"))
        assert await connection.scalar(text("SELECT count(*) FROM session_chunk")) == 0


async def test_a_migration_that_fails_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_every_table(database)
    before = await rows(database, columns())
    await database.close()
    (tmp_path / "v0002_next.py").write_text(f"{NEXT}\n    op.execute('SELECT * FROM nowhere')\n")
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "FOLDERS", [*upgrade.FOLDERS, tmp_path])
        patch.setattr(opening, "REVISIONS", (*REVISIONS, "0002_next"))
        with pytest.raises(StorageError, match="cannot be used"):
            await version(database)
    assert await version(database) == REVISIONS[-1]
    assert await rows(database, columns()) == before
    assert await differences(database) == []


async def forget_everything(database: Database) -> None:
    if (file := database.address.file) is not None:
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
        return
    async with database.write() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await database.close()
