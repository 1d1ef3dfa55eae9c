"""A WebSocket handshake by the rules of RFC 6455 section 4.2."""

from collections.abc import Iterable
from http import HTTPStatus

from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.server import ServerProtocol

from voxwire.errors import RequestRefused


def read_handshake(parser: ServerProtocol, head: bytes) -> Response:
    """The response that accepts the handshake; `head` is its request line and headers. Raises RequestRefused."""
    parser.receive_data(head)
    event = next(iter(parser.events_received()), None)
    if not isinstance(event, Handshake):
        # The parser has bounds of its own: 8 KiB a line, 128 headers.
        raise RequestRefused(431, "A header is too long or malformed.", code="request_headers_too_large")
    response = parser.accept(event)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        raise RequestRefused(
            response.status_code,
            "Not a WebSocket handshake (RFC 6455 section 4.2.1).",
            code="invalid_request",
            headers=(("sec-websocket-version", "13"),),
        )
    return response


def complete(response: Response, headers: Iterable[tuple[bytes, bytes]], subprotocol: str | None) -> Response:
    """The response with what the application says in it."""
    for name, value in headers:
        response.headers[name.decode("latin-1")] = value.decode("latin-1")
    if subprotocol:
        response.headers["Sec-WebSocket-Protocol"] = subprotocol
    return response
