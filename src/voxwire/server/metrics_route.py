"""`GET /metrics`: for Prometheus, and for nobody who may only converse.

Names of deployments, and how much they are used, are the operator's business.
"""

import hmac
from collections.abc import Callable
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from voxwire.auth import ANONYMOUS
from voxwire.config import MetricsSettings, Settings
from voxwire.errors import RequestRefused
from voxwire.runtime import LOCAL, Permission, Service
from voxwire.server.common import Colleagues
from voxwire.server.middleware import REQUEST
from voxwire.server.rest import Admit
from voxwire.telemetry.exposition import Exposition
from voxwire.telemetry.store_state import StoreState
from voxwire.transports.request import Request
from voxwire.transports.websocket import WebSocketEndpoint

_BEARER: Final = "bearer "


def metrics_routes(
    settings: Settings,
    service: Service,
    admit: Admit,
    websocket: WebSocketEndpoint,
    stores: Callable[[], StoreState],
    colleagues: Colleagues,
) -> list[Route]:
    """The route, and the counting that it needs; none where the settings want no metrics."""
    if not settings.metrics.enabled:
        return []
    exposition = Exposition(service, most_sessions=settings.server.max_sessions, stores=stores)
    colleagues.answer("metrics", lambda: exposition.packed(draining=websocket.draining))
    return MetricsRoute(settings.metrics, exposition, admit, lambda: websocket.draining, colleagues).routes()


class MetricsRoute:
    """`admit` says who is calling, and refuses who may not see what is used."""

    def __init__(
        self,
        settings: MetricsSettings,
        exposition: Exposition,
        admit: Admit,
        draining: Callable[[], bool],
        colleagues: Colleagues,
    ) -> None:
        self._token = settings.token
        self._exposition = exposition
        self._admit = admit
        self._draining = draining
        self._colleagues = colleagues

    def routes(self) -> list[Route]:
        return [Route("/metrics", self._answer, methods=["GET"])]

    async def _answer(self, request: HttpRequest) -> Response:
        seen: Request = request.scope[REQUEST]
        if not holds_token(seen, self._token):
            principal = await self._admit(seen, Permission.READ_USAGE)
            if self._token is not None and principal == ANONYMOUS:
                raise RequestRefused(
                    401,
                    "The metrics need their token (metrics.token): send it as `Authorization: Bearer TOKEN`.",
                    code="missing_api_key",
                    headers=(("www-authenticate", "Bearer"),),
                )
            if principal.project != LOCAL or principal.deployments is not None:
                raise RequestRefused(
                    403,
                    "The metrics are of all projects and deployments, and this key is held to some.",
                    code="permission_denied",
                )
        others = await self._colleagues.ask("metrics")
        body, media_type = await self._exposition.text(
            seen.headers.get("accept", ""), draining=self._draining(), others=others.found, missing=others.missing
        )
        return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})


def holds_token(request: Request, token: SecretStr | None) -> bool:
    """Whether a request shows this token, compared in constant time."""
    shown = request.headers.get("authorization", "")
    if token is None or shown[: len(_BEARER)].lower() != _BEARER:
        return False
    given = shown[len(_BEARER) :].strip().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, token.get_secret_value().encode())


def holds_metrics_token(text: str, token: SecretStr | None) -> bool:
    """Whether a text contains the token, and is not for the log."""
    return token is not None and token.get_secret_value() in text
