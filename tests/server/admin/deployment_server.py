"""A server whose engines are fakes, with the real way from settings and store to deployments."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from http_client import Answer, request

from voxwire.errors import ConfigurationError
from voxwire.server import build
from voxwire.server.app import create_app
from voxwire.server.net.run import running
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad
from voxwire.testing.live_server import settings_for_tests

FAKES = {"stt": FakeStt, "llm": FakeLlm, "tts": FakeTts, "vad": FakeVad, "turn": FakeTurn}
#: An engine of this model cannot be made.
MISSING = "no-such-package"


class DeploymentServer:
    """`loaded` has the engines that were made, in their order."""

    def __init__(self, url: str, service: Any) -> None:
        self.url = url
        self.service = service

    async def ask(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        data = b"" if body is None else json.dumps(body).encode()
        return await request(self.url, target, sent, method=method, body=data)

    async def get(self, target: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = await self.ask("GET", target, headers=headers)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)


async def eventually(ask: Callable[[], Awaitable[Any]], is_it: Callable[[Any], bool]) -> Any:
    """What `ask` gives, once that is as it should be: a server is asked again and again, for 20 seconds."""
    async with asyncio.timeout(20):
        for answer in iter(ask, None):
            if is_it(found := await answer):
                return found
            await asyncio.sleep(0.02)
    raise AssertionError


def fake_engines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Every name of an engine gives a fake; what was asked for is listed."""
    asked: list[tuple[str, str, dict[str, Any]]] = []

    def load(kind: str, name: str, options: Mapping[str, Any]) -> Any:
        asked.append((kind, name, dict(options)))
        if options.get("model") == MISSING:
            raise ConfigurationError("The package is missing. Install it.")
        return FAKES[kind]()

    monkeypatch.setattr(build, "load", load)
    return asked


@asynccontextmanager
async def deployment_server(**tables: Any) -> AsyncIterator[DeploymentServer]:
    settings = settings_for_tests(**tables)
    host = build.DeploymentHost(settings)
    service = build.build_service(settings, host)
    async with running(create_app(settings, service, host), settings) as url:
        yield DeploymentServer(url, service)
