"""HTTP responses below ASGI."""

from collections.abc import Iterable
from http import HTTPStatus

from voxwire.errors import RequestRefused
from voxwire.transports.refusal import refusal_body, refusal_headers


def raw_response(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """An HTTP/1.1 response that ends the connection. `headers` say the length of the body."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"connection: close", b"", body])


def raw_refusal(refusal: RequestRefused) -> bytes:
    """The same for a refusal."""
    body = refusal_body(refusal)
    return raw_response(refusal.status, refusal_headers(refusal, body), body)
