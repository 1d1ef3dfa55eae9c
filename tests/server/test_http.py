"""Plain HTTP: health, models, and JSON for everything that is not there."""

import asyncio
import json
from contextlib import closing
from http.client import HTTPConnection

import pytest
from echo_service import EchoService, Serve
from http_client import request
from openai import AsyncOpenAI, AuthenticationError, NotFoundError

from voxwire.runtime.directory import Hosted, LocalDirectory
from voxwire.runtime.principal import Principal
from voxwire.server.middleware import MAX_BODY_BYTES


async def test_health_needs_no_key(serve: Serve) -> None:
    url = await serve(auth={"api_keys": ["k1"]})
    answer = await request(url, "/healthz")
    assert answer.status == 200
    load = {"loop_late_ms": 0, "hearing_late_ms": 0, "speaking": 0, "can_follow": None}
    body = json.loads(answer.body)
    body["load"]["loop_late_ms"] = 0
    deployments = {"ready": 2, "unready": 0, "failed": []}
    drafts = {"begun": 0, "used": 0, "wasted": 0, "refused": 0, "saved_ms": 0}
    assert body == {
        "status": "ok",
        "sessions": 0,
        "load": load,
        "drafts": drafts,
        "failover": {"changes": {}, "resting": {}},
        "deployments": deployments,
    }


class TestModels:
    @pytest.mark.parametrize(
        "path", ["/v1/models", "/openai/v1/models", "/openai/models", "//v1/models/", "/v1/models?x=1"]
    )
    async def test_every_form(self, url: str, path: str) -> None:
        answer = await request(url, path)
        assert answer.status == 200
        body = json.loads(answer.body)
        assert body["object"] == "list"
        assert [model["id"] for model in body["data"]] == ["gpt-realtime", "a/b"]

    async def test_says_what_answers(self, url: str) -> None:
        model = json.loads((await request(url, "/v1/models")).body)["data"][0]
        assert model["label"] == "an echo"
        assert model["engines"]["stt"] == {
            "name": "fake-stt",
            "label": "a fake stt",
            "licence": "none",
            "notice": "tests only",
        }
        assert list(model["engines"]) == ["vad", "stt", "llm", "tts", "turn"]
        assert model["engines"]["vad"]["label"] == "a fake vad"
        assert model["engines"]["turn"]["label"] == "a fake turn"
        assert model["voices"] == ["alloy", "verse"]

    async def test_without_a_turn_model_silence_decides(self, url: str) -> None:
        model = json.loads((await request(url, "/v1/models")).body)["data"][1]
        assert model["engines"]["turn"] is None

    async def test_official_client(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="k1") as client:
            assert [model.id async for model in client.models.list()] == ["gpt-realtime", "a/b"]
            assert (await client.models.retrieve("gpt-realtime")).owned_by == "voxwire"
            assert (await client.models.retrieve("a/b")).id == "a/b"
            with pytest.raises(NotFoundError) as missing:
                await client.models.retrieve("nobody")
            assert missing.value.code == "model_not_found"
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="wrong") as client:
            with pytest.raises(AuthenticationError) as wrong:
                await client.models.list()
            assert wrong.value.code == "invalid_api_key"

    @pytest.mark.parametrize("headers", [{"api-key": "k1"}, {"Authorization": "Bearer k1"}])
    async def test_key_places(self, serve: Serve, headers: dict[str, str]) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        assert (await request(url, "/openai/models?api-version=2024-10-01-preview", headers)).status == 200
        assert (await request(url, "/openai/models?api-version=2024-10-01-preview")).status == 401


class TestNotThere:
    @pytest.mark.parametrize(
        ("method", "target", "status", "code"),
        [
            ("GET", "/v1/chat/completions", 404, "not_found"),
            ("POST", "/v1/chat/completions", 404, "not_found"),
            ("POST", "/v1/models", 405, "method_not_allowed"),
            ("DELETE", "/healthz", 405, "method_not_allowed"),
            ("GET", "/v1/realtime?model=gpt-realtime", 426, "upgrade_required"),
            ("GET", "/openai/deployments/x/realtime", 426, "upgrade_required"),
            ("POST", "/v1/realtime?model=gpt-realtime", 405, "method_not_allowed"),
            ("POST", "/v1/realtime/calls", 404, "not_found"),
        ],
    )
    async def test_json(self, url: str, method: str, target: str, status: int, code: str) -> None:
        answer = await request(url, target, method=method)
        assert (answer.status, answer.error["code"]) == (status, code)
        if status == 405:
            assert answer.headers["allow"] == "GET"
        if status == 426:
            assert answer.headers["upgrade"] == "websocket"

    async def test_foreign_host(self, url: str) -> None:
        answer = await request(url, "/healthz", {"Host": "example.com"})
        assert (answer.status, answer.error["code"]) == (403, "host_not_allowed")

    async def test_foreign_origin(self, url: str) -> None:
        answer = await request(url, "/v1/models", {"Origin": "https://example.com"})
        assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")


class TestBody:
    async def test_declared_too_large(self, url: str) -> None:
        answer = await request(url, "/v1/x", {"Content-Length": str(MAX_BODY_BYTES + 1)}, method="POST")
        assert (answer.status, answer.error["code"]) == (413, "request_too_large")

    async def test_the_answer_reaches_who_sends_before_reading(self, url: str) -> None:
        def send(client: HTTPConnection) -> list[int]:
            statuses = []
            for method, target, body in (("POST", "/v1/x", bytes(8 * MAX_BODY_BYTES)), ("GET", "/healthz", None)):
                client.request(method, target, body)
                with client.getresponse() as answer:
                    statuses.append(answer.status)
                    answer.read()
            return statuses

        with closing(HTTPConnection(url.removeprefix("http://"), timeout=10)) as client:
            assert await asyncio.to_thread(send, client) == [413, 200]

    async def test_within_bounds(self, url: str) -> None:
        answer = await request(url, "/v1/x", method="POST", body=b"x" * 1000)
        assert answer.status == 404


async def test_a_bug_of_ours_is_a_json_500(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(LocalDirectory):
        async def deployment(self, name: str | None, principal: Principal) -> Hosted | None:
            raise RuntimeError("a bug with details")

    service = EchoService()
    service.directory = Broken(service.directory.all, default="gpt-realtime")
    url = await serve(service)
    answer = await request(url, "/v1/models/x")
    assert (answer.status, answer.error["type"]) == (500, "server_error")
    assert b"details" not in answer.body
    assert "a bug with details" in caplog.text
