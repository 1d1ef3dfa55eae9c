"""`/admin/v1/quotas`: how much somebody may use."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from voxwire.config import QuotaLimit, QuotaLimits
from voxwire.errors import RequestRefused
from voxwire.runtime import Permission, Principal
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.quotas.management import QuotaBook
    from voxwire.storage.quotas import QuotaKind, StoredQuota

_KINDS: "tuple[QuotaKind, ...]" = ("deployment", "key", "principal")


class QuotaBody(RestModel):
    """How much may be used, over all sessions. What is left out has no limit."""

    concurrent_sessions: Annotated[QuotaLimit | None, Field(description="Sessions at once.")] = None
    requests_per_minute: Annotated[QuotaLimit | None, Field(description="Responses in a minute.")] = None
    tokens_per_minute: Annotated[QuotaLimit | None, Field(description="Tokens in a minute.")] = None
    audio_seconds_per_day: Annotated[QuotaLimit | None, Field(description="Seconds of audio in, in a day.")] = None


class QuotaAnswer(QuotaBody):
    """A quota that was set. `subject` is the name of a deployment or of a key, or the id of a principal; `updated_at`
    is in seconds since 1970."""

    object: Literal["quota"] = "quota"
    project: str
    kind: Literal["deployment", "key", "principal"]
    subject: str
    updated_at: int
    updated_by: str


def quota_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of quotas."""
    handlers = _Quotas(context)
    path = "/admin/v1/quotas"
    one, read, manage = f"{path}/{{kind}}/{{subject}}", Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS
    return [
        RestRoute(
            "GET", path, read, "List the quotas that were set", handlers.list,
            query=ListInProject, answer=ListOf[QuotaAnswer],
        ),
        RestRoute("GET", one, read, "Show a quota", handlers.show, query=InProject, answer=QuotaAnswer),
        RestRoute(
            "PUT", one, manage, "Set a quota", handlers.put, query=InProject, body=QuotaBody, answer=QuotaAnswer
        ),
        RestRoute(
            "DELETE", one, manage, "Remove a quota: the settings hold again", handlers.remove, query=InProject
        ),
    ]  # fmt: skip


class _Quotas:
    def __init__(self, context: AdminContext) -> None:
        self._context = context
        self._changed = context.changed

    async def list(self, call: RestCall[ListInProject]) -> ListOf[QuotaAnswer]:
        found = await (await self._book()).quotas.all(project_of(call.principal, call.query.project))
        mine = [quota for quota in found if _may_see(call.principal, quota.kind, quota.subject)]
        return list_page(map(_answer, mine), call.query, lambda quota: f"{quota.kind}/{quota.subject}")

    async def show(self, call: RestCall[InProject]) -> QuotaAnswer:
        book = await self._book()
        return _answer(await book.one(project_of(call.principal, call.query.project), *_which(call)))

    async def put(self, call: RestCall[InProject], body: QuotaBody) -> QuotaAnswer:
        book = await self._book()
        limits = QuotaLimits(**body.model_dump())
        kind, subject = _which(call)
        quota = await book.put(
            project_of(call.principal, call.query.project), kind, subject, limits, by=call.principal.id
        )
        await self._changed()
        return _answer(quota)

    async def remove(self, call: RestCall[InProject]) -> None:
        book = await self._book()
        await book.remove(project_of(call.principal, call.query.project), *_which(call), by=call.principal.id)
        await self._changed()

    async def _book(self) -> "QuotaBook":
        await asyncio.to_thread(import_module, "voxwire.quotas.management")
        from voxwire.quotas.management import QuotaBook

        return QuotaBook(self._context.database, await self._context.known_deployments())


def _which(call: RestCall[Any]) -> "tuple[QuotaKind, str]":
    """Raises RequestRefused: 400, and 403 where a key that is held to some deployments asks for something else."""
    kind = next((known for known in _KINDS if known == call.names["kind"]), None)
    if kind is None:
        raise RequestRefused(400, f"A quota is of a {', a '.join(_KINDS)}.", code="invalid_value", param="kind")
    subject = call.names["subject"]
    if not _may_see(call.principal, kind, subject):
        raise RequestRefused(
            403,
            "This key is held to some deployments: quotas of others, of keys and of principals are not its business.",
            code="deployment_not_allowed",
            param="subject",
        )
    return kind, subject


def _may_see(principal: Principal, kind: str, subject: str) -> bool:
    return principal.deployments is None or (kind == "deployment" and principal.may_use(subject))


def _answer(quota: "StoredQuota") -> QuotaAnswer:
    fields: dict[str, Any] = {
        **quota.limits,
        "project": quota.project,
        "kind": quota.kind,
        "subject": quota.subject,
        "updated_at": quota.updated_at // 1000,
        "updated_by": quota.updated_by,
    }
    return QuotaAnswer(**fields)
