"""Whatever a stranger sends is answered by a refusal, never by an exception of another kind."""

import asyncio
import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from voxwire.auth import Authenticator, ConfiguredKeys, NetworkPolicy
from voxwire.dialects.detect import detect
from voxwire.errors import RequestRefused
from voxwire.transports.refusal import refusal_body
from voxwire.transports.request import Request
from voxwire.transports.websocket.target import parse_target

names = st.sampled_from(
    [b"host", b"origin", b"authorization", b"api-key", b"sec-websocket-protocol", b"x-request-id", b"openai-beta"]
)
values = st.binary(max_size=60) | st.sampled_from(
    [b"Bearer k", b"[::1]:99999", b"http://[", b"realtime,openai-insecure-api-key.", b"localhost:"]
)
paths = st.text(max_size=60) | st.sampled_from(
    ["/openai/deployments//realtime", "/openai/deployments/%/realtime", "/v1/realtime", "/openai/realtime"]
)
queries = st.binary(max_size=80) | st.sampled_from(
    [b"model=%ff", b"api-version=0000-00-00&deployment=a", b"&&=&=", b"call_id", b"intent=transcription"]
)


@given(paths, queries, st.lists(st.tuples(names, values), max_size=6))
def test_every_request_is_admitted_or_refused(path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    scope: dict[str, Any] = {"type": "websocket", "path": path, "query_string": query, "headers": headers}
    request = Request.from_scope(scope)
    assert all(b"\r" not in value and b"\n" not in value for _, value in request.response_headers)
    door = Authenticator([ConfiguredKeys([SecretStr("k")])])
    steps = (
        lambda: NetworkPolicy(keyed=lambda: False).check(request.headers.get("host"), request.headers.get("origin")),
        lambda: asyncio.run(door.authenticate(request.headers, request.query, request.subprotocols)),
        lambda: parse_target(request.path, request.query),
    )
    for step in steps:
        with contextlib.suppress(RequestRefused):
            step()
    detect(request.path, request.query, request.headers, request.subprotocols)


@given(st.text())
def test_every_refusal_has_a_body(text: str) -> None:
    assert refusal_body(RequestRefused(404, text, code="not_found", param=text)).isascii()
