"""Tokens of an issuer over real sockets: coming in with one, being turned away, and what is written about it."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import Answer, handshake, request
from local_issuer import LocalIssuer
from websockets.asyncio.client import connect

from voxwire.auth.oidc import OidcSource
from voxwire.testing.live_server import served
from voxwire.testing.scripted_clock import ScriptedClock

GA = "/v1/realtime?model=gpt-realtime"
PREVIEW = "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime"


@pytest.fixture(scope="module")
def running_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIssuer]:
    with LocalIssuer(tmp_path_factory.mktemp("issuer")).running() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: LocalIssuer) -> LocalIssuer:
    running_issuer.reset()
    return running_issuer


@pytest.fixture
async def url(serve: Serve, issuer: LocalIssuer) -> str:
    """A server that accepts the issuer's tokens, and no key."""
    return await serve(auth={"entra": issuer.entra})


PLACES = ("authorization", "api-key", "query api-key", "query authorization", "subprotocol")


def placed(name: str, target: str, token: str) -> tuple[str, dict[str, str]]:
    """Target and headers of a request that carries its token there (protocol: connecting, Keys)."""
    match name:
        case "authorization":
            return target, {"Authorization": f"Bearer {token}"}
        case "api-key":
            return target, {name: token}
        case "query api-key":
            return f"{target}&api-key={token}", {}
        case "query authorization":
            return f"{target}&Authorization=Bearer+{token}", {}
    return target, {"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{token}"}


@pytest.mark.parametrize("target", [GA, PREVIEW])
@pytest.mark.parametrize("place", PLACES)
async def test_a_token_opens_a_session_wherever_a_key_may_be(
    url: str, issuer: LocalIssuer, place: str, target: str
) -> None:
    answer = await handshake(url, *placed(place, target, issuer.token()))
    assert answer.status == 101


async def test_and_plain_requests(url: str, issuer: LocalIssuer) -> None:
    answer = await request(url, "/v1/models", {"Authorization": f"Bearer {issuer.token()}"})
    assert answer.status == 200


async def test_a_key_does_so_too_where_there_is_one(serve: Serve, issuer: LocalIssuer) -> None:
    url = await serve(auth={"entra": issuer.entra, "api_keys": ["k-s3cret"]})
    assert (await handshake(url, GA, {"api-key": "k-s3cret"})).status == 101
    assert (await handshake(url, GA, {"api-key": issuer.token()})).status == 101
    answer = await handshake(url, GA, {"api-key": "k-s3cret", "Authorization": f"Bearer {issuer.token()}"})
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")


async def test_the_development_identity_does_so_too(serve: Serve, issuer: LocalIssuer) -> None:
    url = await serve(auth={"entra": issuer.entra, "dev_identity": True})
    assert (await handshake(url, GA, {"api-key": issuer.token()})).status == 101
    answer = await handshake(url, GA, {"api-key": issuer.token(iss="voxwire-dev-identity")})
    assert "not issued by this server" in answer.error["message"]


@pytest.mark.parametrize("credential", [None, "any", "sk-123", "a.b.c"])
async def test_nobody_comes_in_without_one(url: str, credential: str | None) -> None:
    answer = await handshake(url, GA, {} if credential is None else {"api-key": credential})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


class TestRefusals:
    async def refused(self, url: str, token: str) -> Answer:
        """The same one at a WebSocket and elsewhere, which repeats nothing of the token."""
        answer = await handshake(url, PREVIEW, {"Authorization": f"Bearer {token}"})
        plain = await request(url, "/v1/models", {"Authorization": f"Bearer {token}"})
        assert plain.error == answer.error
        assert plain.headers["www-authenticate"] == answer.headers["www-authenticate"]
        assert token not in answer.body.decode() + str(answer.headers)
        return answer

    async def test_a_bad_token(self, url: str, issuer: LocalIssuer) -> None:
        answer = await self.refused(url, issuer.token(exp=1_000_000_000))
        assert (answer.status, answer.error["code"]) == (401, "invalid_token")
        said = 'Bearer error="invalid_token", error_description="The access token has expired. Ask for a new one."'
        assert answer.headers["www-authenticate"] == said

    async def test_of_another_issuer_whatever_it_is_called(self, url: str, issuer: LocalIssuer) -> None:
        """What the token says comes back in the message, and in no header."""
        for name in ('https://evil.example/"\r\nset-cookie: a=b', "https://evil.example/ü\\", "https://" + "x" * 5000):
            answer = await self.refused(url, issuer.token(iss=name))
            assert answer.status == 401
            assert "set-cookie" not in answer.headers
            assert len(answer.headers["www-authenticate"]) < 400

    async def test_no_role(self, url: str, issuer: LocalIssuer) -> None:
        answer = await self.refused(url, issuer.token(roles=["Another.Role"]))
        assert (answer.status, answer.error["code"]) == (403, "permission_denied")
        assert answer.headers["www-authenticate"].startswith('Bearer error="insufficient_scope"')

    async def test_a_role_without_the_permission(self, url: str, issuer: LocalIssuer) -> None:
        reader = {"Authorization": f"Bearer {issuer.token(roles=['Voxwire.Reader'])}"}
        answer = await handshake(url, GA, reader)
        assert (answer.status, answer.error["code"]) == (403, "permission_denied")

    async def test_a_huge_token(self, url: str, issuer: LocalIssuer) -> None:
        """Where the longest that Entra ID makes comes in."""
        for place in PLACES:
            fits = issuer.token(groups=["g" * 36] * 250)
            assert len(fits) > 10_000
            assert (await handshake(url, *placed(place, GA, fits))).status == 101
        answer = await self.refused(url, issuer.token(groups=["g" * 36] * 800))
        assert "longer than" in answer.error["message"]


