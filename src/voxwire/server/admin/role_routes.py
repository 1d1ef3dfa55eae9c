"""`/admin/v1/role-assignments`: roles of those who sign in by tokens of an identity provider."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from voxwire.runtime import AccessRole, Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.admin.key_routes import RoleField
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.auth.management import RoleBook
    from voxwire.storage.role_assignments import RoleAssignment


class NewRoleAssignment(RestModel):
    """A role to give."""

    kind: Literal["user", "group", "application"]
    subject: Annotated[
        str,
        StringConstraints(pattern=r"^[!-~]{1,256}$"),
        Field(
            description="The id at the identity provider: of the user (`oid`, or `sub`), the group, the application."
        ),
    ]
    role: RoleField


class RoleAssignmentAnswer(NewRoleAssignment):
    """A role that was given. `created_at` is in seconds since 1970."""

    object: Literal["role_assignment"] = "role_assignment"
    id: str
    project: str
    created_at: int
    created_by: str


def role_assignment_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of role assignments."""
    handlers = _RoleAssignments(context)
    path, manage = "/admin/v1/role-assignments", Permission.MANAGE_ACCESS
    return [
        RestRoute(
            "GET", path, manage, "List the role assignments", handlers.list,
            query=ListInProject, answer=ListOf[RoleAssignmentAnswer],
        ),
        RestRoute(
            "POST", path, manage, "Give a role", handlers.create,
            query=InProject, body=NewRoleAssignment, answer=RoleAssignmentAnswer, status=201,
        ),
        RestRoute("DELETE", f"{path}/{{id}}", manage, "Take a role away", handlers.remove, query=InProject),
    ]  # fmt: skip


class _RoleAssignments:
    def __init__(self, context: AdminContext) -> None:
        self._database = context.database
        self._changed = context.changed

    async def list(self, call: RestCall[ListInProject]) -> ListOf[RoleAssignmentAnswer]:
        found = await (await self._book()).assignments.all(project_of(call.principal, call.query.project))
        return list_page(map(_answer, found), call.query, lambda assignment: assignment.id)

    async def create(self, call: RestCall[InProject], body: NewRoleAssignment) -> RoleAssignmentAnswer:
        assignment = await (await self._book()).give(
            project=project_of(call.principal, call.query.project),
            kind=body.kind,
            subject=body.subject,
            role=body.role,
            by=call.principal.id,
        )
        await self._changed()
        return _answer(assignment)

    async def remove(self, call: RestCall[InProject]) -> None:
        project = project_of(call.principal, call.query.project)
        await (await self._book()).take(project, call.names["id"], by=call.principal.id)
        await self._changed()

    async def _book(self) -> "RoleBook":
        await asyncio.to_thread(import_module, "voxwire.auth.management")
        from voxwire.auth.management import RoleBook

        return RoleBook(self._database)


def _answer(assignment: "RoleAssignment") -> RoleAssignmentAnswer:
    return RoleAssignmentAnswer(
        id=assignment.id,
        project=assignment.project,
        kind=assignment.kind,
        subject=assignment.subject,
        role=AccessRole(assignment.role),
        created_at=assignment.created_at // 1000,
        created_by=assignment.created_by,
    )
