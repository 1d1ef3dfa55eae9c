"""Giving and taking roles of those who sign in elsewhere: what the command line and REST have in common."""

import time
from collections.abc import Callable

from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, new_id
from voxwire.storage.database import Database
from voxwire.storage.role_assignments import (
    MAX_ASSIGNMENTS,
    AlreadyAssigned,
    AssigneeKind,
    RoleAssignment,
    RoleAssignments,
    TooManyAssignments,
)


class RoleBook:
    """The role assignments of a database. All raise StorageError."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.assignments = RoleAssignments(database)
        self._clock = clock

    async def give(
        self, *, project: str, kind: AssigneeKind, subject: str, role: AccessRole, by: str
    ) -> RoleAssignment:
        """Give a role. Raises RequestRefused (409) where it was given already."""
        assignment = RoleAssignment(
            id=new_id("role"),
            project=project,
            kind=kind,
            subject=subject,
            role=role.value,
            created_at=int(self._clock() * 1000),
            created_by=by,
        )
        try:
            await self.assignments.add(assignment)
        except AlreadyAssigned:
            raise RequestRefused(
                409, f"This {kind} has the role {role.value} already.", code="role_assignment_exists"
            ) from None
        except TooManyAssignments:
            raise RequestRefused(
                409,
                f"There are {MAX_ASSIGNMENTS} role assignments, which is the limit: take some away.",
                code="too_many_role_assignments",
            ) from None
        return assignment

    async def take(self, project: str, id: str, *, by: str) -> None:
        """Take a role away. Raises RequestRefused (404)."""
        if not await self.assignments.remove(project, id, by):
            raise RequestRefused(
                404,
                f"The project {project!r} has no role assignment {id!r}.",
                code="role_assignment_not_found",
                param="id",
            )
