"""What every transport reads from an HTTP request or WebSocket handshake, before anything is decided."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl

#: What a client-chosen request id may look like; anything else could forge headers or log lines.
_CLEAN_ID: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """A request, decoded.

    `path` is percent-decoded, without repeated and trailing slashes. `headers` have lower-case
    names, repeated ones joined by commas. Of repeated query keys the last counts.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    subprotocols: tuple[str, ...]
    request_id: str
    client_request_id: str | None

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> Self:
        """Read an ASGI `http` or `websocket` scope."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        offered = headers.get("sec-websocket-protocol", "")
        return cls(
            method=scope.get("method", "GET"),
            path="/" + "/".join(segment for segment in scope["path"].split("/") if segment),
            query=query,
            headers=headers,
            # Split here, not by the server: a key may hold characters that tokens may not (PROTOCOL 1.4).
            subprotocols=tuple(token.strip() for token in offered.split(",") if token.strip()),
            request_id=_clean(headers.get("x-request-id")) or str(uuid.uuid4()),
            client_request_id=_clean(headers.get("x-ms-client-request-id") or query.get("x-ms-client-request-id")),
        )

    @property
    def response_headers(self) -> list[tuple[bytes, bytes]]:
        """The identifiers to answer with (PROTOCOL 1.3): people quote them when they report a fault."""
        encoded = self.request_id.encode()
        headers = [(b"x-request-id", encoded), (b"apim-request-id", encoded)]
        if self.client_request_id is not None:
            headers.append((b"x-ms-client-request-id", self.client_request_id.encode()))
        return headers


def _clean(value: str | None) -> str | None:
    return value if value is not None and _CLEAN_ID.match(value) else None
