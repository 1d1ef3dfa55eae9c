"""The connection: handshake, sending, receiving, its end."""

import asyncio
import logging
import socket
import sys
import uuid

import aiohttp
import pytest
from aiohttp import web
from azure.core.credentials import AccessToken, AzureKeyCredential
from pydantic import ValidationError

import rtclient.low_level_client
from rtclient import (
    ConnectionClosedError,
    InputAudioBufferAppendMessage,
    InputTextContentPart,
    ItemCreateMessage,
    MalformedMessageError,
    NoTurnDetection,
    ResponseCreateMessage,
    ResponseCreateParams,
    RTLowLevelClient,
    SessionCreatedMessage,
    SessionUpdateMessage,
    SessionUpdateParams,
    UnknownMessage,
    UnreachableError,
    UserMessageItem,
)
from rtclient.util.user_agent import get_user_agent
from scripted_service import CREATED, Peer, serving

KEY = AzureKeyCredential("secret")


class Token:
    """A credential as azure-identity has them."""

    def __init__(self) -> None:
        self.scopes: tuple[str, ...] = ()

    async def get_token(self, *scopes: str) -> AccessToken:
        self.scopes = scopes
        return AccessToken("token", 0)


async def greet(peer: Peer) -> None:
    await peer.say(CREATED)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_OPENAI_PATH", "AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


class TestConstructor:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ({"url": "http://x"}, "key_credential or token_credential is required for Azure OpenAI"),
            ({"url": "http://x", "key_credential": KEY}, "azure_deployment is required for Azure OpenAI"),
            ({}, "key_credential is required for OpenAI"),
            ({"key_credential": KEY}, "model is required for OpenAI"),
            ({"key_credential": KEY, "model": "m", "dialect": "beta"}, "dialect must be"),
            ({"url": "http://x", "key_credential": KEY, "azure_deployment": "d", "base_url": "http://y"}, "base_url"),
        ],
    )
    async def test_missing_arguments(self, arguments: dict[str, object], text: str) -> None:
        with pytest.raises(ValueError, match=text):
            RTLowLevelClient(**arguments)  # type: ignore[arg-type]

    async def test_positions(self) -> None:
        async with serving(greet) as service, RTLowLevelClient(service.url, None, KEY, None, "dep"):
            assert service.requests[0].query["deployment"] == "dep"

    @pytest.mark.parametrize("url", ["example.com", "ftp://example.com"])
    async def test_a_url_without_scheme(self, url: str) -> None:
        with pytest.raises(ValueError, match="must begin with"):
            await RTLowLevelClient(url, key_credential=KEY, azure_deployment="d").connect()


