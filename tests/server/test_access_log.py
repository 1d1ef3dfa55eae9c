"""What the access log says, and what clients cannot make it say."""

import logging
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import handshake, request

from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"
KEY = "s3cret-key_of.id-characters"


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "voxwire")


async def test_keys_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """From no place, whatever the level."""
    service: Any = EchoService()
    async with served(service, auth={"api_keys": ["s3cret"]}) as url:
        await handshake(url, GA + "&api-key=s3cret")
        await handshake(url, GA, {"Authorization": "Bearer s3cret"})
        await handshake(url, GA, {"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.s3cret"})
        await handshake(url, GA + "&Authorization=Bearer+s3cret-wrong")
    # The server has stopped: every connection has left its line.
    assert caplog.text.count("WS /v1/realtime 101") == 3
    assert "by=key-1 deployment=gpt-realtime dialect=ga close=" in caplog.text
    assert "WS /v1/realtime 401" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "target",
    [f"/{KEY}", f"/v1/{KEY}", f"/v1/models/{KEY}", f"/openai/deployments/{KEY}/realtime", f"/playground/{KEY}"],
)
async def test_nor_from_a_path(serve: Serve, caplog: pytest.LogCaptureFixture, target: str) -> None:
    url = await serve(auth={"api_keys": ["k1"]})
    for ask in (request, handshake):
        assert (await ask(url, target, {"api-key": "k1"})).status in (404, 426)
    assert caplog.text.count("voxwire.access") == 2
    assert KEY not in caplog.text


@pytest.mark.parametrize("target", [GA, "/healthz", "/nowhere"])
@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"api-key": "wrong"}, ""),
        ({"Authorization": "Bearer wrong"}, ""),
        ({}, "api-key=wrong"),
        ({}, "api-key=wrong&api-key=other"),
        ({"Sec-WebSocket-Protocol": "openai-insecure-api-key.wrong"}, ""),
    ],
)
async def test_nor_from_an_identifier(
    serve: Serve, caplog: pytest.LogCaptureFixture, target: str, headers: dict[str, str], query: str
) -> None:
    """Neither a configured key nor one that is presented."""
    url = await serve(auth={"api_keys": ["k-long-configured", KEY]})
    secrets = [KEY, f"id-{KEY}-1", "wrong", "my-wrong-1"] if headers or query else [KEY, f"id-{KEY}-1"]
    for given in secrets:
        ask = handshake if target == GA else request
        full = f"{target}{'&' if '?' in target else '?'}{query}"
        answer = await ask(url, full, {**headers, "X-Request-Id": given})
        assert answer.headers["apim-request-id"] in caplog.text
    assert KEY not in caplog.text
    assert "wrong" not in caplog.text


async def test_nor_the_development_identitys_secret(caplog: pytest.LogCaptureFixture) -> None:
    from voxwire.server.app import create_app
    from voxwire.server.net.run import running
    from voxwire.testing.live_server import settings_for_tests

    settings = settings_for_tests(auth={"dev_identity": True})
    service: Any = EchoService()
    app = create_app(settings, service)
    async with running(app, settings) as url:
        secret = app.state.access.identity.environment(url)["IDENTITY_HEADER"]
        await request(url, "/healthz", {"X-Request-Id": secret})
    assert "GET /healthz 200" in caplog.text
    assert secret not in caplog.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [("trace-1.b_2", True), ("x" * 64, True), ("x" * 65, False), ("a/b", False), ("a=b", False), ("", False)],
)
async def test_the_clients_identifier_where_it_looks_like_one(
    url: str, caplog: pytest.LogCaptureFixture, given: str, shown: bool
) -> None:
    answer = await request(url, "/healthz", {"X-Request-Id": given})
    assert (f"given={given}" in caplog.text) is shown
    assert f"id={answer.headers['apim-request-id']}" in caplog.text


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("/healthz", "GET /healthz 200"),
        ("/v1/models", "GET /v1/models 200"),
        ("/v1/models/nobody", "GET /v1/models/{name} 404"),
        ("/playground/js/talk.js", "GET /playground/{path} 200"),
        ("/v1/realtime", "GET /v1/realtime 426"),
        ("/openai/deployments/a/b/realtime", "GET /openai/deployments/{deployment}/realtime 426"),
        ("/wp-admin", "GET (unknown path) 404"),
    ],
)
async def test_a_path_is_written_as_its_route(
    url: str, caplog: pytest.LogCaptureFixture, target: str, line: str
) -> None:
    await request(url, target)
    assert line in caplog.text


async def test_lines_cannot_be_forged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    await handshake(url, "/x%0aWS%20/v1/realtime%20101%1b[31m")
    assert "WS (unknown path) 404" in caplog.text
    assert "101" not in caplog.text


async def test_a_page_is_one_line(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    url = await serve()
    for target in ("/", "/playground/js/main.js", "/playground/css/theme.css", "/playground/missing.js"):
        await request(url, target)
    levels = {record.getMessage().split(" ")[2]: record.levelname for record in caplog.records[-4:]}
    assert [record.levelname for record in caplog.records[-4:]] == ["INFO", "DEBUG", "DEBUG", "INFO"], levels
