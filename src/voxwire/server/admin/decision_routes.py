"""`/admin/v1/decisions`: who changed what, and why."""

from typing import Annotated, Any, Literal

from pydantic import Field

from voxwire.runtime import Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute


class DecisionQuery(InProject):
    """A page of decisions, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[int | None, Field(ge=0, lt=2**63, description="`last_id` of the page before.")] = None


class DecisionAnswer(RestModel):
    """A change. `at` is in seconds since 1970. The `reason` is among the details, where one was given."""

    object: Literal["decision"] = "decision"
    id: str
    at: float
    project: str
    principal: str
    action: str
    subject: str
    details: dict[str, Any]


def decision_declarations(context: AdminContext) -> list[RestRoute]:
    """The route of decisions."""

    async def list_decisions(call: RestCall[DecisionQuery]) -> ListOf[DecisionAnswer]:
        storage = await context.storage("decisions")
        project, query = project_of(call.principal, call.query.project), call.query
        found = await storage.Decisions(context.database).newest(
            project, query.limit + 1, query.after, of=call.principal.deployments
        )
        data = [_answer(one) for one in found[: query.limit]]
        return ListOf(data=data, last_id=data[-1].id if data else None, has_more=len(found) > len(data))

    return [
        RestRoute(
            "GET",
            "/admin/v1/decisions",
            Permission.READ_USAGE,
            "List who changed what, newest first",
            list_decisions,
            query=DecisionQuery,
            answer=ListOf[DecisionAnswer],
        )
    ]


def _answer(decision: Any) -> DecisionAnswer:
    return DecisionAnswer(
        id=str(decision.id),
        at=decision.at / 1000,
        project=decision.project,
        principal=decision.principal,
        action=decision.action,
        subject=decision.subject,
        details=dict(decision.details),
    )