class TestHandshake:
    async def test_azure_with_a_key(self) -> None:
        async with serving(greet) as service:
            client = RTLowLevelClient(service.url + "/lost/", key_credential=KEY, azure_deployment="dep")
            assert client.request_id is None
            async with client:
                (request,) = service.requests
        assert request.path == "/openai/realtime"
        assert dict(request.query) == {"deployment": "dep", "api-version": "2024-10-01-preview"}
        assert request.headers["api-key"] == "secret"
        assert request.headers["x-ms-client-request-id"] == str(client.request_id)
        assert request.headers["User-Agent"] == get_user_agent()
        assert "Authorization" not in request.headers
        assert "Sec-WebSocket-Protocol" not in request.headers
        assert "Sec-WebSocket-Extensions" not in request.headers

    async def test_a_token_wins_over_a_key(self) -> None:
        token = Token()
        async with serving(greet) as service, RTLowLevelClient(service.url, token, KEY, azure_deployment="d"):
            headers = service.requests[0].headers
        assert headers["Authorization"] == "Bearer token"
        assert "api-key" not in headers
        assert token.scopes == ("https://cognitiveservices.azure.com/.default",)

    @pytest.mark.parametrize("scheme", ["http", "ws"])
    async def test_schemes(self, scheme: str) -> None:
        async with serving(greet) as service:
            url = service.url.replace("http", scheme)
            async with RTLowLevelClient(url, key_credential=KEY, azure_deployment="d") as client:
                assert isinstance(await client.recv(), SessionCreatedMessage)

    async def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_VERSION", "2024-12-17")
        monkeypatch.setenv("AZURE_OPENAI_PATH", "/other/realtime")
        async with serving(greet) as service:
            client = RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d")
            await client.connect()
            monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2025-04-01-preview")
            await client.connect()
            await client.close()
        assert [request.path for request in service.requests] == ["/other/realtime"] * 2
        assert [request.query["api-version"] for request in service.requests] == ["2024-12-17", "2025-04-01-preview"]

    async def test_a_request_id_per_connection(self) -> None:
        async with serving(greet) as service:
            client = RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d")
            await client.connect()
            first = client.request_id
            await client.connect()
            assert isinstance(first, uuid.UUID)
            assert client.request_id != first
            await client.close()

    @pytest.mark.parametrize(("dialect", "marker"), [("preview", "realtime=v1"), ("ga", None)])
    async def test_openai(self, dialect: rtclient.low_level_client.Dialect, marker: str | None) -> None:
        async with serving(greet) as service:
            url = service.url + "/v1"
            async with RTLowLevelClient(key_credential=KEY, model="m/1", dialect=dialect, base_url=url):
                (request,) = service.requests
        assert request.path == "/v1/realtime"
        assert dict(request.query) == {"model": "m/1"}
        assert request.headers["Authorization"] == "Bearer secret"
        assert request.headers.get("openai-beta") == marker

    async def test_openai_base_url_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with serving(greet) as service:
            monkeypatch.setenv("OPENAI_BASE_URL", service.url + "/v1/")
            async with RTLowLevelClient(key_credential=KEY, model="m") as client:
                assert not client.closed

    async def test_azure_ga(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-01-preview")
        async with serving(greet) as service:
            async with RTLowLevelClient(service.url, None, KEY, azure_deployment="dep", dialect="ga"):
                (request,) = service.requests
        assert request.path == "/openai/v1/realtime"
        assert dict(request.query) == {"model": "dep"}
        assert request.headers["api-key"] == "secret"

    @pytest.mark.parametrize(
        ("dialect", "query"),
        [
            ("ga", {"intent": "transcription"}),
            ("preview", {"deployment": "d", "api-version": "2024-10-01-preview", "intent": "transcription"}),
        ],
    )
    async def test_transcription(self, dialect: rtclient.low_level_client.Dialect, query: dict[str, str]) -> None:
        async with serving(greet) as service:
            async with RTLowLevelClient(service.url, None, KEY, None, "d", dialect=dialect, intent="transcription"):
                assert dict(service.requests[0].query) == query


class TestRefusal:
    @pytest.mark.parametrize(("status", "code"), [(401, "invalid_api_key"), (404, "DeploymentNotFound")])
    async def test_status_code_and_request_id(self, status: int, code: str) -> None:
        async def refuse(request: web.Request) -> web.Response:
            error = {"error": {"message": "No.", "code": code}}
            return web.json_response(error, status=status, headers={"x-ms-request-id": "service-1"})

        async with serving(greet, refuse) as service:
            client = RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d")
            with pytest.raises(
                rtclient.low_level_client.ConnectionError, match=f"^Received status code {status} from the server$"
            ) as caught:
                await client.connect()
        error = caught.value
        assert (error.status, error.code, error.detail, error.request_id) == (status, code, "No.", "service-1")
        assert error.headers["x-ms-request-id"] == "service-1"
        assert client.closed

    @pytest.mark.parametrize("body", ["", "<html>", "[]", '{"error": "text"}', '{"error": {"code": 7}}'])
    async def test_any_body(self, body: str) -> None:
        async def refuse(request: web.Request) -> web.Response:
            return web.Response(status=500, text=body)

        async with serving(greet, refuse) as service:
            client = RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d")
            with pytest.raises(rtclient.low_level_client.ConnectionError) as caught:
                await client.connect()
        assert caught.value.status == 500
        assert caught.value.code == ("7" if "7" in body else None)
        assert caught.value.request_id == str(client.request_id)

    async def test_a_redirect_is_not_followed(self) -> None:
        keys: list[str | None] = []

        async def redirect(request: web.Request) -> web.Response:
            keys.append(request.headers.get("api-key"))
            return web.Response(status=307, headers={"Location": "/elsewhere"})

        async with serving(greet, redirect) as service:
            with pytest.raises(rtclient.low_level_client.ConnectionError) as caught:
                await RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d").connect()
        assert caught.value.status == 307
        assert keys == ["secret"]

    async def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        client = RTLowLevelClient(f"http://127.0.0.1:{port}", key_credential=KEY, azure_deployment="d")
        with pytest.raises(UnreachableError) as caught:
            await client.connect()
        assert isinstance(caught.value, rtclient.low_level_client.ConnectionError)
        assert isinstance(caught.value, aiohttp.ClientConnectionError)
        assert caught.value.request_id == str(client.request_id)

    async def test_no_answer_in_time(self) -> None:
        async def sleep(request: web.Request) -> web.Response:
            await asyncio.sleep(5)
            return web.Response()

        async with serving(greet, sleep) as service:
            with pytest.raises(UnreachableError, match="No answer within"):
                await RTLowLevelClient(
                    service.url, key_credential=KEY, azure_deployment="d", connect_timeout=0.05
                ).connect()

    async def test_no_websocket_there(self) -> None:
        async def fake(request: web.Request) -> web.Response:
            return web.Response(text="Welcome")

        async with serving(greet, fake) as service:
            with pytest.raises(rtclient.low_level_client.ConnectionError) as caught:
                await RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d").connect()
        assert caught.value.status == 200


class TestMessages:
    async def test_sent_without_what_is_unset(self) -> None:
        item = UserMessageItem(content=[InputTextContentPart(text="Hi")])
        expected: list[dict[str, object]] = [
            {"type": "input_audio_buffer.append", "audio": "AAAA"},
            {"type": "input_audio_buffer.append", "audio": 'no "base64"\n'},
            {"type": "input_audio_buffer.append", "event_id": "e", "audio": "AAAA"},
            {"type": "session.update", "session": {"turn_detection": {"type": "none"}}},
            {
                "type": "conversation.item.create",
                "previous_item_id": None,
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            },
            {"type": "response.create", "response": {"instructions": "Sing."}},
            {"type": "response.create"},
            {"type": "conversation.item.retrieve", "item_id": "item_1"},
        ]

        async def script(peer: Peer) -> None:
            for event in expected:
                assert await peer.hear(str(event["type"])) == event
            await peer.say(CREATED)

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            await client.send(InputAudioBufferAppendMessage(audio="AAAA"))
            await client.send(InputAudioBufferAppendMessage(audio='no "base64"\n'))
            await client.send(InputAudioBufferAppendMessage(audio="AAAA", event_id="e"))
            await client.send(SessionUpdateMessage(session=SessionUpdateParams(turn_detection=NoTurnDetection())))
            await client.send(ItemCreateMessage(previous_item_id=None, item=item))
            await client.send(ResponseCreateMessage(response=ResponseCreateParams(instructions="Sing.")))
            await client.send(ResponseCreateMessage())
            await client.send({"type": "conversation.item.retrieve", "item_id": "item_1"})
            assert isinstance(await client.recv(), SessionCreatedMessage)

    async def test_openai_wants_null_for_no_turn_detection(self) -> None:
        async def script(peer: Peer) -> None:
            assert await peer.hear("session.update") == {"type": "session.update", "session": {"turn_detection": None}}
            await peer.say(CREATED)

        async with (
            serving(script) as service,
            RTLowLevelClient(key_credential=KEY, model="m", base_url=service.url + "/v1") as client,
        ):
            await client.send(SessionUpdateMessage(session=SessionUpdateParams(turn_detection=NoTurnDetection())))
            assert isinstance(await client.recv(), SessionCreatedMessage)

    async def test_unknown_types_are_no_fault(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def script(peer: Peer) -> None:
            await peer.say({"type": "weather.changed", "secret": "rain"})

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            with caplog.at_level(logging.DEBUG, "rtclient"):
                message = await client.recv()
        assert isinstance(message, UnknownMessage)
        assert message.model_extra == {"secret": "rain"}
        assert "weather.changed" in caplog.text
        assert "rain" not in caplog.text
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        "frame",
        ["", "{", "[]", "7", "{}", '{"type": 7}', '{"type": "error"}', '{"type":"response.audio.delta","delta":1}'],
    )
    async def test_malformed_ones_are_told_and_do_not_end_the_connection(self, frame: str) -> None:
        async def script(peer: Peer) -> None:
            await peer.ws.send_str(frame)
            await peer.say(CREATED)

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            with pytest.raises(MalformedMessageError) as caught:
                await client.recv()
            assert caught.value.request_id == str(client.request_id)
            assert isinstance(caught.value.__cause__, ValueError)
            assert isinstance(await client.recv(), SessionCreatedMessage)

    async def test_what_pydantic_found_is_the_cause(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.say({"type": "error", "error": {"message": 3}})

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            with pytest.raises(MalformedMessageError, match=r"ErrorMessage\.error\.message") as caught:
                await client.recv()
        assert isinstance(caught.value.__cause__, ValidationError)


class TestEnd:
    async def test_iteration_stops_when_the_service_closes(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.say(CREATED)
            await peer.ws.close(code=4000, message=b"invalid_request_error.gone")

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            assert [message.type async for message in client] == ["session.created"]
            assert client.closed
            assert client.lost is not None
            assert (client.lost.close_code, client.lost.reason) == (4000, "invalid_request_error.gone")
            assert await client.recv() is None
            with pytest.raises(ConnectionClosedError) as caught:
                await client.send(ResponseCreateMessage())
            assert caught.value.close_code == 4000

    async def test_a_lost_network(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.say(CREATED)
            await peer.vanish()

        async with (
            serving(script) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            assert [message.type async for message in client] == ["session.created"]
            assert client.lost is not None
            assert client.lost.close_code == 1006

    @pytest.mark.skipif(sys.platform != "linux", reason="names of Linux")
    async def test_a_dead_peer_is_noticed_by_the_kernel(self) -> None:
        async with (
            serving(greet) as service,
            RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d") as client,
        ):
            assert client.ws is not None
            connection = client.ws.get_extra_info("socket")
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000

    async def test_own_close_is_no_loss(self) -> None:
        async with serving(greet) as service:
            client = RTLowLevelClient(service.url, key_credential=KEY, azure_deployment="d")
            await client.connect()
            waiting = asyncio.create_task(_last(client))
            await asyncio.sleep(0)
            await client.close()
            assert await waiting is None
            assert client.lost is None
            assert client.closed
            await client.close()

    async def test_before_connecting(self) -> None:
        client = RTLowLevelClient("http://x", key_credential=KEY, azure_deployment="d")
        assert client.closed
        with pytest.raises(RuntimeError, match=r"connect\(\) first"):
            await client.recv()


async def _last(client: RTLowLevelClient) -> object:
    while await client.recv() is not None:
        pass
    return None
