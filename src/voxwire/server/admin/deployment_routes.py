"""`/admin/v1/deployments`: named deployments, those of the settings file and those that are stored."""

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from voxwire.config import DeploymentSettings, ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import Hosted, Permission, Principal
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestReply, RestRoute, list_page
from voxwire.transports.request import Request

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.server.deployment_book import DeploymentBook
    from voxwire.storage.deployments import StoredDeployment

Reason = Annotated[str | None, Field(max_length=500, description="Why; it is kept with the decision.")]
Status = Literal["ready", "starting", "failing", "disabled"]


class NewDeployment(DeploymentSettings):
    """A deployment to make: its name, and the same settings as in the settings file."""

    name: ResourceName
    reason: Reason = None


class DeploymentChange(DeploymentSettings):
    """Settings to change; all others stay. Null takes one away."""

    reason: Reason = None


class DeploymentAnswer(DeploymentSettings):
    """A deployment: its settings, secrets masked, and how it is now. Times are seconds since 1970."""

    object: Literal["deployment"] = "deployment"
    name: str
    project: Annotated[str | None, Field(description="Whose it is; null is everybody's.")]
    source: Annotated[Literal["settings", "store"], Field(description="The settings file, or this API and the CLI.")]
    status: Status
    hides_stored: Annotated[
        bool, Field(description="One of the settings file wins over a stored one of the same name.")
    ] = False
    failed: Annotated[str | None, Field(description="The kind of engine that does not start.")] = None
    why: Annotated[str | None, Field(description="For those who manage deployments: why it is not ready.")] = None
    label: Annotated[str | None, Field(description="What answers, in words.")] = None
    etag: Annotated[str | None, Field(description="Tells forms apart; for If-Match.")] = None
    created_at: int | None = None
    updated_at: int | None = None
    created_by: str | None = None


