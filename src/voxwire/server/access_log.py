"""One line for each request and each WebSocket connection.

It stands in for uvicorn's, which prints queries and with them keys. Fields: method, route, status,
seconds, request id; for a WebSocket also who, which deployment, which dialect and how it closed.

People put keys in wrong places, so what a client chose is not written: of a path its route, of identifiers
ours. The client's own is added where it looks like one and holds no key that we know.
"""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Final

from starlette.routing import Route

from voxwire.auth.credentials import presented_keys
from voxwire.server.playground import FILES
from voxwire.transports.request import Request
from voxwire.transports.websocket import Connection, path_template

logger = logging.getLogger("voxwire.access")

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
#: What stands for a path that nothing serves.
_UNKNOWN: Final = "(unknown path)"


class AccessLog:
    """`routes` may still grow. `holds_secret` tells whether a text contains a key that this server accepts."""

    def __init__(self, routes: Sequence[Route], holds_secret: Callable[[str], bool]) -> None:
        self._routes = routes
        self._holds_secret = holds_secret

    def request(self, request: Request, status: int, seconds: float) -> None:
        """An HTTP request was answered."""
        route = next((route for route in self._routes if route.path_regex.match(request.path)), None)
        shown = (route.path_format if route else path_template(request.path)) or _UNKNOWN
        # A page is one line: that its sixty parts came, too, is for those who look for a fault.
        level = logging.DEBUG if route and route.path == FILES and status < 400 else logging.INFO
        logger.log(level, "%s %s %d %.3fs %s", request.method, shown, status, seconds, self._ids(request))

    def connection(self, connection: Connection) -> None:
        """A WebSocket was refused or has ended."""
        request = connection.request
        details = {
            "by": connection.principal,
            "deployment": connection.deployment,
            "dialect": connection.dialect,
            "close": connection.close_code,
        }
        shown = "".join(f" {name}={value}" for name, value in details.items() if value is not None)
        logger.info(
            "WS %s %d %.3fs %s%s",
            path_template(request.path) or _UNKNOWN,
            connection.status,
            connection.seconds,
            self._ids(request),
            shown,
        )

    def _ids(self, request: Request) -> str:
        given = request.given_id
        if given is None or not _ID.fullmatch(given) or self._secret(request, given):
            return f"id={request.request_id}"
        return f"id={request.request_id} given={given}"

    def _secret(self, request: Request, text: str) -> bool:
        presented = presented_keys(request.headers, request.pairs, request.subprotocols)
        # A repeated header is joined by commas.
        return any(part in text for key in presented for part in key.split(", ")) or self._holds_secret(text)
