"""Projects: whose keys, deployments, usage and conversations something is. They are made by their first use."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.revision import bump
from voxwire.storage.schema import project_table


@dataclass(frozen=True, slots=True)
class StoredProject:
    """A project; `created_at` in milliseconds since 1970."""

    id: str
    created_at: int


class Projects:
    """The projects of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredProject]:
        """All of them, by id."""
        async with self._database.read() as connection:
            found = await connection.execute(select(project_table).order_by(project_table.c.id))
            return [StoredProject(row.id, row.created_at) for row in found]

    async def make(self, id: str, now: int) -> StoredProject:
        """Make a project, if there is none of this id."""
        async with self._database.write() as connection:
            await lock_project(connection, id, now)
            row = (await connection.execute(select(project_table).where(project_table.c.id == id))).one()
            return StoredProject(row.id, row.created_at)

    async def remove(self, id: str, by: str) -> bool:
        """Delete a project with everything that is its; False if there is none."""
        async with self._database.write() as connection:
            removed = (await connection.execute(delete(project_table).where(project_table.c.id == id))).rowcount > 0
            if removed:
                await record_decision(connection, project=id, principal=by, action="project.delete", subject=id)
                await bump(connection)
            return removed


async def lock_project(connection: AsyncConnection, id: str, now: int) -> None:
    """Have a project for the rest of this transaction, made if it is missing: nobody else changes what is its."""
    locked = select(project_table.c.id).where(project_table.c.id == id).with_for_update()
    if (await connection.execute(locked)).first() is None:
        try:
            async with connection.begin_nested():
                await connection.execute(insert(project_table).values(id=id, created_at=now))
        except IntegrityError:  # somebody else has just made it
            await connection.execute(locked)
