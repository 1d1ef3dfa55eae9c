"""What others store: a running server has it within a second, and one that starts has it from the beginning."""

import asyncio
import json
import logging
import time
from typing import Any

import pytest
from deployment_server import MISSING, DeploymentServer, deployment_server, eventually, fake_engines
from http_client import handshake
from websockets.asyncio.client import connect

from voxwire.cli import main
from voxwire.config import DeploymentSettings, load_settings
from voxwire.runtime import Hosted
from voxwire.server.build import DeploymentHost
from voxwire.testing.fake_llm import FakeLlm


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    return fake_engines(monkeypatch)


async def type_in(*arguments: str) -> None:
    """`voxwire deployments …`, as somebody types it beside the server."""
    assert await asyncio.to_thread(main, ["deployments", *arguments]) == 0


async def status_of(server: DeploymentServer, name: str) -> int:
    return (await handshake(server.url, f"/v1/realtime?model={name}")).status


async def test_what_is_typed_holds_within_a_second() -> None:
    async with deployment_server() as server:
        assert await status_of(server, "my-gpt4o") == 404
        for arguments, status in (
            (("create", "my-gpt4o"), 101),
            (("update", "my-gpt4o", "--no-enabled"), 403),
            (("delete", "my-gpt4o"), 404),
        ):
            await type_in(*arguments)
            began = time.monotonic()
            await eventually(lambda: status_of(server, "my-gpt4o"), lambda found, wanted=status: found == wanted)
            assert time.monotonic() - began < 5  # it is one; the machine may be busy


async def test_a_server_that_starts_has_them_when_it_listens() -> None:
    await type_in("create", "my-gpt4o", "--instructions", "Be brief.")
    await type_in("alias", "gpt-4o", "my-gpt4o")
    await type_in("create", "broken", "--set", f"llm.model={MISSING}", "--llm", "http://127.0.0.1:1/v1")
    async with deployment_server() as server:
        async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-4o") as client:
            assert json.loads(await client.recv())["session"]["instructions"] == "Be brief."
        assert await status_of(server, "broken") == 503
        assert (await server.get("/healthz"))["status"] == "degraded"


async def test_the_settings_file_wins_and_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    await type_in("create", "shop", "--instructions", "stored")
    with caplog.at_level(logging.ERROR, "voxwire.server"):
        async with deployment_server(deployments={"shop": {"instructions": "declared"}}) as server:
            await type_in("create", "other")
            await eventually(lambda: status_of(server, "other"), lambda found: found == 101)
            async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model=shop") as client:
                assert json.loads(await client.recv())["session"]["instructions"] == "declared"
            shown = await server.get("/admin/v1/deployments/shop")
            assert (shown["source"], shown["hides_stored"]) == ("settings", True)
    assert sum("the stored deployment shop" in record.message for record in caplog.records) == 1


async def test_one_that_is_there_by_itself_makes_room_for_a_stored_one() -> None:
    await type_in("create", "gpt-realtime", "--instructions", "stored")
    async with deployment_server() as server:
        async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as client:
            assert json.loads(await client.recv())["session"]["instructions"] == "stored"


class TestMaking:
    """Engines are made beside the event loop, and once."""

    async def test_two_at_once_share_an_engine(self, asked: list[Any]) -> None:
        host = DeploymentHost(load_settings())
        made = await asyncio.gather(
            *(host.make_beside(name, DeploymentSettings(), "local") for name in ("one", "two", "three"))
        )
        assert len({id(one.stages["llm"]) for one in made}) == 1
        engine: FakeLlm = made[0].stages["llm"]
        for one in made:
            await one.tried()
            assert one.deployment is not None
        assert (engine.started, engine.closed) == (1, 0)
        for one in made:
            await one.close()
        assert engine.closed == 1

    async def test_what_was_made_for_nothing_is_closed(self, asked: list[Any]) -> None:
        host = DeploymentHost(load_settings())
        settings = DeploymentSettings.model_validate({"tts": {"name": "espeak", "options": {"model": MISSING}}})
        made: Hosted = await host.make_beside("one", settings, "local")
        await made.tried()
        assert made.deployment is None
        assert made.trouble is not None
        assert made.trouble.stage == "tts"
        assert made.stages == {}
        await made.close()
