"""What a REST route says of itself: one declaration, from which everything else is made.

    def colour_routes(colours: Colours) -> list[RestRoute]:
        return [
            RestRoute("GET", "/admin/v1/colours", Permission.READ_USAGE, "List the colours", colours.list,
                      query=ListQuery, answer=ListOf[Colour]),
            RestRoute("POST", "/admin/v1/colours", Permission.MANAGE_DEPLOYMENTS, "Make a colour", colours.create,
                      body=NewColour, answer=Colour, status=201),
        ]

    async def list(call: RestCall[ListQuery]) -> ListOf[Colour]: ...
    async def create(call: RestCall[None], body: NewColour) -> Colour: ...

A handler raises RequestRefused for what cannot be done.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from voxwire.config import ResourceName
from voxwire.runtime import Permission, Principal
from voxwire.transports.request import Request

Query = TypeVar("Query")
Row = TypeVar("Row")

#: Entries of one page of a list, where the caller names no number; OpenAI's lists have 20.
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000


class RestModel(BaseModel):
    """A body, a query or an answer. Unknown fields of a body or a query are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListQuery(RestModel):
    """Which page of a list. A list with filters has a query of its own that extends this one."""

    limit: Annotated[int, Field(ge=1, le=_LARGEST_PAGE, description="Most entries to return.")] = _PAGE
    after: Annotated[ResourceName | None, Field(description="`last_id` of the page before.")] = None


class ListOf(RestModel, Generic[Row]):
    """A page of a list, as OpenAI's API has them."""

    object: Literal["list"] = "list"
    data: list[Row]
    last_id: str | None = None
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCall(Generic[Query]):
    """A request that may be answered: its caller has the permission, and what it says was checked.

    `names` are the parameters of the path; `query` is what the declaration's model made of the query, None where it has
    none. `request` is for those who read a header.
    """

    principal: Principal
    names: Mapping[str, str]
    query: Query
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class RestReply:
    """An answer with headers of its own, or with another status than the declaration's."""

    content: BaseModel | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


RestResult = BaseModel | RestReply | Response | None
"""What a handler gives: the answer; None where there is nothing to say (204); a Response for what is no JSON."""


@dataclass(frozen=True, slots=True)
class RestRoute:
    """One method of one path.

    `permission` None: whoever is let in at all. Parameters of `path` (`{name}`) are names (`config.ResourceName`).
    `handler` gets a `RestCall`, and the body where the declaration has one. `answer` is a model; a media type
    (`audio/wav`) where the handler gives a Response of it; None where there is no content.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    permission: Permission | None
    summary: str
    handler: Callable[..., Awaitable[RestResult]]
    body: type[BaseModel] | None = field(default=None, kw_only=True)
    query: type[BaseModel] | None = field(default=None, kw_only=True)
    answer: type[BaseModel] | str | None = field(default=None, kw_only=True)
    status: int = field(default=200, kw_only=True)

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


def list_page(rows: Iterable[Row], query: ListQuery, key: Callable[[Row], str]) -> ListOf[Any]:
    """The page of `rows`, which are sorted by `key`, that a query asks for. For lists that are short as a whole."""
    found = [row for row in rows if query.after is None or key(row) > query.after]
    data = found[: query.limit]
    return ListOf[Any](data=data, last_id=key(data[-1]) if data else None, has_more=len(found) > len(data))
