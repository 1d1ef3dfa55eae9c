"""A server of which one deployment does not start: the others serve, and everything says which does not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from echo_service import EchoEngine, EchoService, Serve
from http_client import handshake, request
from openai import OpenAI
from websockets.asyncio.client import connect

from voxwire.errors import EngineError
from voxwire.testing.live_server import serve_process

GA = "/v1/realtime?model={}"
AZURE = "/openai/realtime?api-version=2024-10-01-preview&deployment={}"
DOWN = EngineError("tts", "engine_died", "The voice is in /srv/somebody.")


async def ailing(serve: Serve, *names: str) -> str:
    """A server of the usual two deployments; the named ones have no voice."""
    service = EchoService()
    for hosted in service.directory.all:
        if hosted.name in names:
            engine: EchoEngine = hosted.stages["tts"]
            engine.fault = DOWN
    return await serve(service)


class TestOneOfTwo:
    @pytest.fixture
    async def url(self, serve: Serve) -> str:
        return await ailing(serve, "a/b")

    @pytest.mark.parametrize("target", [GA, AZURE])
    async def test_it_is_refused_with_the_stage_and_when_to_come_back(self, url: str, target: str) -> None:
        answer = await handshake(url, target.format("a%2Fb"))
        assert answer.status == 503
        assert answer.error == {
            "message": "The deployment 'a/b' is not ready: its speech synthesiser (tts) does not start. "
            "Try again later, or choose another one.",
            "type": "server_error",
            "param": None,
            "code": "deployment_not_ready",
        }
        assert 1 <= int(answer.headers["retry-after"]) <= 2
        assert b"somebody" not in answer.body

    async def test_the_other_serves(self, url: str) -> None:
        async with connect(url.replace("http", "ws", 1) + GA.format("gpt-realtime")) as client:
            assert json.loads(await client.recv())["deployment"] == "gpt-realtime"

    async def test_health_counts_it_and_stays_well(self, url: str) -> None:
        answer = await request(url, "/healthz")
        assert answer.status == 200
        body = json.loads(answer.body)
        assert (body["status"], body["deployments"]) == ("degraded", {"ready": 1, "unready": 1, "failed": ["tts"]})

    async def test_models_say_which(self, url: str) -> None:
        models = json.loads((await request(url, "/v1/models")).body)["data"]
        assert [(model["id"], model["ready"], model["failed"]) for model in models] == [
            ("gpt-realtime", True, None),
            ("a/b", False, "tts"),
        ]
        assert models[1]["engines"]["tts"]["label"] == "a fake tts"
        assert models[1]["voices"] is None

    async def test_the_log_says_why(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        await ailing(serve, "a/b")
        assert "deployment a/b is not ready, its speech synthesiser does not start: tts: The voice" in caplog.text


async def test_a_server_whose_last_deployment_goes_is_not_ready(serve: Serve) -> None:
    service = EchoService(names=["gpt-realtime"])
    url = await serve(service)
    assert json.loads((await request(url, "/healthz")).body)["status"] == "ok"
    service.directory.remove("gpt-realtime")
    answer = await request(url, "/readyz")
    assert (answer.status, json.loads(answer.body)["status"]) == (503, "unready")
    assert (await request(url, "/healthz")).status == 200
    assert (await handshake(url, GA.format("gpt-realtime"))).status == 404


class _NoModels(BaseHTTPRequestHandler):
    """A language model's endpoint that has no model yet, and one after `pulled`."""

    pulled = False

    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": [{"id": "llama", "object": "model"}] if self.pulled else []})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[_NoModels]]]:
    handler = type("Handler", (_NoModels,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1", handler
        server.shutdown()
        thread.join()


@pytest.mark.engines
class TestProcess:
    def test_one_of_two_fails_and_comes_back(self, endpoint: tuple[str, type[_NoModels]], tmp_path: Path) -> None:
        address, handler = endpoint
        file = tmp_path / "voxwire.toml"
        file.write_text(
            f'[deployments.shop]\nllm = {{base_url = "{address}", model = "llama"}}\n'
            '[deployments.house]\ninstructions = "Be brief."\n'
        )
        with (
            serve_process("--config", str(file)) as server,
            OpenAI(base_url=f"{server.url}/v1", api_key="any") as client,
        ):
            models = {model.id: model for model in client.models.list()}
            assert {name: model.ready for name, model in models.items()} == {  # type: ignore[attr-defined]
                "gpt-4o-realtime-preview": True,
                "gpt-realtime": True,
                "shop": False,
                "house": True,
            }
            assert any(
                "deployment shop is not ready, its language engine does not start" in line for line in server.output
            )
            handler.pulled = True
            while not client.models.retrieve("shop").ready:  # type: ignore[attr-defined]
                pass

    def test_a_server_whose_only_deployment_fails_says_why_and_ends(
        self, endpoint: tuple[str, type[_NoModels]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The two that are always there would start, and answer by rules: nobody asked for that."""
        file = tmp_path / "voxwire.toml"
        file.write_text(f'[deployments.shop]\nllm = {{base_url = "{endpoint[0]}", model = "llama"}}\n')
        with pytest.raises(RuntimeError) as caught, serve_process("--config", str(file)):
            pass
        assert "voxwire serve: The language model's endpoint has no model 'llama'. It has: none." in str(caught.value)
