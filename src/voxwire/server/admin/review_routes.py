"""`/admin/v1/reviews`: what checks of the content have found."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from voxwire.config import ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.reviews import Reviews

_State = Literal["open", "confirmed", "dismissed"]


class ReviewQuery(InProject):
    """A page of reviews, newest first."""

    state: Annotated[_State | None, Field(description="Left out, all.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="Most entries to return.")] = 100
    after: Annotated[ResourceName | None, Field(description="`last_id` of the page before.")] = None


class ReviewDecision(RestModel):
    """What it was. `open` asks for another look."""

    state: _State
    reason: Annotated[str | None, Field(max_length=500, description="Why, for the list of decisions.")] = None


class ReviewAnswer(RestModel):
    """A finding. Times are seconds since 1970."""

    object: Literal["review"] = "review"
    id: str
    project: str
    deployment: str
    session: str
    session_stored: Annotated[bool, Field(description="Whether the conversation is stored as well.")]
    response: str
    end_user: str | None
    check: str
    side: Annotated[Literal["person", "answer"], Field(description="Whose words they are.")]
    action: Annotated[Literal["end", "flag"], Field(description="`end`: the answer was ended.")]
    found: Annotated[str, Field(description="In the check's own words.")]
    state: _State
    created_at: int
    decided_at: int | None
    decided_by: str | None


class ReviewWithExcerpt(ReviewAnswer):
    """A finding with the words around it, where they are kept."""

    excerpt: str | None


def review_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of reviews."""
    handlers = _Reviews(context)
    path, one = "/admin/v1/reviews", "/admin/v1/reviews/{id}"
    return [
        RestRoute(
            "GET", path, Permission.READ_SESSIONS, "List what checks of the content have found", handlers.list,
            query=ReviewQuery, answer=ListOf[ReviewAnswer],
        ),
        RestRoute(
            "GET", one, Permission.READ_SESSIONS, "Show a finding with the words around it", handlers.show,
            query=InProject, answer=ReviewWithExcerpt,
        ),
        RestRoute(
            "PATCH", one, Permission.MANAGE_SESSIONS, "Say what a finding was", handlers.decide,
            query=InProject, body=ReviewDecision, answer=ReviewWithExcerpt,
        ),
    ]  # fmt: skip


class _Reviews:
    def __init__(self, context: AdminContext) -> None:
        self._context = context

    async def list(self, call: RestCall[ReviewQuery]) -> ListOf[ReviewAnswer]:
        query, store = call.query, await self._store()
        project = project_of(call.principal, query.project)
        before = None
        if query.after is not None:
            found = await store.find(project, query.after)
            if found is None:
                raise _unknown(query.after, "after")
            before = found[0]
        page = await store.page(project, state=query.state, limit=query.limit + 1, before=before)
        data = [ReviewAnswer(**one.shown()) for one in page[: query.limit]]
        return ListOf(data=data, last_id=data[-1].id if data else None, has_more=len(page) > len(data))

    async def show(self, call: RestCall[InProject]) -> ReviewWithExcerpt:
        store, id = await self._store(), call.names["id"]
        found = await store.find(project_of(call.principal, call.query.project), id)
        if found is None:
            raise _unknown(id, "id")
        return ReviewWithExcerpt(**found[0].shown(), excerpt=found[1])

    async def decide(self, call: RestCall[InProject], body: ReviewDecision) -> ReviewWithExcerpt:
        project = project_of(call.principal, call.query.project)
        store, id = await self._store(), call.names["id"]
        if not await store.decide(project, id, body.state, by=call.principal.id, reason=body.reason):
            raise _unknown(id, "id")
        return await self.show(call)

    async def _store(self) -> "Reviews":
        reviews: Reviews = (await self._context.storage("reviews")).Reviews(self._context.database)
        return reviews


def _unknown(id: str, param: str) -> RequestRefused:
    return RequestRefused(404, f"There is no review {id!r}.", code="review_not_found", param=param)
