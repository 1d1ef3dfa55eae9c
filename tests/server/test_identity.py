"""`auth.dev_identity` over real sockets: getting a token, and using it (ADR 10)."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from echo_service import EchoService, Serve
from http_client import Answer, handshake, request
from websockets.asyncio.client import connect

from voxwire.auth import DevIdentity
from voxwire.auth.dev_identity import LIFETIME_S
from voxwire.testing.live_server import served
from voxwire.testing.scripted_clock import ScriptedClock

KEY = "k-s3cret"
GA = "/v1/realtime?model=gpt-realtime"
PREVIEW = "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime"
RESOURCE = "https://cognitiveservices.azure.com"
ASKING = f"/msi/token?api-version=2019-08-01&resource={RESOURCE}"


class Door:
    """A server with a key and a development identity, whose clock stands still."""

    def __init__(self, identity: DevIdentity, clock: ScriptedClock) -> None:
        self.clock = clock
        self.secret = identity.environment("")["IDENTITY_HEADER"]
        self.url = ""

    async def ask(self, target: str = ASKING, **headers: str) -> Answer:
        return await request(self.url, target, {"X-IDENTITY-HEADER": self.secret, **headers})

    async def token(self, resource: str = RESOURCE) -> str:
        answer = await self.ask(f"/msi/token?api-version=2019-08-01&resource={quote(resource, safe='')}")
        assert answer.status == 200
        token: str = json.loads(answer.body)["access_token"]
        return token


@asynccontextmanager
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    clock = ScriptedClock(1_800_000_000)
    identity = DevIdentity(clock.time)
    monkeypatch.setattr("voxwire.server.access.DevIdentity", lambda known: identity)
    door = Door(identity, clock)
    service: Any = EchoService()
    async with served(service, auth={"dev_identity": True, "api_keys": [KEY]}) as door.url:
        yield door


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    async with opened(monkeypatch) as door:
        yield door


class TestAsking:
    async def test_as_python_and_as_javascript_ask(self, door: Door) -> None:
        for target in (ASKING, f"/msi/token?api-version=2019-08-01&resource={quote(RESOURCE, safe='')}"):
            answer = await door.ask(target, Metadata="true")
            assert answer.status == 200
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"
            body = json.loads(answer.body)
            assert body.keys() == {"access_token", "expires_on", "resource", "token_type", "client_id"}
            assert body["expires_on"] == str(1_800_000_000 + LIFETIME_S)
            assert body["resource"] == RESOURCE

    @pytest.mark.parametrize(
        ("target", "secret", "status", "code"),
        [
            (ASKING, "wrong", 401, "invalid_identity_header"),
            ("/msi/token?api-version=2019-08-01", None, 400, "missing_required_parameter"),
            (f"/msi/token?resource={RESOURCE}", None, 400, "invalid_value"),
        ],
    )
    async def test_refusals_say_why_in_our_form_and_app_services(
        self, door: Door, target: str, secret: str | None, status: int, code: str
    ) -> None:
        answer = await door.ask(target, **({} if secret is None else {"X-IDENTITY-HEADER": secret}))
        assert (answer.status, answer.error["code"]) == (status, code)
        body = json.loads(answer.body)
        assert body["statusCode"] == status
        assert body["message"] == answer.error["message"]
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_key_is_no_secret(self, door: Door) -> None:
        answer = await request(door.url, ASKING, {"api-key": KEY, "X-IDENTITY-HEADER": KEY})
        assert answer.status == 401

    async def test_only_get(self, door: Door) -> None:
        answer = await request(door.url, ASKING, {"X-IDENTITY-HEADER": door.secret}, method="POST")
        assert (answer.status, answer.headers["allow"]) == (405, "GET")

    async def test_a_page_from_elsewhere_gets_none(self, serve: Serve) -> None:
        url = await serve(auth={"dev_identity": True})
        answer = await request(url, ASKING, {"Origin": "https://evil.example"})
        assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")

    async def test_off_by_default(self, url: str) -> None:
        assert (await request(url, ASKING, {"X-IDENTITY-HEADER": "any"})).status == 404


class TestUsing:
    PLACES = ("authorization", "api-key", "x-api-key", "query api-key", "query authorization", "subprotocol")

    @staticmethod
    def place(name: str, target: str, token: str) -> tuple[str, dict[str, str]]:
        """Target and headers of a request that carries its token there (protocol: connecting, Keys)."""
        match name:
            case "authorization":
                return target, {"Authorization": f"Bearer {token}"}
            case "api-key" | "x-api-key":
                return target, {name: token}
            case "query api-key":
                return f"{target}&api-key={token}", {}
            case "query authorization":
                return f"{target}&Authorization=Bearer+{token}", {}
            case "subprotocol":
                return target, {"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{token}"}
        raise AssertionError(name)

    @pytest.mark.parametrize("target", [GA, PREVIEW])
    @pytest.mark.parametrize("place", PLACES)
    async def test_opens_a_session_wherever_a_key_may_be(self, door: Door, place: str, target: str) -> None:
        answer = await handshake(door.url, *self.place(place, target, await door.token()))
        assert answer.status == 101

    async def test_opens_plain_requests(self, door: Door) -> None:
        token = await door.token()
        for path in ("/v1/models", "/openai/models?api-version=2024-10-01-preview", "/v1/models/gpt-realtime"):
            assert (await request(door.url, path, {"Authorization": f"Bearer {token}"})).status == 200

    async def test_the_key_still_does(self, door: Door) -> None:
        assert (await handshake(door.url, GA, {"api-key": KEY})).status == 101
        assert (await handshake(door.url, GA)).status == 401

    async def refusal(self, door: Door, token: str) -> str:
        """Everywhere the same one, which tells nobody the token."""
        messages = set()
        for place in self.PLACES:
            answer = await handshake(door.url, *self.place(place, PREVIEW, token))
            assert (answer.status, answer.error["code"]) == (401, "invalid_token"), place
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            assert token not in answer.body.decode()
            messages.add(answer.error["message"])
        plain = await request(door.url, "/v1/models", {"Authorization": f"Bearer {token}"})
        assert plain.status == 401
        messages.add(plain.error["message"])
        (message,) = messages
        return message

    async def test_expired(self, door: Door) -> None:
        token = await door.token()
        door.clock.advance(LIFETIME_S)
        assert "expired" in await self.refusal(door, token)

    async def test_forged(self, door: Door) -> None:
        header, claims, signature = (await door.token()).split(".")
        _, other, _ = (await door.token("https://ai.azure.com")).split(".")
        for forged in (
            f"{header}.{other}.{signature}",
            f"{header}.{claims}.{signature[:-1]}",
            f"eyJhbGciOiJub25lIn0.{claims}.",
            "not.a.token",
        ):
            assert "not issued by this server" in await self.refusal(door, forged)

    async def test_for_another_service(self, door: Door) -> None:
        message = await self.refusal(door, await door.token("https://vault.azure.net"))
        assert "https://cognitiveservices.azure.com/.default" in message

    async def test_a_running_session_outlives_its_token(self, door: Door) -> None:
        """As at Azure: a token is for coming in."""
        headers = {"Authorization": f"Bearer {await door.token()}"}
        async with connect(door.url.replace("http", "ws", 1) + GA, additional_headers=headers) as socket:
            await socket.recv()
            door.clock.advance(2 * LIFETIME_S)
            await socket.send("still here")
            assert await socket.recv() in ("still here", b"still here")


async def test_nothing_secret_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="voxwire")
    async with opened(monkeypatch) as door:
        token = await door.token()
        await door.ask(ASKING, **{"X-IDENTITY-HEADER": "a-wrong-secret"})
        for place in TestUsing.PLACES:
            await handshake(door.url, *TestUsing.place(place, GA, token))
            await handshake(door.url, *TestUsing.place(place, GA, f"{token}x"))
    # The server has stopped: every connection has left its line.
    assert caplog.text.count("GET /msi/token 200") == 1
    assert caplog.text.count("WS /v1/realtime 101") == caplog.text.count("by=dev-identity") == len(TestUsing.PLACES)
    assert caplog.text.count("WS /v1/realtime 401") == len(TestUsing.PLACES)
    for secret in (token, token.rpartition(".")[2], door.secret, "a-wrong-secret", RESOURCE):
        assert secret not in caplog.text


async def test_without_keys_only_bad_tokens_are_refused(serve: Serve) -> None:
    url = await serve(auth={"dev_identity": True})
    assert (await handshake(url, GA)).status == 101
    assert (await handshake(url, GA, {"Authorization": "Bearer any"})).status == 101
    assert (await handshake(url, GA, {"Authorization": "Bearer not.a.token"})).status == 401
