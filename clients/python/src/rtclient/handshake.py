"""What comes back when a service refuses the WebSocket."""

import asyncio
import json
from typing import Any

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from rtclient.exceptions import ConnectionError

#: A refusal is a short JSON object; more than this is somebody's web page.
_MAX_BODY = 64 * 1024

#: Azure's, its gateway's and OpenAI's names for the same thing.
_REQUEST_ID_HEADERS = ("x-ms-request-id", "apim-request-id", "x-request-id", "x-ms-client-request-id")


class Handshake:
    """aiohttp middleware of one connection: raises ConnectionError for every answer but 101.

    A redirect is refused too: following one would hand the key in the headers to another host.
    """

    def __init__(self) -> None:
        #: The service's own name for the connection, once it has answered.
        self.request_id: str | None = None
        self._transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """Cut the connection that was made, whatever is still to be sent; idempotent."""
        if self._transport is not None:
            self._transport.abort()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        response = await handler(request)
        self.request_id = next(
            (response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers), None
        )
        if response.status == 101:
            transport = response.connection.transport if response.connection is not None else None
            self._transport = transport if isinstance(transport, asyncio.Transport) else None
            return response
        try:
            body = await response.content.read(_MAX_BODY)
        finally:
            response.close()
        error = _error_of(body)
        raise ConnectionError(
            f"Received status code {response.status} from the server",
            status=response.status,
            code=_text(error.get("code")),
            detail=_text(error.get("message")),
            headers=response.headers,
            request_id=self.request_id,
        )


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    error = data.get("error") if isinstance(data, dict) else None
    return error if isinstance(error, dict) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
