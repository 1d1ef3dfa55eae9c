"""The migrations lead to the tables that the program works with."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from voxwire.storage.database import Database
from voxwire.storage.schema import METADATA


async def test_a_new_database_has_the_tables_of_the_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    async with database.write() as connection:
        assert await connection.run_sync(differences) == []


def test_the_tables_stand_in_the_order_of_the_alphabet() -> None:
    assert list(METADATA.tables) == sorted(METADATA.tables)