async def test_a_server_starts_without_its_issuer(serve: Serve, issuer: LocalIssuer) -> None:
    issuer.answers[""] = (503, {}, b"")
    url = await serve(auth={"entra": issuer.entra, "api_keys": ["k-s3cret"]})
    answer = await handshake(url, GA, {"api-key": issuer.token()})
    assert (answer.status, answer.error["code"], answer.error["type"]) == (503, "issuer_unavailable", "server_error")
    assert answer.headers["retry-after"] == "5"
    assert (await handshake(url, GA, {"api-key": "k-s3cret"})).status == 101


async def test_an_issuer_that_hangs_holds_up_nobody_else(serve: Serve, issuer: LocalIssuer) -> None:
    issuer.answers["/discovery/keys"] = (200, {"Content-Length": "1000"}, b"{")  # the rest does not come
    url = await serve(auth={"entra": issuer.entra, "api_keys": ["k-s3cret"]})
    waiting = asyncio.create_task(handshake(url, GA, {"api-key": issuer.token()}))
    assert (await handshake(url, GA, {"api-key": "k-s3cret"})).status == 101
    assert not waiting.done()
    waiting.cancel()


async def test_a_running_session_outlives_its_token(
    serve: Serve, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ScriptedClock(issuer.claims()["iat"])
    made = OidcSource.__init__
    monkeypatch.setattr(OidcSource, "__init__", lambda self, *given: made(self, *given, clock=clock.time))
    url = await serve(auth={"entra": issuer.entra})
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    async with connect(url.replace("http", "ws", 1) + GA, additional_headers=headers) as socket:
        await socket.recv()
        clock.advance(3600)
        assert (await handshake(url, GA, headers)).error["code"] == "invalid_token"
        await socket.send("still here")
        assert await socket.recv() in ("still here", b"still here")


async def test_nothing_secret_is_logged(issuer: LocalIssuer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="voxwire")
    claims: dict[str, Any] = {"upn": "zoe@contoso.example", "name": "Zoe Example", "preferred_username": "zoe@contoso"}
    good, bad = issuer.token(**claims), issuer.token(exp=1_000_000_000, **claims)
    roleless = issuer.token(roles=None, **claims)
    async with served(EchoService(), auth={"entra": issuer.entra}) as url:
        for token in (good, bad, roleless):
            for place in PLACES:
                await handshake(url, *placed(place, GA, token))
    assert len(re.findall(r"by=oidc-[0-9a-f]{20} ", caplog.text)) == len(PLACES)
    assert "object=00000000-1111-4222-8333-444444444444" in caplog.text  # for the operator, who has to give a role
    for token in (good, bad, roleless):
        for part in token.split("."):
            assert part not in caplog.text
    assert not re.search("zoe|contoso", caplog.text, re.IGNORECASE)


async def test_a_stored_role_counts_for_the_next_connection(serve: Serve, issuer: LocalIssuer, tmp_path: Path) -> None:
    """Given and taken by an owner, while the server runs."""
    url = await serve(
        auth={"entra": issuer.entra, "admin_keys": ["owner-key"]},
        storage={"url": f"sqlite:///{tmp_path / 'voxwire.db'}"},
    )
    token = {"Authorization": f"Bearer {issuer.token(roles=None)}"}
    owner = {"api-key": "owner-key", "Content-Type": "application/json"}
    assert (await handshake(url, GA, token)).status == 403
    body = {"kind": "user", "subject": issuer.claims()["oid"], "role": "user"}
    given = await request(url, "/admin/v1/role-assignments", owner, method="POST", body=json.dumps(body).encode())
    assert given.status in (200, 201), given.body
    assert (await handshake(url, GA, token)).status == 101
    assignment = json.loads(given.body)["id"]
    taken = await request(url, f"/admin/v1/role-assignments/{assignment}", owner, method="DELETE")
    assert taken.status in (200, 204)
    assert (await handshake(url, GA, token)).status == 403


async def test_a_server_without_issuers_loads_nothing_for_them() -> None:
    """Cryptography takes a moment to import, and most servers need none."""
    program = "import sys, voxwire.server.app, voxwire.auth; sys.exit('joserfc' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0
