"""One line for each request and each WebSocket connection.

It stands in for uvicorn's, which prints queries and with them keys. Fields: method, path without
query, status, seconds, request id; for a WebSocket also who, which deployment, which dialect, how it
closed and, last for it is a phrase, which engine answered.
"""

import logging

from voxwire.transports.request import Request
from voxwire.transports.websocket import Connection

logger = logging.getLogger("voxwire.access")

_MAX_PATH = 200


def log_request(request: Request, status: int, seconds: float) -> None:
    """An HTTP request was answered."""
    logger.info("%s %s %d %.3fs id=%s", request.method, _shown(request.path), status, seconds, request.request_id)


def log_connection(connection: Connection) -> None:
    """A WebSocket was refused or has ended."""
    request = connection.request
    details = {
        "by": connection.principal,
        "deployment": connection.deployment,
        "dialect": connection.dialect,
        "close": connection.close_code,
        "engine": connection.engine,
    }
    shown = "".join(f" {name}={_shown(str(value))}" for name, value in details.items() if value is not None)
    logger.info(
        "WS %s %d %.3fs id=%s%s",
        _shown(request.path),
        connection.status,
        connection.seconds,
        request.request_id,
        shown,
    )


def _shown(text: str) -> str:
    """Text of a client on one line: a path may hold line breaks once it is decoded."""
    return text[:_MAX_PATH].encode("unicode_escape").decode("ascii")
