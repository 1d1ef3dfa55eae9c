"""What every transport reads from an HTTP request or WebSocket handshake, before anything is decided."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl

from voxwire.errors import RequestRefused
from voxwire.runtime import TraceParent

#: What a client-chosen request id may look like; anything else could forge headers or log lines.
_CLEAN_ID: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}\Z", re.ASCII)

#: Where keys may stand in a query; their names are read in any case (protocol: connecting, Keys).
_CREDENTIALS: Final = frozenset({"api-key", "authorization"})
#: What the server reads of a query. Other names decide nothing, and may be lists of the client's.
_READ: Final = _CREDENTIALS | {
    "model", "deployment", "api-version", "intent", "call_id", "agent-name", "agent-id", "resource", "client_id"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A request, decoded.

    `path` is percent-decoded, without repeated and trailing slashes. `headers` have lower-case
    names, repeated ones joined by commas. `pairs` is the query as it came; of repeated keys `query` has
    the last, and `check_query` refuses those that differ. `request_id` is ours, `given_id` the client's. `end_user`
    is its name for the person who speaks (`OpenAI-Safety-Identifier`), None where it is none that can be passed on.
    `trace_parent` is the trace in which the client sees this request.
    """

    method: str
    path: str
    query: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    subprotocols: tuple[str, ...]
    request_id: str
    given_id: str | None
    client_request_id: str | None
    end_user: str | None
    trace_parent: TraceParent | None

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> Self:
        """Read an ASGI `http` or `websocket` scope."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        pairs = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        query = dict(pairs)
        offered = headers.get("sec-websocket-protocol", "")
        return cls(
            method=scope.get("method", "GET"),
            path="/" + "/".join(segment for segment in scope["path"].split("/") if segment),
            query=query,
            pairs=pairs,
            headers=headers,
            # Split here: a key may hold characters that tokens may not (protocol: connecting, Subprotocols).
            subprotocols=tuple(token.strip() for token in offered.split(",") if token.strip()),
            request_id=str(uuid.uuid4()),
            given_id=_clean(headers.get("x-request-id")),
            client_request_id=_clean(headers.get("x-ms-client-request-id") or query.get("x-ms-client-request-id")),
            end_user=_clean(headers.get("openai-safety-identifier")),
            trace_parent=TraceParent.of(headers.get("traceparent")),
        )

    @property
    def trace_id(self) -> str:
        """Of the client's trace, or else of a new one: 32 hexadecimal digits."""
        return self.trace_parent.trace_id if self.trace_parent else self.request_id.replace("-", "")

    @property
    def response_headers(self) -> list[tuple[bytes, bytes]]:
        """The identifiers to answer with (protocol: connecting, Other headers): people quote them when they report a
        fault. The second is always ours, which is the one that the log has."""
        given = self.given_id or self.request_id
        headers = [(b"x-request-id", given.encode()), (b"apim-request-id", self.request_id.encode())]
        if self.client_request_id is not None:
            headers.append((b"x-ms-client-request-id", self.client_request_id.encode()))
        return headers

    def check_query(self) -> None:
        """Raises RequestRefused (400, 401 for keys) when the query says one thing twice and differently: one of
        the two is a mistake, and proxies in between may have judged the other."""
        said: dict[str, str] = {}
        for name, value in self.pairs:
            known = name.lower() if name.lower() in _CREDENTIALS else name
            if known not in _READ or said.setdefault(known, value) == value:
                continue
            if known in _CREDENTIALS:
                raise RequestRefused(
                    401,
                    "The request carries several API keys that differ. Send one.",
                    code="invalid_api_key",
                    headers=(("www-authenticate", "Bearer"),),
                )
            raise RequestRefused(
                400,
                f"The URL has {known} twice, with different values. Say it once.",
                code="invalid_value",
                param=known,
            )


def _clean(value: str | None) -> str | None:
    return value if value is not None and _CLEAN_ID.match(value) else None
