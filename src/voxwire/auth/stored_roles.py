"""Stored role assignments, in memory: what those may do who sign in by somebody else's tokens."""

import asyncio
from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING

from voxwire.storage.database import Database

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.role_assignments import AssigneeKind, RoleAssignment


class StoredRoles:
    """All assignments of the database. `reload` brings what has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assignments: dict[tuple[str, str], tuple[RoleAssignment, ...]] = {}

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.role_assignments")
        from voxwire.storage.role_assignments import RoleAssignments

        found: defaultdict[tuple[str, str], list[RoleAssignment]] = defaultdict(list)
        for assignment in await RoleAssignments(self._database).all():
            found[assignment.kind, assignment.subject].append(assignment)
        self._assignments = {who: tuple(assignments) for who, assignments in found.items()}

    def of(self, kind: "AssigneeKind", subject: str) -> "tuple[RoleAssignment, ...]":
        """What a user, a group or an application was given, in whichever projects."""
        return self._assignments.get((kind, subject), ())
