"""Databases as released versions left them, with a row in every table: how they are saved, and loaded again.

Before a release that has a new migration, name it in `voxwire.storage.migrations.RELEASED`, and type
`PYTHONPATH=tests/shared .venv/bin/python tests/storage/saved_releases.py`. It writes `releases/REVISION.sqlite.sql` and
`.postgresql.sql`.
"""

import asyncio
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from service_processes import PostgresServer, program
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, insert, select

from voxwire.config import StorageSettings
from voxwire.storage.database import Database
from voxwire.storage.migrations import REVISIONS
from voxwire.storage.schema import METADATA

FOLDER: Final = Path(__file__).parent / "releases"


async def fill_every_table(database: Database) -> None:
    """A row in each table that has none."""
    async with database.write() as connection:
        for table in METADATA.sorted_tables:
            if (await connection.execute(select(table))).first() is None:
                await connection.execute(insert(table).values(_row(table)))


async def rows(database: Database, tables: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in these columns of these tables."""
    found = {}
    async with database.read() as connection:
        for name, columns in tables.items():
            table = METADATA.tables[name]
            asked = select(*(table.c[column] for column in columns)).order_by(*table.primary_key.columns)
            found[name] = [tuple(row) for row in (await connection.execute(asked)).all()]
    return found


def columns() -> dict[str, list[str]]:
    """The tables as they are now, and their columns."""
    return {name: list(table.c.keys()) for name, table in METADATA.tables.items()}


def dump(database: Database) -> str:
    """The database as SQL."""
    if database.address.file is not None:
        with sqlite3.connect(database.address.file) as connection:
            script = "\n".join(connection.iterdump())
        connection.close()
        return script
    command = [program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", "--dbname", _url(database)]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Newer programs than the server write what older ones do not know.
    return "\n".join(line for line in dumped.splitlines() if not line.startswith(("\\", "SET ", "--")))


def load(database: Database, script: str) -> None:
    """Make the database of what `dump` gave."""
    if (file := database.address.file) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(file) as connection:
            connection.executescript(script)
        connection.close()
        return
    command = [program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", _url(database)]
    subprocess.run(command, input=script, text=True, check=True, stdout=subprocess.DEVNULL)


def _url(database: Database) -> str:
    url = database.settings.url
    assert url is not None
    return url.get_secret_value()


def _row(table: Table) -> dict[str, Any]:
    return {column.name: _value(column) for column in table.columns}


def _value(column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        return "local" if key.column.table.name == "project" else _value(key.column)
    match column.type:
        case Boolean():
            return False
        case Integer() | BigInteger():
            return 1
        case LargeBinary():
            return b"\x00row"
    return "row"


async def _save(url: str) -> None:
    database = Database(StorageSettings(url=SecretStr(url)))
    await fill_every_table(database)
    await database.close()
    kind = urlsplit(url).scheme
    file = FOLDER / f"{REVISIONS[-1]}.{kind}.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(dump(database))
    print(file)


def main() -> None:
    """Save today's form on both databases."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_save(f"sqlite:///{folder}/voxwire.db"))
    server = PostgresServer()
    try:
        server.start()
        asyncio.run(_save(server.new_database()))
    finally:
        server.close()


if __name__ == "__main__":
    main()
