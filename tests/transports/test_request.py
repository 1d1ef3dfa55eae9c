"""Reading requests: paths, repeated headers, offered subprotocols, identifiers."""

from typing import Any

import pytest

from voxwire.transports.request import Request


def request(
    path: str = "/v1/realtime", query: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> Request:
    scope: dict[str, Any] = {"type": "websocket", "path": path, "query_string": query, "headers": headers or []}
    return Request.from_scope(scope)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/v1/realtime", "/v1/realtime"),
        ("/v1/realtime/", "/v1/realtime"),
        ("//v1///realtime//", "/v1/realtime"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_slashes(path: str, normal: str) -> None:
    assert request(path).path == normal


def test_query_is_decoded_and_the_last_of_repeated_keys_counts() -> None:
    found = request(query=b"model=Qwen%2FOmni%20x&model=b&empty=&Authorization=Bearer%20k").query
    assert found == {"model": "b", "empty": "", "Authorization": "Bearer k"}


def test_repeated_headers_are_joined() -> None:
    found = request(headers=[(b"API-Key", b"a"), (b"api-key", b"b")])
    assert found.headers["api-key"] == "a, b"


def test_subprotocols_may_hold_characters_that_are_no_tokens() -> None:
    offered = b"realtime,openai-insecure-api-key.a/b=c@d , openai-beta.realtime-v1,"
    found = request(headers=[(b"sec-websocket-protocol", offered)])
    assert found.subprotocols == ("realtime", "openai-insecure-api-key.a/b=c@d", "openai-beta.realtime-v1")


class TestIdentifiers:
    def test_a_fresh_one_without_any(self) -> None:
        assert request().request_id != request().request_id
        assert dict(request().response_headers).keys() == {b"x-request-id", b"apim-request-id"}

    def test_the_clients_own_are_echoed(self) -> None:
        found = request(headers=[(b"x-request-id", b"abc-1"), (b"x-ms-client-request-id", b"f00-2")])
        assert dict(found.response_headers) == {
            b"x-request-id": b"abc-1",
            b"apim-request-id": found.request_id.encode(),
            b"x-ms-client-request-id": b"f00-2",
        }

    def test_the_query_may_carry_one(self) -> None:
        assert request(query=b"x-ms-client-request-id=f00-2").client_request_id == "f00-2"

    @pytest.mark.parametrize("bad", [b"a\r\nset-cookie: x", b"a b", b"", b"x" * 129, b"\xe9", b"ok\n"])
    def test_unclean_ones_are_dropped(self, bad: bytes) -> None:
        names = (b"x-request-id", b"x-ms-client-request-id", b"openai-safety-identifier")
        found = request(headers=[(name, bad) for name in names])
        assert found.end_user is None
        assert found.given_id is None
        assert found.client_request_id is None
