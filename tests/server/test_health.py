"""What balancers and those who restart servers are told."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import Answer, request

from voxwire.errors import EngineError
from voxwire.server.app import create_app
from voxwire.server.net.run import running
from voxwire.testing.live_server import settings_for_tests

KEY = "kumquat-key-000000000000"


def body(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


def with_a_stage_that_fails() -> EchoService:
    service = EchoService()
    service.directory.find("a/b").stages["tts"].fault = EngineError("tts", "engine_failed", "It will not start.")
    return service


async def test_ready(url: str) -> None:
    answer = await request(url, "/readyz")
    assert (answer.status, body(answer)["status"]) == (200, "ok")
    assert answer.headers["cache-control"] == "no-store"
    assert body(answer)["named"]["a/b"] == {"stt": "ready", "llm": "ready", "tts": "ready"}


async def test_one_deployment_of_two(serve: Serve) -> None:
    answer = await request(await serve(with_a_stage_that_fails()), "/readyz")
    told = body(answer)
    assert (answer.status, told["status"]) == (200, "degraded")
    assert told["deployments"] == {"ready": 1, "unready": 1}
    assert told["named"]["a/b"] == {"stt": "ready", "llm": "ready", "tts": "failed"}
    assert told["stages"]["tts"] == {"ready": 1, "failed": 1}


async def test_names_are_for_those_with_a_credential(serve: Serve) -> None:
    url = await serve(auth={"api_keys": [KEY]})
    stranger = await request(url, "/readyz")
    assert (stranger.status, "named" in body(stranger)) == (200, False)
    assert b"a/b" not in stranger.body
    assert body(stranger)["deployments"] == {"ready": 2, "unready": 0}
    assert "a/b" in body(await request(url, "/readyz", {"api-key": KEY}))["named"]
    assert (await request(url, "/readyz", {"api-key": KEY + "x"})).status == 401


async def test_no_room(serve: Serve) -> None:
    service = EchoService()
    url = await serve(service)
    for _ in range(2):
        service.load.judge(1.0)
    answer = await request(url, "/readyz")
    assert (answer.status, body(answer)["status"]) == (503, "full")
    # Whoever is busy is alive: a supervisor that restarts it would end every conversation.
    alive = await request(url, "/healthz")
    assert (alive.status, body(alive)["status"]) == (200, "full")


async def test_draining() -> None:
    settings = settings_for_tests()
    app = create_app(settings, EchoService())  # type: ignore[arg-type]
    async with running(app, settings) as url:
        app.state.websocket.drain()
        answer = await request(url, "/readyz")
        assert (answer.status, body(answer)["status"]) == (503, "draining")
        assert (await request(url, "/healthz")).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_head(url: str, path: str) -> None:
    answer = await request(url, path, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_a_database_that_cannot_be_read(tmp_path: Path) -> None:
    """Without it nobody knows new keys and deployments: a balancer sends sessions elsewhere."""
    file = tmp_path / "voxwire.db"
    settings = settings_for_tests(storage={"url": f"sqlite:///{file}"})
    async with running(create_app(settings, EchoService()), settings) as url:  # type: ignore[arg-type]
        assert (await request(url, "/readyz")).status == 200
        file.write_bytes(b"no database at all" * 500)
        async with asyncio.timeout(10):
            while (answer := await request(url, "/readyz")).status == 200:
                pass
        assert body(answer)["status"] == "store_unreachable"
        assert (await request(url, "/healthz")).status == 200
        file.unlink()
        async with asyncio.timeout(10):
            while (await request(url, "/readyz")).status != 200:
                pass
