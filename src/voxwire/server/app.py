"""The ASGI application: routes, and the layers around them."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voxwire.config import Settings
from voxwire.errors import SERVER_ERROR, RequestRefused, StorageError
from voxwire.runtime import Principal, Service
from voxwire.server.access import Access
from voxwire.server.access_log import AccessLog
from voxwire.server.admin import AdminContext, admin_declarations, document_declaration
from voxwire.server.beside import Beside, Running
from voxwire.server.build import DeploymentHost
from voxwire.server.client_secrets import client_secret_declarations
from voxwire.server.common import InCommon
from voxwire.server.health import Health
from voxwire.server.identity import identity_routes
from voxwire.server.metrics_route import holds_metrics_token, metrics_routes
from voxwire.server.middleware import REQUEST, CheckRequests
from voxwire.server.model_list import model, model_list
from voxwire.server.playground import playground_routes
from voxwire.server.rest import rest_routes
from voxwire.server.stored_deployments import StoredDeployments
from voxwire.server.stored_prompts import StoredPrompts
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch
from voxwire.transports.refusal import refusal_body, storage_refusal
from voxwire.transports.request import Request
from voxwire.transports.websocket import WebSocketEndpoint, is_websocket_path, unknown_path

logger = logging.getLogger("voxwire.server")

#: OpenAI's prefix, Azure's of today, and Azure's of the previews.
_API_PREFIXES = ("/v1", "/openai/v1", "/openai")


def create_app(
    settings: Settings, service: Service, host: DeploymentHost | None = None, common: InCommon | None = None
) -> Starlette:
    """Put the server together. Its lifespan starts and stops `service`; `host` made its deployments, and makes those
    that are stored. `common` is what this process has in common with others; None where it is the only one.

    `app.state.websocket` is the endpoint, for those who drain it; `app.state.budget` the memory
    for messages, which all connections share; `app.state.declared` the REST routes as they are declared;
    `app.state.access` who may use it, for the command that tells the person at the terminal how.
    """
    common = common or InCommon.of_one(settings)
    database = Database(settings.storage)
    watch = StoreWatch(database)
    access = Access(settings, database, common)
    access.watch(watch)
    stored = StoredDeployments(settings, database, service.directory, host or DeploymentHost(settings))
    watch.subscribe(stored.read)
    service.prompts = StoredPrompts(database, watch)

    changed = partial(_look_everywhere, watch, common)
    beside = Beside(settings, service, database, watch, common)
    common.colleagues.answer("look", watch.look)
    routes: list[Route] = []
    token = settings.metrics.token
    log = AccessLog(routes, lambda text: access.authenticator.holds_secret(text) or holds_metrics_token(text, token))
    websocket = WebSocketEndpoint(
        service,
        admit=access.admit,
        redeem=access.redeem,
        log=log.connection,
        seats=common.seats,
    )
    declared = [
        *client_secret_declarations(service, access.ephemeral_keys),
        *admin_declarations(AdminContext(settings=settings, service=service, database=database, changed=changed)),
    ]
    declared.append(document_declaration(declared[:]))
    routes += [
        *_Api(service, access.admit, common.began).routes(),
        *Health(service, access.admit, websocket, [watch.trouble], common.colleagues).routes(),
        *metrics_routes(settings, service, access.admit, websocket, beside.stores, common.colleagues),
        *rest_routes(declared, access.admit, access.policy),
        *identity_routes(access.identity),
        *playground_routes(),
    ]

    app = Starlette(
        routes=routes,
        middleware=[Middleware(cast("Any", CheckRequests), websocket=websocket, policy=access.policy, log=log)],
        exception_handlers=_error_answers(),
        lifespan=_lifespan(service, database, beside.running, watch, access, stored),
    )
    # Trailing slashes are gone before the routes are asked: a redirect to them would come back for ever.
    app.router.redirect_slashes = False
    app.state.websocket = websocket
    app.state.budget = service.budget
    app.state.access = access
    app.state.declared = declared
    return app


async def _look_everywhere(watch: StoreWatch, common: InCommon) -> None:
    """What has just been changed holds in all processes of the server before anybody is told so."""
    await watch.look()
    await common.colleagues.ask("look")


def _lifespan(
    service: Service,
    database: Database,
    beside: Sequence[Running],
    watch: StoreWatch,
    access: Access,
    stored: StoredDeployments,
) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            async with AsyncExitStack() as stack:
                for running in beside:
                    await stack.enter_async_context(running())
                # Closing is safe after a start that failed half-way, and leaves no worker process behind.
                try:
                    async with watch.running(), access.running():
                        await service.start()
                        stored.start()
                        yield
                finally:
                    await stored.close()
                    await service.close()
        finally:
            await database.close()

    return lifespan


class _Api:
    """The plain HTTP routes."""

    def __init__(self, service: Service, admit: Callable[[Request], Awaitable[Principal]], created: int) -> None:
        self._service = service
        self._admit = admit
        self._created = created

    def routes(self) -> list[Route]:
        return [
            *(Route(f"{prefix}/models", self.models, methods=["GET"]) for prefix in _API_PREFIXES),
            *(Route(f"{prefix}/models/{{name:path}}", self.model, methods=["GET"]) for prefix in _API_PREFIXES),
        ]

    async def models(self, request: HttpRequest) -> Response:
        deployments = await self._service.directory.deployments(await self._admit(request.scope[REQUEST]))
        return JSONResponse(model_list(deployments, self._service.vad, self._created))

    async def model(self, request: HttpRequest) -> Response:
        name = request.path_params["name"]
        principal = await self._admit(request.scope[REQUEST])
        hosted = await self._service.directory.deployment(name, principal)
        if hosted is None or not principal.may_use(hosted.name):
            raise RequestRefused(404, f"There is no model {name[:200]!r} here.", code="model_not_found", param="model")
        return JSONResponse(model(hosted, self._service.vad, name, self._created))


def _error_answers() -> dict[Any, Any]:
    """What answers a request that ends with an exception."""
    return {RequestRefused: _refused, StorageError: _not_stored, HTTPException: _no_route, Exception: _crashed}


async def _refused(_: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)
    return Response(
        refusal_body(error), status_code=error.status, media_type="application/json", headers=dict(error.headers)
    )


async def _not_stored(request: HttpRequest, error: Exception) -> Response:
    """The database fails; where and why is for the log."""
    assert isinstance(error, StorageError)
    logger.error("%s", error)
    return await _refused(request, storage_refusal(error))


async def _no_route(request: HttpRequest, error: Exception) -> Response:
    """404 and 405 of the router, and plain requests to where WebSockets are opened."""
    assert isinstance(error, HTTPException)
    path = request.scope[REQUEST].path
    opens_websockets = is_websocket_path(path)
    if error.status_code == 405 or (opens_websockets and request.method not in ("GET", "HEAD")):
        refusal = RequestRefused(
            405,
            f"{request.method} is not possible here.",
            code="method_not_allowed",
            headers=(("allow", _allowed(error)),),
        )
    elif opens_websockets:
        refusal = RequestRefused(
            426,
            "This is a WebSocket endpoint: open it with a WebSocket client.",
            code="upgrade_required",
            headers=(("upgrade", "websocket"), ("connection", "upgrade")),
        )
    else:
        refusal = unknown_path(path)
    return await _refused(request, refusal)


def _allowed(error: HTTPException) -> str:
    """The methods of the path, as the router says; those that open WebSockets are not its own."""
    listed = (error.headers or {}).get("Allow", "GET").split(", ")
    return ", ".join(sorted(method for method in listed if method != "HEAD"))


async def _crashed(request: HttpRequest, error: Exception) -> Response:
    """A bug of ours: the traceback goes to the log, not to the client."""
    return await _refused(
        request, RequestRefused(500, "The server had an internal error.", code="internal_error", type=SERVER_ERROR)
    )
