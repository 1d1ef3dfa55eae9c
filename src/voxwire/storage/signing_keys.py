"""Keys that sign ephemeral keys, encrypted with the master key."""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from voxwire.storage.database import Database
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import signing_key_table
from voxwire.storage.vault import Vault

_BYTES = 32
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of 32 bytes; `created_at` is in milliseconds since 1970."""

    id: str
    secret: bytes = field(repr=False)
    created_at: int


class SigningKeys:
    """The signing keys of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._vault = Vault(database)

    async def made_after(self, at: int) -> list[SigningKey]:
        """Those made after a time, in milliseconds since 1970."""
        query = select(signing_key_table).where(signing_key_table.c.created_at > at)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            SigningKey(row.id, await self._vault.unwrap(row.wrapped, row.master, _place(row.id)), row.created_at)
            for row in rows
        ]

    async def make(self, now: int, *, unless_after: int, gone: int) -> None:
        """Make a key, unless somebody has made one after `unless_after`; those made before `gone` are deleted."""
        id, secret = secrets.token_urlsafe(9), secrets.token_bytes(_BYTES)
        wrapped, master = await self._vault.wrap(secret, _place(id))
        table = signing_key_table
        async with self._database.write() as connection:
            await lock_project(connection, "local", now)  # one server at a time
            newer = select(table.c.id).where(table.c.created_at > unless_after).limit(1)
            if (await connection.execute(newer)).first() is not None:
                return
            await connection.execute(delete(table).where(table.c.created_at < gone))
            await connection.execute(
                insert(table).values(id=id, algorithm=_ALGORITHM, wrapped=wrapped, master=master, created_at=now)
            )
            await bump(connection)


def _place(id: str) -> str:
    return f"{signing_key_table.name}/{id}"
