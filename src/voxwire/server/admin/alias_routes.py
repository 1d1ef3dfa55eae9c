"""`/admin/v1/aliases`: further names of deployments."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS
from voxwire.errors import RequestRefused
from voxwire.runtime import Permission, Principal
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.deployment_routes import Reason
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestReply, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.server.deployment_book import DeploymentBook
    from voxwire.storage.model_aliases import ModelAlias


class AliasTarget(RestModel):
    """What a name stands for."""

    deployment: Annotated[str, Field(min_length=1, max_length=200, description="A deployment that there is.")]
    reason: Reason = None


class AliasAnswer(RestModel):
    """A name that stands for a deployment. `built-in` ones are the official names of models; others win over them.
    `created_at` is in seconds since 1970."""

    object: Literal["alias"] = "alias"
    name: str
    deployment: str
    project: str | None
    source: Literal["built-in", "store"]
    created_at: int | None = None
    created_by: str | None = None


def alias_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of aliases."""
    handlers = _Aliases(context)
    path, read, manage = "/admin/v1/aliases", Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS
    return [
        RestRoute(
            "GET", path, read, "List the aliases", handlers.all, query=ListInProject, answer=ListOf[AliasAnswer]
        ),
        RestRoute(
            "PUT", f"{path}/{{name}}", manage, "Have a name stand for a deployment", handlers.point,
            query=InProject, body=AliasTarget, answer=AliasAnswer,
        ),
        RestRoute("DELETE", f"{path}/{{name}}", manage, "Delete an alias", handlers.remove, query=InProject),
    ]  # fmt: skip


class _Aliases:
    def __init__(self, context: AdminContext) -> None:
        self._context = context

    async def all(self, call: RestCall[ListInProject]) -> ListOf[AliasAnswer]:
        project = project_of(call.principal, call.query.project)
        default = self._context.settings.default_deployment
        found = {
            name: AliasAnswer(name=name, deployment=default, project=None, source="built-in")
            for name in (*REALTIME_MODELS, *TRANSCRIPTION_MODELS)
            if name not in self._context.settings.deployments
        }
        found |= {one.name: _answer(one) for one in await (await self._book()).aliases.all(project)}
        mine = [one for one in found.values() if call.principal.may_use(one.deployment)]
        return list_page(sorted(mine, key=lambda one: one.name), call.query, lambda one: one.name)

    async def point(self, call: RestCall[InProject], body: AliasTarget) -> RestReply:
        project = project_of(call.principal, call.query.project)
        await self._check_use(call.principal, project, call.names["name"], body.deployment)
        alias, new = await (await self._book()).point(
            project, call.names["name"], body.deployment, by=call.principal.id, reason=body.reason
        )
        await self._context.changed()
        return RestReply(content=_answer(alias), status=201 if new else 200)

    async def remove(self, call: RestCall[InProject]) -> None:
        project = project_of(call.principal, call.query.project)
        await self._check_use(call.principal, project, call.names["name"])
        await (await self._book()).unpoint(project, call.names["name"], by=call.principal.id)
        await self._context.changed()

    async def _check_use(self, principal: Principal, project: str, name: str, target: str | None = None) -> None:
        """Raises RequestRefused (403) unless the caller may use what the alias stands for now, and shall stand for."""
        if principal.deployments is None:
            return
        known = {alias.name: alias.deployment for alias in await (await self._book()).aliases.all(project)}
        for deployment in (known.get(name), target):
            if deployment is not None and not principal.may_use(deployment):
                raise RequestRefused(
                    403,
                    f"This key may not use the deployment {deployment!r}.",
                    code="deployment_not_allowed",
                    param="deployment",
                )

    async def _book(self) -> "DeploymentBook":
        await asyncio.to_thread(import_module, "voxwire.server.deployment_book")
        from voxwire.server.deployment_book import DeploymentBook

        return DeploymentBook(self._context.settings, self._context.database)


def _answer(alias: "ModelAlias") -> AliasAnswer:
    return AliasAnswer(
        name=alias.name,
        deployment=alias.deployment,
        project=alias.project,
        source="store",
        created_at=alias.created_at // 1000,
        created_by=alias.created_by,
    )