def deployment_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of deployments."""
    handlers = _Deployments(context)
    path, read, manage = "/admin/v1/deployments", Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS
    return [
        RestRoute(
            "GET", path, read, "List the deployments", handlers.all,
            query=ListInProject, answer=ListOf[DeploymentAnswer],
        ),
        RestRoute(
            "POST", path, manage, "Make a deployment", handlers.create,
            query=InProject, body=NewDeployment, answer=DeploymentAnswer, status=201,
        ),
        RestRoute(
            "GET", f"{path}/{{name}}", read, "Show a deployment", handlers.show,
            query=InProject, answer=DeploymentAnswer,
        ),
        RestRoute(
            "PATCH", f"{path}/{{name}}", manage, "Change a deployment (If-Match: the form that was seen)",
            handlers.update, query=InProject, body=DeploymentChange, answer=DeploymentAnswer,
        ),
        RestRoute(
            "DELETE", f"{path}/{{name}}", manage, "Delete a deployment; its sessions go on to their end",
            handlers.delete, query=InProject,
        ),
    ]  # fmt: skip


class DeploymentViews:
    """What there is to say of deployments, to whom."""

    def __init__(self, context: AdminContext) -> None:
        self._context = context
        self._directory = context.service.directory
        self._declared = frozenset(context.settings.declared_deployments)

    async def of(self, principal: Principal, project: str) -> list[DeploymentAnswer]:
        """Those of the project and those of everybody that this principal may use."""
        stored = {one.name: one for one in await (await self.book()).deployments.all(project)}
        answers = [self.stored(principal, one) for one in stored.values() if one.name not in self._declared]
        answers += [
            self._declared_one(principal, name, settings, hides=name in stored)
            for name, settings in self._context.settings.deployments.items()
            if name in self._declared or name not in stored
        ]
        return [answer for answer in answers if principal.may_use(answer.name)]

    def stored(self, principal: Principal, stored: "StoredDeployment") -> DeploymentAnswer:
        from voxwire.server.deployment_book import entity_tag

        hosted = self._directory.exactly(stored.name, stored.project)
        facts: dict[str, Any] = {
            "project": stored.project,
            "source": "store",
            "etag": entity_tag(stored),
            "created_at": stored.created_at // 1000,
            "updated_at": stored.updated_at // 1000,
            "created_by": stored.created_by,
        }
        if stored.settings is None:
            facts |= {"status": "failing", "why": _for(principal, stored.fault)}
        else:
            facts |= _state(principal, hosted)
        return _answer(stored.name, stored.settings or DeploymentSettings(), facts)

    def _declared_one(
        self, principal: Principal, name: str, settings: DeploymentSettings, *, hides: bool
    ) -> DeploymentAnswer:
        state = _state(principal, self._directory.exactly(name, None))
        return _answer(name, settings, {"project": None, "source": "settings", "hides_stored": hides, **state})

    async def book(self) -> "DeploymentBook":
        """For changes."""
        await asyncio.to_thread(import_module, "voxwire.server.deployment_book")
        from voxwire.server.deployment_book import DeploymentBook

        return DeploymentBook(self._context.settings, self._context.database)


class _Deployments:
    def __init__(self, context: AdminContext) -> None:
        self._views = DeploymentViews(context)
        self._changed = context.changed

    async def all(self, call: RestCall[ListInProject]) -> ListOf[DeploymentAnswer]:
        found = await self._views.of(call.principal, project_of(call.principal, call.query.project))
        return list_page(sorted(found, key=lambda one: one.name), call.query, lambda one: one.name)

    async def show(self, call: RestCall[InProject]) -> RestReply:
        name, project = call.names["name"], project_of(call.principal, call.query.project)
        for answer in await self._views.of(call.principal, project):
            if answer.name == name:
                return RestReply(content=answer, headers={"etag": answer.etag} if answer.etag else {})
        raise RequestRefused(404, f"There is no deployment {name!r}.", code="deployment_not_found", param="name")

    async def create(self, call: RestCall[InProject], body: NewDeployment) -> RestReply:
        self._check_use(call.principal, body.name)
        project = project_of(call.principal, call.query.project)
        settings = DeploymentSettings.model_validate(body.model_dump(exclude_unset=True, exclude={"name", "reason"}))
        made = await (await self._views.book()).create(
            project,
            body.name,
            settings,
            by=call.principal.id,
            reason=body.reason,
            trusted=call.principal.may(Permission.MANAGE_ACCESS),
        )
        return await self._told(call.principal, made)

    async def update(self, call: RestCall[InProject], body: DeploymentChange) -> RestReply:
        self._check_use(call.principal, call.names["name"])
        changes = DeploymentSettings.model_validate(body.model_dump(exclude_unset=True, exclude={"reason"}))
        changed = await (await self._views.book()).update(
            project_of(call.principal, call.query.project),
            call.names["name"],
            changes,
            by=call.principal.id,
            tags=_tags(call.request),
            reason=body.reason,
            trusted=call.principal.may(Permission.MANAGE_ACCESS),
        )
        return await self._told(call.principal, changed)

    async def delete(self, call: RestCall[InProject]) -> None:
        self._check_use(call.principal, call.names["name"])
        await (await self._views.book()).delete(
            project_of(call.principal, call.query.project),
            call.names["name"],
            by=call.principal.id,
            tags=_tags(call.request),
        )
        await self._changed()

    async def _told(self, principal: Principal, stored: "StoredDeployment") -> RestReply:
        await self._changed()
        answer = self._views.stored(principal, stored)
        return RestReply(content=answer, headers={"etag": answer.etag or ""})

    @staticmethod
    def _check_use(principal: Principal, name: str) -> None:
        if not principal.may_use(name):
            raise RequestRefused(
                403, f"This key may not use the deployment {name!r}.", code="deployment_not_allowed", param="name"
            )


def _answer(name: str, settings: DeploymentSettings, facts: dict[str, Any]) -> DeploymentAnswer:
    return DeploymentAnswer.model_validate({**settings.model_dump(exclude_unset=True), "name": name, **facts})


def _state(principal: Principal, hosted: Hosted | None) -> dict[str, Any]:
    if hosted is None:
        return {"status": "starting"}
    if not hosted.enabled:
        return {"status": "disabled"}
    if hosted.deployment is not None:
        return {"status": "ready", "label": hosted.label}
    if hosted.trouble is None:
        return {"status": "starting", "label": hosted.label}
    why = _for(principal, str(getattr(hosted.trouble.error, "message", hosted.trouble.error)))
    return {"status": "failing", "failed": hosted.trouble.stage, "why": why, "label": hosted.label}


def _for(principal: Principal, why: str | None) -> str | None:
    """Why something fails may tell of folders and addresses."""
    return why if principal.may(Permission.MANAGE_DEPLOYMENTS) else None


def _tags(request: Request) -> frozenset[str] | None:
    """The forms that may be changed, as If-Match names them; None is any."""
    given = request.headers.get("if-match")
    return None if given is None or given.strip() == "*" else frozenset(_split(given))


def _split(given: str) -> Iterable[str]:
    return (tag.strip() for tag in given.split(","))
