"""`/admin/v1/projects`: whose keys, usage and conversations something is."""

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from voxwire.config import ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import LOCAL, Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import project_of
from voxwire.server.rest import ListOf, ListQuery, RestCall, RestModel, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage import projects as stored


class NewProject(RestModel):
    """A project to make. One is also made by its first key or deployment."""

    id: ResourceName


class ProjectAnswer(RestModel):
    """A project. `created_at` is in seconds since 1970; null for `local` as long as nothing is stored for it."""

    object: Literal["project"] = "project"
    id: str
    created_at: int | None


def project_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of projects."""
    handlers = _Projects(context)
    path, manage = "/admin/v1/projects", Permission.MANAGE_ACCESS
    return [
        RestRoute(
            "GET", path, manage, "List the projects", handlers.list, query=ListQuery, answer=ListOf[ProjectAnswer]
        ),
        RestRoute(
            "POST", path, manage, "Make a project", handlers.create, body=NewProject, answer=ProjectAnswer, status=201
        ),
        RestRoute("DELETE", f"{path}/{{id}}", manage, "Delete a project with all that is its", handlers.remove),
    ]  # fmt: skip


class _Projects:
    def __init__(self, context: AdminContext) -> None:
        self._database = context.database
        self._changed = context.changed

    async def list(self, call: RestCall[ListQuery]) -> ListOf[ProjectAnswer]:
        found = {LOCAL: ProjectAnswer(id=LOCAL, created_at=None)}
        found |= {one.id: _answer(one) for one in await (await self._store()).all()}
        if call.principal.project != LOCAL:
            own = call.principal.project
            found = {own: found[own]} if own in found else {}
        return list_page(sorted(found.values(), key=lambda one: one.id), call.query, lambda one: one.id)

    async def create(self, call: RestCall[None], body: NewProject) -> ProjectAnswer:
        project_of(call.principal, body.id)
        made = await (await self._store()).make(body.id, int(time.time() * 1000))
        await self._changed()
        return _answer(made)

    async def remove(self, call: RestCall[None]) -> None:
        id = project_of(call.principal, call.names["id"])
        if id == LOCAL:
            raise RequestRefused(
                409, "The project 'local' is the server's own and stays.", code="project_in_use", param="id"
            )
        if not await (await self._store()).remove(id, call.principal.id):
            raise RequestRefused(404, f"There is no project {id!r}.", code="project_not_found", param="id")
        await self._changed()

    async def _store(self) -> "stored.Projects":
        await asyncio.to_thread(import_module, "voxwire.storage.projects")
        from voxwire.storage.projects import Projects

        return Projects(self._database)


def _answer(project: "stored.StoredProject") -> ProjectAnswer:
    return ProjectAnswer(id=project.id, created_at=project.created_at // 1000)
