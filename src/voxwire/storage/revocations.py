"""Ephemeral keys that count no longer before their end: revoked, or used up."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from voxwire.storage.database import Database
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import revocation_table


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that counts no longer, by its id within its project. Times are milliseconds since 1970; nobody asks for
    it after `expires_at`."""

    id: str
    project: str
    revoked_at: int
    expires_at: int


class Revocations:
    """The revocations of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, revocation: Revocation, *, announce: bool) -> bool:
        """Keep one; False if it is there already. Those that nobody asks for any more are deleted. `announce`: other
        servers are to know of it before somebody asks them."""
        table = revocation_table
        try:
            async with self._database.write() as connection:
                await lock_project(connection, revocation.project, revocation.revoked_at)
                await connection.execute(delete(table).where(table.c.expires_at <= revocation.revoked_at))
                await connection.execute(
                    insert(table).values(
                        id=f"{revocation.project}/{revocation.id}",
                        project=revocation.project,
                        revoked_at=revocation.revoked_at,
                        expires_at=revocation.expires_at,
                    )
                )
                if announce:
                    await bump(connection)
        except IntegrityError:
            return False
        return True

    async def in_force(self, now: int) -> list[Revocation]:
        """Those that somebody may still ask for."""
        query = select(revocation_table).where(revocation_table.c.expires_at > now)
        async with self._database.read() as connection:
            found = await connection.execute(query)
            return [
                Revocation(row.id.removeprefix(f"{row.project}/"), row.project, row.revoked_at, row.expires_at)
                for row in found
            ]
