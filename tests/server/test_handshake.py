"""Handshakes over real sockets: what is accepted and how, what is refused and how (protocol: connecting)."""

import asyncio
import json
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import Answer, handshake, request
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

GA = "/v1/realtime?model=gpt-realtime"


async def greeting(url: str, target: str, **options: Any) -> dict[str, Any]:
    async with connect(url.replace("http", "ws", 1) + target, **options) as socket:
        body: dict[str, Any] = json.loads(await socket.recv())
        return body


class TestUrlForms:
    @pytest.mark.parametrize(
        ("target", "dialect"),
        [
            (GA, "ga"),
            ("/v1/realtime/?model=gpt-realtime", "ga"),
            ("//v1//realtime?model=gpt-realtime", "ga"),
            ("/openai/v1/realtime?model=gpt-realtime", "ga"),
            ("/openai/v1/realtime?deployment=gpt-realtime", "ga"),
            ("/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime", "preview"),
            ("/openai/realtime?model=x&api-version=2024-10-01-preview&deployment=gpt-realtime", "preview"),
            (
                "/openai/deployments/x/realtime?model=x&api-version=2025-04-01-preview&deployment=gpt-realtime",
                "preview",
            ),
            ("/openai/realtime?api-version=2025-08-28&deployment=gpt-realtime", "ga"),
            ("/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime", "voice_live"),
        ],
    )
    async def test_realtime(self, url: str, target: str, dialect: str) -> None:
        said = await greeting(url, target)
        assert said["deployment"] == said["model"] == "gpt-realtime"
        assert (said["kind"], said["dialect"]) == ("realtime", dialect)

    async def test_the_name_that_was_asked_for_is_passed_on(self, url: str) -> None:
        said = await greeting(url, "/v1/realtime?model=whisper-1")
        assert (said["deployment"], said["model"]) == ("gpt-realtime", "whisper-1")
        assert (await greeting(url, "/v1/realtime?intent=transcription"))["model"] is None

    @pytest.mark.parametrize(
        ("target", "engine"), [(GA, "an echo"), ("/v1/realtime?intent=transcription", "a fake stt")]
    )
    async def test_a_header_says_what_answers(self, url: str, target: str, engine: str) -> None:
        async with connect(url.replace("http", "ws", 1) + target) as socket:
            assert socket.response is not None
            assert socket.response.headers["x-voxwire-engine"] == engine

    async def test_a_label_of_any_characters_fits_a_header(self, serve: Serve) -> None:
        service = EchoService()
        for hosted in service.directory.all:
            hosted.stages["llm"].label = "Zürich\r\nset-cookie: x=1"
        async with connect((await serve(service)).replace("http", "ws", 1) + GA) as socket:
            assert socket.response is not None
            assert socket.response.headers["x-voxwire-engine"] == "Z?rich??set-cookie: x=1"
            assert "set-cookie" not in socket.response.headers

    @pytest.mark.parametrize(
        "target",
        [
            "/v1/realtime?intent=transcription",
            "/openai/v1/realtime?intent=transcription",
            "/v1/realtime?model=whisper-1",
            "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-realtime&intent=transcription",
        ],
    )
    async def test_transcription(self, url: str, target: str) -> None:
        assert (await greeting(url, target))["kind"] == "transcription"

    @pytest.mark.parametrize(
        "target", ["/v1/realtime?model=a%2Fb", "/openai/deployments/a/b/realtime", "/openai/deployments/a%2Fb/realtime"]
    )
    async def test_names_with_slashes(self, url: str, target: str) -> None:
        assert (await greeting(url, target))["deployment"] == "a/b"

    async def test_beta_header(self, url: str) -> None:
        assert (await greeting(url, GA, additional_headers={"openai-beta": "realtime=v1"}))["dialect"] == "preview"


