"""Roles of those who sign in by somebody else's tokens: of users, groups and applications, by their ids there."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import role_assignment_table

AssigneeKind = Literal["user", "group", "application"]

#: Of all projects: a server holds all of them in memory.
MAX_ASSIGNMENTS: Final = 20_000


class AlreadyAssigned(Exception):
    """The same one has this role in this project already."""


class TooManyAssignments(Exception):
    """There are as many assignments as a server can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssignment:
    """Somebody has a role in a project. `subject` is the object id of a user (`oid`, or `sub` where there is none), of
    a group, or the id of an application. `created_at` is in milliseconds since 1970."""

    id: str
    project: str
    kind: AssigneeKind
    subject: str
    role: str
    created_at: int
    created_by: str


class RoleAssignments:
    """The assignments of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, assignment: RoleAssignment) -> None:
        """Keep an assignment; makes its project. Raises AlreadyAssigned, TooManyAssignments."""
        async with self._database.write() as connection:
            await lock_project(connection, assignment.project, assignment.created_at)
            count = select(func.count()).select_from(role_assignment_table)
            if (await connection.execute(count)).scalar_one() >= MAX_ASSIGNMENTS:
                raise TooManyAssignments
            columns = {name: getattr(assignment, name) for name in RoleAssignment.__slots__}
            try:
                await connection.execute(insert(role_assignment_table).values(**columns))
            except IntegrityError:
                raise AlreadyAssigned from None
            await record_decision(
                connection,
                project=assignment.project,
                principal=assignment.created_by,
                action="role.give",
                subject=assignment.subject,
                details={"id": assignment.id, "kind": assignment.kind, "role": assignment.role},
            )
            await bump(connection)

    async def remove(self, project: str, id: str, by: str) -> bool:
        """Take an assignment away; False if the project has none of this id."""
        async with self._database.write() as connection:
            mine = (role_assignment_table.c.project == project) & (role_assignment_table.c.id == id)
            removed = (await connection.execute(delete(role_assignment_table).where(mine))).rowcount > 0
            if removed:
                await record_decision(connection, project=project, principal=by, action="role.take", subject=id)
                await bump(connection)
            return removed

    async def all(self, project: str | None = None) -> list[RoleAssignment]:
        """Those of a project, or of all, by id."""
        query = select(role_assignment_table).order_by(role_assignment_table.c.id)
        if project is not None:
            query = query.where(role_assignment_table.c.project == project)
        async with self._database.read() as connection:
            return [_assignment(row) for row in await connection.execute(query)]


def _assignment(row: Row[Any]) -> RoleAssignment:
    return RoleAssignment(**{name: getattr(row, name) for name in RoleAssignment.__slots__})
