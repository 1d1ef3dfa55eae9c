"""From declarations to routes that serve: who asks, may they, what do they say; then the handler."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from voxwire.auth import NetworkPolicy
from voxwire.config import checked_name
from voxwire.errors import RequestRefused
from voxwire.runtime import Permission, Principal
from voxwire.server.middleware import REQUEST
from voxwire.server.rest.declarations import RestCall, RestReply, RestResult, RestRoute
from voxwire.server.rest.json_body import read_json
from voxwire.server.rest.problems import check_fields, validated
from voxwire.transports.request import Request

#: Answers may hold what is nobody else's business.
_NOT_KEPT: Final = {"cache-control": "no-store"}
#: What every query may hold: credentials, and what Azure's clients send everywhere.
_ANYWHERE: Final = frozenset({"api-key", "authorization", "api-version", "x-ms-client-request-id"})

Admit = Callable[[Request, Permission | None], Awaitable[Principal]]


def rest_routes(declared: Iterable[RestRoute], admit: Admit, policy: NetworkPolicy) -> list[Route]:
    """One route for each path, with all of its methods.

    `admit` says who is calling and that they may, or raises RequestRefused; `policy` says which pages may change
    something.
    """
    paths: defaultdict[str, dict[str, RestRoute]] = defaultdict(dict)
    for route in declared:
        paths[route.path][route.method] = route
    return [
        Route(path, _Serving(methods, admit, policy).answer, methods=list(methods)) for path, methods in paths.items()
    ]


class _Serving:
    """One path."""

    def __init__(self, methods: Mapping[str, RestRoute], admit: Admit, policy: NetworkPolicy) -> None:
        self._methods = methods
        self._admit = admit
        self._policy = policy

    async def answer(self, http: HttpRequest) -> Response:
        route = self._methods["GET" if http.method == "HEAD" else http.method]
        request: Request = http.scope[REQUEST]
        if route.changes:
            self._policy.check_change(request.headers.get("host"), request.headers.get("origin"))
        principal = await self._admit(request, route.permission)
        call: RestCall[Any] = RestCall(
            principal=principal,
            names={param: _name(param, value) for param, value in http.path_params.items()},
            query=_query(request, route.query),
            request=request,
        )
        body = () if route.body is None else (await read_json(http, route.body),)
        return _response(route, await route.handler(call, *body))


def _name(param: str, value: str) -> str:
    try:
        return checked_name(value)
    except ValueError as error:
        raise RequestRefused(400, f"Invalid {param} in the path: {error}.", code="invalid_value", param=param) from None


def _query(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    given: dict[str, str] = {}
    for name, value in request.pairs:
        if name.lower() not in _ANYWHERE and given.setdefault(name, value) != value:
            raise RequestRefused(
                400, "The URL has a parameter twice, with different values. Say it once.", code="invalid_value"
            )
    check_fields(given)
    return validated(_NoQuery if model is None else model, given) if given or model else None


class _NoQuery(BaseModel, extra="forbid"):
    """Of a route that reads nothing of its query."""


def _response(route: RestRoute, result: RestResult) -> Response:
    if isinstance(result, Response):
        for name, value in _NOT_KEPT.items():
            result.headers.setdefault(name, value)
        return result
    reply = result if isinstance(result, RestReply) else RestReply(content=result)
    headers = {**_NOT_KEPT, **reply.headers}
    if reply.content is None:
        return Response(status_code=reply.status or 204, headers=headers)
    content = reply.content.model_dump_json(by_alias=True)
    return Response(content, status_code=reply.status or route.status, media_type="application/json", headers=headers)