class TestSubprotocols:
    @pytest.mark.parametrize(
        ("offered", "dialect"),
        [
            (["realtime"], "ga"),
            (["realtime", "openai-insecure-api-key.k1"], "ga"),
            (["realtime", "openai-insecure-api-key.k1", "openai-organization.o", "openai-project.p"], "ga"),
            (["realtime", "openai-insecure-api-key.k1", "openai-beta.realtime-v1"], "preview"),
        ],
    )
    async def test_realtime_is_chosen(self, serve: Serve, offered: list[str], dialect: str) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        headers = {} if len(offered) > 1 else {"api-key": "k1"}
        async with connect(url.replace("http", "ws") + GA, subprotocols=offered, additional_headers=headers) as socket:
            assert socket.subprotocol == "realtime"
            assert json.loads(await socket.recv())["dialect"] == dialect

    @pytest.mark.parametrize("offered", [None, ["openai-insecure-api-key.k1"], ["chat"]])
    async def test_none_is_chosen_that_was_not_offered(self, serve: Serve, offered: list[str] | None) -> None:
        """`realtime` if and only if it was offered; a key is never echoed (protocol: connecting, Subprotocols)."""
        url = await serve(auth={"api_keys": ["k1"]})
        headers = {"api-key": "k1"}
        async with connect(url.replace("http", "ws") + GA, subprotocols=offered, additional_headers=headers) as socket:
            assert socket.subprotocol is None

    @pytest.mark.parametrize("offered", [None, "openai-insecure-api-key.k1", "chat, superchat"])
    async def test_nothing_else_is_ever_answered(self, url: str, offered: str | None) -> None:
        headers = {"Sec-WebSocket-Protocol": offered} if offered else {}
        answer = await self._accepted(url, headers)
        assert "sec-websocket-protocol" not in answer.headers

    async def test_a_key_that_is_no_token(self, serve: Serve) -> None:
        """RFC 6455 forbids such tokens; keys do not know that."""
        url = await serve(auth={"api_keys": ["a/b=c@d"]})
        offered = "realtime,openai-insecure-api-key.a/b=c@d"
        answer = await self._accepted(url, {"Sec-WebSocket-Protocol": offered})
        assert answer.headers["sec-websocket-protocol"] == "realtime"

    @staticmethod
    async def _accepted(url: str, headers: dict[str, str]) -> Answer:
        answer = await handshake(url, GA, headers)
        assert answer.status == 101
        return answer


