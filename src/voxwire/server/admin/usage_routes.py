"""`/admin/v1/usage`: what was used, summed up; as JSON and for spreadsheets."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from voxwire.errors import ConfigurationError, RequestRefused
from voxwire.runtime import Permission, Principal
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute


class UsageQuery(InProject):
    """Which days, of whom, and by what they are summed up. Days are those of UTC."""

    start_date: Annotated[date | None, Field(description="The first day; left out, the 30 days up to `end_date`.")] = (
        None
    )
    end_date: Annotated[date | None, Field(description="The last day; left out, today.")] = None
    group_by: Annotated[
        str, Field(max_length=100, description="`day`, `deployment`, `principal`, separated by commas.")
    ] = "day"
    deployment: Annotated[str | None, Field(max_length=256, description="Of this deployment alone.")] = None
    principal: Annotated[str | None, Field(max_length=256, description="Of this principal alone.")] = None
    limit: Annotated[int, Field(ge=1, le=10_000, description="Most entries to return.")] = 1000
    after: Annotated[int, Field(ge=0, le=2**31, description="`last_id` of the page before.")] = 0


class UsageAnswer(RestModel):
    """A sum. Input contains cached tokens; `wasted_tokens` are of answers begun in pauses and dropped, and in no other
    sum. Audio is counted as it came and went, in seconds, silence among it."""

    object: Literal["usage"] = "usage"
    date: str | None = None
    deployment: str | None = None
    principal: str | None = None
    principal_name: Annotated[str | None, Field(description="Its name, where it is a stored key.")] = None
    principal_ended: Annotated[bool | None, Field(description="Whether this key was rotated or revoked since.")] = None
    num_sessions: int
    num_model_requests: int
    input_tokens: int
    input_text_tokens: int
    input_audio_tokens: int
    input_cached_tokens: int
    output_tokens: int
    output_text_tokens: int
    output_audio_tokens: int
    wasted_tokens: int
    input_audio_seconds: float
    output_audio_seconds: float


def usage_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of usage."""
    handlers = _Usage(context)
    return [
        RestRoute(
            "GET",
            "/admin/v1/usage",
            Permission.READ_USAGE,
            "Sum up what was used",
            handlers.list,
            query=UsageQuery,
            answer=ListOf[UsageAnswer],
        ),
        RestRoute(
            "GET",
            "/admin/v1/usage.csv",
            Permission.READ_USAGE,
            "The same for spreadsheets",
            handlers.table,
            query=UsageQuery,
            answer="text/csv",
        ),
    ]


class _Usage:
    def __init__(self, context: AdminContext) -> None:
        self._context = context

    async def list(self, call: RestCall[UsageQuery]) -> ListOf[UsageAnswer]:
        found, _ = await self._found(call)
        report = await self._context.storage("usage_report")
        limit, before = call.query.limit, call.query.after
        data = [UsageAnswer(**report.usage_fields(totals)) for totals in found[:limit]]
        return ListOf(data=data, last_id=str(before + len(data)) if data else None, has_more=len(found) > limit)

    async def table(self, call: RestCall[UsageQuery]) -> Response:
        found, by = await self._found(call)
        report = await self._context.storage("usage_report")
        return Response(
            report.usage_csv(found[: call.query.limit], by),
            media_type="text/csv",
            headers={"content-disposition": 'attachment; filename="usage.csv"'},
        )

    async def _found(self, call: RestCall[UsageQuery]) -> tuple[Any, Any]:
        """One more than asked for, and what they are grouped by."""
        query, report = call.query, await self._context.storage("usage_report")
        _check_use(call.principal, query.deployment)
        project = project_of(call.principal, query.project)
        try:
            by = report.usage_groups(query.group_by)
            since, until = report.report_span(query.start_date, query.end_date)
        except ConfigurationError as error:
            param = "group_by" if "grouped" in str(error) else "start_date"
            raise RequestRefused(
                400, f"Invalid value of {param!r}: {error}.", code="invalid_value", param=param
            ) from None
        store = (await self._context.storage("usage")).UsageStore(self._context.database)
        found = await store.totals(
            project,
            since=since,
            until=until,
            by=by,
            deployment=query.deployment,
            principal=query.principal,
            limit=query.limit + 1,
            skip=query.after,
        )
        return found, by


def _check_use(principal: Principal, deployment: str | None) -> None:
    """Raises RequestRefused (403) where a key that is held to some deployments asks for the usage of others."""
    if principal.deployments is None:
        return
    if deployment is None or not principal.may_use(deployment):
        raise RequestRefused(
            403,
            "This key is held to some deployments: ask for the usage of one of them (deployment=NAME).",
            code="deployment_not_allowed",
            param="deployment",
        )