async def test_compression_is_never_agreed_on(url: str) -> None:
    answer = await handshake(url, GA, {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    assert answer.status == 101
    assert "sec-websocket-extensions" not in answer.headers


class TestKeys:
    @pytest.mark.parametrize(
        ("headers", "query"),
        [
            ({"Authorization": "Bearer k1"}, ""),
            ({"api-key": "k2"}, ""),
            ({"X-Api-Key": "k1"}, ""),
            ({}, "&api-key=k1"),
            ({}, "&Authorization=Bearer%20k1"),
            ({}, "&Authorization=Bearer+k1"),
            ({"Authorization": "Bearer k1", "api-key": "k1"}, ""),
        ],
    )
    async def test_accepted(self, serve: Serve, headers: dict[str, str], query: str) -> None:
        url = await serve(auth={"api_keys": ["k1", "k2"]})
        assert (await handshake(url, GA + query, headers)).status == 101

    @pytest.mark.parametrize(
        ("headers", "query", "code"),
        [
            ({}, "", "missing_api_key"),
            ({"Authorization": "Basic k1"}, "", "missing_api_key"),
            ({"Authorization": "Bearer nope"}, "", "invalid_api_key"),
            ({"api-key": "k1", "Authorization": "Bearer k2"}, "", "invalid_api_key"),
            ({"api-key": "k1"}, "&api-key=nope", "invalid_api_key"),
            ({"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.nope"}, "", "invalid_api_key"),
        ],
    )
    async def test_refused(self, serve: Serve, headers: dict[str, str], query: str, code: str) -> None:
        url = await serve(auth={"api_keys": ["k1", "k2"]})
        answer = await handshake(url, GA + query, headers)
        assert answer.status == 401
        assert answer.error["code"] == code
        assert answer.error["type"] == "invalid_request_error"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "sec-websocket-protocol" not in answer.headers

    async def test_clients_get_a_clean_exception(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        with pytest.raises(InvalidStatus) as caught:
            await greeting(url, GA)
        assert caught.value.response.status_code == 401
        assert b"missing_api_key" in caught.value.response.body

    async def test_without_keys_any_is_welcome(self, url: str) -> None:
        assert (await handshake(url, GA, {"Authorization": "Bearer anything", "api-key": "else"})).status == 101


class TestRefusals:
    @pytest.mark.parametrize(
        ("target", "status", "code"),
        [
            ("/v1/realtime", 400, "missing_model"),
            ("/v1/realtime?model=nobody", 404, "model_not_found"),
            ("/openai/realtime?api-version=2024-10-01-preview&deployment=nobody", 404, "DeploymentNotFound"),
            ("/v1/realtime?call_id=rtc_1", 404, "call_not_found"),
            ("/v1/realtime/translations?model=gpt-realtime", 404, "unsupported_endpoint"),
            ("/v2/realtime?model=gpt-realtime", 404, "not_found"),
            ("/v1/live/sessions/x", 404, "not_found"),
            ("/", 404, "not_found"),
        ],
    )
    async def test_wrong_target(self, url: str, target: str, status: int, code: str) -> None:
        answer = await handshake(url, target)
        assert (answer.status, answer.error["code"]) == (status, code)

    async def test_is_no_error_of_the_servers(self, url: str, caplog: pytest.LogCaptureFixture) -> None:
        assert (await handshake(url, "/v1/realtime?model=nobody")).status == 404
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []

    async def test_everybody_needs_a_key_before_learning_anything(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        assert (await handshake(url, "/v1/realtime?model=nobody")).status == 401

    @pytest.mark.parametrize("host", ["example.com", "voxwire.local:8000", "192.168.0.1"])
    async def test_foreign_host_without_keys(self, url: str, host: str) -> None:
        answer = await handshake(url, GA, {"Host": host})
        assert (answer.status, answer.error["code"]) == (403, "host_not_allowed")

    @pytest.mark.parametrize("origin", ["https://example.com", "null"])
    async def test_foreign_origin_without_keys(self, url: str, origin: str) -> None:
        answer = await handshake(url, GA, {"Origin": origin})
        assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")

    @pytest.mark.parametrize("origin", ["null", "file://", "tauri://localhost"])
    async def test_pages_of_shells(self, serve: Serve, origin: str) -> None:
        url = await serve(auth={"allowed_origins": [origin]})
        assert (await handshake(url, GA, {"Origin": origin})).status == 101
        assert (await handshake(url, GA, {"Origin": "app://other"})).status == 403

    async def test_local_pages_without_keys(self, url: str) -> None:
        assert (await handshake(url, GA, {"Host": "localhost", "Origin": "http://localhost:5173"})).status == 101

    async def test_pages_with_keys(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        headers = {"Host": "api.example.com", "Origin": "https://example.com", "api-key": "k1"}
        assert (await handshake(url, GA, headers)).status == 101

    async def test_all_sessions_in_use(self, serve: Serve) -> None:
        url = await serve(server={"max_sessions": 1})
        async with connect(url.replace("http", "ws") + GA) as first:
            await first.recv()
            answer = await handshake(url, GA)
            assert (answer.status, answer.error["code"]) == (429, "too_many_sessions")
            assert int(answer.headers["retry-after"]) > 0
        async with asyncio.timeout(5):
            while (await handshake(url, GA)).status != 101:  # noqa: ASYNC110 - nobody else can tell
                await asyncio.sleep(0.01)

    @pytest.mark.parametrize(
        "change",
        [
            {"Sec-WebSocket-Key": "short"},
            {"Sec-WebSocket-Key": ""},
            {"Sec-WebSocket-Version": "8"},
        ],
    )
    async def test_malformed_handshake(self, url: str, change: dict[str, str]) -> None:
        answer = await handshake(url, GA, change)
        assert answer.status in (400, 426)
        assert answer.error["code"] == "invalid_request"

    @pytest.mark.parametrize("header", [{"X-Long": "k" * 9000}, {f"X-{number}": "x" for number in range(200)}])
    async def test_headers_beyond_bounds(self, url: str, header: dict[str, str]) -> None:
        answer = await handshake(url, GA, header)
        assert (answer.status, answer.error["code"]) == (431, "request_headers_too_large")


class TestSaidTwice:
    """A key of the query that says two things: proxies in between may have judged the other one."""

    @pytest.mark.parametrize(
        "name", ["model", "deployment", "api-version", "intent", "call_id", "agent-id", "agent-name"]
    )
    @pytest.mark.parametrize("ask", [handshake, request])
    async def test_differently(self, url: str, name: str, ask: Any) -> None:
        answer = await ask(url, f"/v1/realtime?{name}=gpt-realtime&model=gpt-realtime&{name}=b")
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_value", name)
        assert "twice" in answer.error["message"]

    @pytest.mark.parametrize("name", ["api-key", "API-KEY", "Authorization"])
    @pytest.mark.parametrize("keys", [["k1"], []])
    async def test_keys(self, serve: Serve, name: str, keys: list[str]) -> None:
        url = await serve(auth={"api_keys": keys})
        answer = await handshake(url, f"{GA}&api-key=k1&authorization=Bearer+k1&{name}=other")
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")

    async def test_the_same(self, serve: Serve) -> None:
        url = await serve(auth={"api_keys": ["k1"]})
        assert (await handshake(url, f"{GA}&api-key=k1&api-key=k1&model=gpt-realtime")).status == 101

    async def test_lists_that_nobody_reads(self, url: str) -> None:
        assert (await handshake(url, f"{GA}&include[]=a&include[]=b")).status == 101


class TestIdentifiers:
    async def test_fresh_on_every_answer(self, url: str) -> None:
        for target in (GA, "/v1/realtime?model=nobody"):
            answer = await handshake(url, target)
            assert answer.headers["x-request-id"] == answer.headers["apim-request-id"]
            assert len(answer.headers["x-request-id"]) == 36

    @pytest.mark.parametrize("target", [GA, "/v1/realtime?model=nobody", "/healthz", "/nowhere"])
    async def test_the_clients_own_are_echoed(self, url: str, target: str) -> None:
        headers = {"X-Request-Id": "mine-1", "x-ms-client-request-id": "mine-2"}
        ask = request if target in ("/healthz", "/nowhere") else handshake
        answer = await ask(url, target, headers)
        assert answer.headers["x-request-id"] == "mine-1"
        assert len(answer.headers["apim-request-id"]) == 36  # ours, which the log has
        assert answer.headers["x-ms-client-request-id"] == "mine-2"

    async def test_browsers_send_theirs_in_the_query(self, url: str) -> None:
        answer = await handshake(url, GA + "&x-ms-client-request-id=mine-2")
        assert answer.headers["x-ms-client-request-id"] == "mine-2"

    async def test_no_header_can_be_smuggled(self, url: str) -> None:
        answer = await handshake(url, GA + "&x-ms-client-request-id=a%0d%0aset-cookie:%20x")
        assert answer.status == 101
        assert "set-cookie" not in answer.headers
        assert "x-ms-client-request-id" not in answer.headers


async def test_the_server_does_not_name_itself(url: str) -> None:
    for answer in (await handshake(url, GA), await request(url, "/healthz")):
        assert "server" not in answer.headers


async def test_a_server_without_room_says_when_to_come_back(serve: Serve) -> None:
    """Before the upgrade, and in `/readyz` for whoever balances the load."""
    service = EchoService()
    url = await serve(service)
    for _ in range(2):
        service.load.judge(10.0)
    answer = await handshake(url, GA)
    assert (answer.status, answer.headers["retry-after"], answer.error["code"]) == (503, "5", "server_busy")
    health = await request(url, "/readyz")
    assert (health.status, json.loads(health.body)["status"]) == (503, "full")
