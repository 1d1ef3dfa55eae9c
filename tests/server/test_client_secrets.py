"""Ephemeral keys over real sockets: made by the official package's own calls, and used in every place."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from http_client import UPGRADE, Answer, request
from openai import AsyncOpenAI, BadRequestError
from websockets.asyncio.client import connect

from voxwire.auth.management import KeyBook
from voxwire.runtime import AccessRole
from voxwire.storage.database import Database
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served, settings_for_tests

PAGE = "https://app.example"
KEY = "k-long-lived"
GA = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    service = fake_service(fake_deployment(), fake_deployment(name="other"))
    async with served(service, auth={"api_keys": [KEY], "allowed_origins": [PAGE]}) as address:
        yield address


@pytest.fixture
async def openai(url: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        yield client


async def post(url: str, path: str, body: Any, key: str | None = KEY, **headers: str) -> Answer:
    sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {}), **headers}
    return await request(url, path, sent, method="POST", body=json.dumps(body).encode())


async def mint(url: str, key: str | None = KEY, **body: Any) -> dict[str, Any]:
    answer = await post(url, "/v1/realtime/client_secrets", {"session": GA, **body}, key)
    assert answer.status == 200, answer.body
    made: dict[str, Any] = json.loads(answer.body)
    return made


async def created(url: str, target: str, headers: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """The session that `session.created` shows."""
    address = url.replace("http", "ws", 1) + target
    async with connect(address, additional_headers=headers, **options) as socket:
        event = json.loads(await socket.recv())
    assert event["type"].endswith("session.created")
    session: dict[str, Any] = event["session"]
    return session


async def open_with(url: str, key: str, target: str = "/v1/realtime?model=gpt-realtime") -> Answer:
    return await request(url, target, {**UPGRADE, "Authorization": f"Bearer {key}"})


class TestOfficialPackage:
    async def test_ga(self, openai: AsyncOpenAI) -> None:
        made = await openai.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 30},
            session={"type": "realtime", "model": "gpt-realtime", "audio": {"output": {"voice": "verse"}}},
        )
        assert made.value.startswith("ek_")
        assert made.session.type == "realtime"
        browser = AsyncOpenAI(api_key=made.value, base_url=openai.base_url)
        async with browser.realtime.connect(model="gpt-realtime") as connection:
            event = await connection.recv()
            assert event.type == "session.created"
            assert event.session.audio.output.voice == "verse"
        await browser.close()

    async def test_preview(self, openai: AsyncOpenAI) -> None:
        made = await openai.beta.realtime.sessions.create(model="gpt-realtime", instructions="Be brief.", voice="verse")
        assert made.voice == "verse"
        address = str(openai.base_url).replace("http", "ws", 1)  # this helper would insist on TLS
        browser = AsyncOpenAI(api_key=made.client_secret.value, base_url=openai.base_url, websocket_base_url=address)
        async with browser.beta.realtime.connect(model="gpt-realtime") as connection:
            event = await connection.recv()
            assert (event.session.voice, event.session.instructions) == ("verse", "Be brief.")
        await browser.close()

    async def test_transcription_of_the_preview(self, openai: AsyncOpenAI) -> None:
        made = await openai.beta.realtime.transcription_sessions.create(
            input_audio_transcription={"model": "whisper-1", "language": "de"}
        )
        assert made.input_audio_transcription.language == "de"
        url = str(openai.base_url).removesuffix("/v1/")
        session = await created(url, "/v1/realtime", {"Authorization": f"Bearer {made.client_secret.value}"})
        assert session["type"] == "transcription"
        assert session["audio"]["input"]["transcription"]["language"] == "de"

    async def test_a_mistake_names_its_field(self, openai: AsyncOpenAI) -> None:
        with pytest.raises(BadRequestError) as caught:
            await openai.realtime.client_secrets.create(
                session={"type": "realtime", "audio": {"output": {"speed": 9}}}  # type: ignore[typeddict-item]
            )
        assert caught.value.param == "session.audio.output.speed"


class TestShapes:
    async def test_ga(self, url: str) -> None:
        made = await mint(url)
        assert made.keys() == {"value", "expires_at", "session"}
        session = made["session"]
        assert (session["object"], session["expires_at"]) == ("realtime.session", 0)
        assert session["id"].startswith("sess_")
        assert session["instructions"] == "Be brief."

    async def test_ga_without_a_body_of_its_own(self, url: str) -> None:
        answer = await post(url, "/openai/v1/realtime/client_secrets", {})
        assert json.loads(answer.body)["session"]["type"] == "realtime"

    @pytest.mark.parametrize("path", ["realtimeapi/sessions", "realtime/sessions"])
    async def test_azures_preview(self, url: str, path: str) -> None:
        body = {"model": "gpt-realtime", "voice": "verse"}
        answer = await post(url, f"/openai/{path}?api-version=2025-04-01-preview", body, None, **{"api-key": KEY})
        made = json.loads(answer.body)
        key = made["client_secret"]["value"]
        assert made["id"].startswith("sess_")
        session = await created(
            url, "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-realtime", {"api-key": key}
        )
        assert session["voice"] == "verse"

    @pytest.mark.parametrize(
        ("body", "life"),
        [({}, 600), ({"expires_after": {"anchor": "created_at", "seconds": 7200}}, 7200), ({"expires_after": {}}, 600)],
    )
    async def test_life(self, url: str, body: dict[str, Any], life: int) -> None:
        before = int(asyncio.get_running_loop().time())
        made = await mint(url, **body)
        claims = json.loads(_decoded(made["value"].split(".")[1]))
        assert claims["exp"] - claims["iat"] == pytest.approx(life, abs=1)
        assert made["expires_at"] == claims["exp"]
        assert before >= 0

    async def test_life_of_the_preview(self, url: str) -> None:
        made = json.loads((await post(url, "/v1/realtime/sessions", {"model": "gpt-realtime"})).body)
        claims = json.loads(_decoded(made["client_secret"]["value"].split(".")[1]))
        assert claims["exp"] - claims["iat"] == pytest.approx(60, abs=1)


def _decoded(part: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("client_secrets", {"session": {"type": "realtime", "voce": 1}}, 400, "session.voce"),
        ("client_secrets", {"session": {"type": "realtime", "model": "nobody"}}, 404, "session.model"),
        ("client_secrets", {"session": {"type": "realtime", "model": 7}}, 400, "session.model"),
        ("client_secrets", {"session": {"type": "robot"}}, 400, "session.type"),
        ("client_secrets", {"session": {"type": ["realtime"]}}, 400, "session.type"),
        ("client_secrets", {"session": []}, 400, "session"),
        ("client_secrets", {"expires_after": {"seconds": 9}}, 400, "expires_after.seconds"),
        ("client_secrets", {"expires_after": {"seconds": 7201}}, 400, "expires_after.seconds"),
        ("client_secrets", {"expires_after": {"anchor": "never"}}, 400, "expires_after.anchor"),
        ("client_secrets", {"sesion": {}}, 400, "sesion"),
        ("sessions", {"model": "nobody"}, 404, "model"),
        ("sessions", {"turn_detection": {"type": "psychic"}}, 400, "turn_detection.type"),
        ("sessions", {"client_secret": {"expires_after": {"seconds": 1}}}, 400, "client_secret.expires_after.seconds"),
        ("transcription_sessions", {"input_audio_format": "mp3"}, 400, "input_audio_format"),
    ],
)
async def test_what_is_wrong_is_named(url: str, path: str, body: Any, status: int, param: str) -> None:
    answer = await post(url, f"/v1/realtime/{path}", body)
    assert (answer.status, answer.error["param"]) == (status, param)


class TestUse:
    async def test_in_every_place(self, url: str) -> None:
        key = (await mint(url))["value"]
        target = "/v1/realtime?model=gpt-realtime"
        for headers in ({"Authorization": f"Bearer {key}"}, {"api-key": key}, {"x-api-key": key}):
            assert (await created(url, target, headers))["instructions"] == "Be brief."
        for query in (f"api-key={key}", f"Authorization=Bearer%20{key}"):
            assert (await created(url, f"{target}&{query}"))["instructions"] == "Be brief."
        offered = ["realtime", f"openai-insecure-api-key.{key}"]
        assert (await created(url, target, subprotocols=offered))["instructions"] == "Be brief."

    async def test_long_settings(self, url: str) -> None:
        said = "Be brief. " * 2000
        made = await mint(url, session={**GA, "instructions": said})
        assert len(made["value"]) < 1000
        assert (await created(url, "/v1/realtime", {"api-key": made["value"]}))["instructions"] == said

    async def test_it_names_its_deployment(self, url: str) -> None:
        key = (await mint(url))["value"]
        assert (await created(url, "/v1/realtime", {"api-key": key}))["model"] == "gpt-realtime"
        refused = await open_with(url, key, "/v1/realtime?model=other")
        assert (refused.status, refused.error["code"]) == (403, "deployment_not_allowed")
        models = await request(url, "/v1/models", {"api-key": key})
        assert [model["id"] for model in json.loads(models.body)["data"]] == ["gpt-realtime"]

    async def test_who_names_no_model_may_name_one_later(self, url: str) -> None:
        key = (await mint(url, session={"type": "realtime", "instructions": "Be brief."}))["value"]
        for target, model in (("", "gpt-realtime"), ("?model=other", "other")):
            session = await created(url, f"/v1/realtime{target}", {"api-key": key})
            assert (session["model"], session["instructions"]) == (model, "Be brief.")

    async def test_it_makes_no_other_and_rules_nothing(self, url: str) -> None:
        key = (await mint(url))["value"]
        for method, path in (
            ("POST", "/v1/realtime/client_secrets"),
            ("POST", "/v1/realtime/sessions"),
            ("DELETE", "/v1/realtime/client_secrets/sess_1"),
            ("POST", "/admin/v1/keys"),
            ("GET", "/admin/v1/keys"),
        ):
            answer = await request(url, path, {"api-key": key}, method=method)
            assert (answer.status, answer.error["code"]) == (403, "permission_denied"), path

    async def test_several_sessions_until_it_ends(self, url: str) -> None:
        key = (await mint(url))["value"]
        statuses = [(await open_with(url, key)).status for _ in range(3)]
        assert statuses == [101, 101, 101]

    async def test_one_use_of_many_at_the_same_moment(self, url: str) -> None:
        key = (await mint(url, single_use=True))["value"]
        answers = await asyncio.gather(*(open_with(url, key) for _ in range(10)))
        assert sorted(answer.status for answer in answers) == [101] + [401] * 9

    async def test_a_refusal_that_asks_to_try_again_uses_no_key_up(self) -> None:
        settings = {"auth": {"api_keys": [KEY]}, "quotas": {"deployment": {"concurrent_sessions": 1}}}
        async with served(fake_service(), **settings) as url:
            key = (await mint(url, single_use=True))["value"]
            address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime"
            async with connect(address, additional_headers={"api-key": KEY}) as socket:
                await socket.recv()
                assert (await open_with(url, key)).status == 429
            for _ in range(500):  # until the place of the other one is free
                if (answer := await open_with(url, key)).status != 429:
                    break
                await asyncio.sleep(0.01)
            assert answer.status == 101
            assert (await open_with(url, key)).error["code"] == "revoked_ephemeral_key"

    async def test_revoked(self, url: str) -> None:
        made = await mint(url)
        path = f"/v1/realtime/client_secrets/{made['session']['id']}"
        answer = await request(url, path, {"api-key": KEY}, method="DELETE")
        assert answer.status == 204
        refused = await open_with(url, made["value"])
        assert (refused.status, refused.error["code"]) == (401, "revoked_ephemeral_key")

    async def test_a_running_session_outlives_its_key(self, url: str) -> None:
        made = await mint(url)
        address = f"{url.replace('http', 'ws', 1)}/v1/realtime"
        async with connect(address, additional_headers={"api-key": made["value"]}) as socket:
            await socket.recv()
            path = f"/v1/realtime/client_secrets/{made['session']['id']}"
            await request(url, path, {"api-key": KEY}, method="DELETE")
            await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            assert json.loads(await socket.recv())["type"] == "session.updated"

    async def test_it_ends_with_a_stored_key(self, url: str) -> None:
        book = KeyBook(Database(settings_for_tests().storage))
        issued = await book.create(project="local", name=None, roles=[AccessRole.USER], by="test")
        async with asyncio.timeout(10):
            while (await request(url, "/v1/models", {"api-key": issued.secret})).status != 200:
                pass
        key = (await mint(url, issued.secret))["value"]
        assert (await open_with(url, key)).status == 101
        await book.revoke("local", "key1", by="test")
        async with asyncio.timeout(10):
            while (answer := await open_with(url, key)).status == 101:
                pass
        assert (answer.status, answer.error["code"]) == (401, "revoked_ephemeral_key")
        await book.keys._database.close()

    async def test_a_bad_one_is_refused_where_nobody_needs_a_key(self) -> None:
        async with served(fake_service()) as url:
            assert (await open_with(url, "ek_nonsense")).status == 401
            key = (await mint(url, None))["value"]
            assert (await created(url, "/v1/realtime", {"api-key": key}))["instructions"] == "Be brief."


class TestPages:
    """Browsers: what they ask first, and what they may read."""

    async def preflight(self, url: str, origin: str, path: str = "/v1/realtime/client_secrets") -> Answer:
        asked = "authorization, content-type, x-openai-agents-sdk, x-stainless-lang"
        headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
        return await request(url, path, {"Origin": origin, **headers}, method="OPTIONS")

    async def test_a_listed_origin_may(self, url: str) -> None:
        answer = await self.preflight(url, PAGE)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == PAGE
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "content-type", "x-openai-agents-sdk", "api-key", "openai-beta"} < set(allowed)
        assert "x-stainless-lang" in allowed
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["vary"] == "Origin"

    async def test_its_answers_and_refusals_can_be_read(self, url: str) -> None:
        for key, status in ((KEY, 200), ("wrong", 401)):
            answer = await post(url, "/v1/realtime/client_secrets", {"session": GA}, key, Origin=PAGE)
            assert answer.status == status
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert "x-request-id" in answer.headers["access-control-expose-headers"]
        models = await request(url, "/v1/models", {"Origin": PAGE, "api-key": KEY})
        assert models.headers["access-control-allow-origin"] == PAGE

    async def test_another_origin_may_not(self, url: str) -> None:
        for answer in (
            await self.preflight(url, "https://evil.example"),
            await post(url, "/v1/realtime/client_secrets", {"session": GA}, Origin="https://evil.example"),
        ):
            assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")
            assert "access-control-allow-origin" not in answer.headers

    async def test_no_header_is_smuggled_in(self, url: str) -> None:
        headers = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-stainless-a: b, set-cookie, cookie",
        }
        answer = await request(url, "/v1/models", {"Origin": PAGE, **headers}, method="OPTIONS")
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert not {"cookie", "set-cookie"} & set(allowed)

    async def test_who_is_no_browser_sees_nothing_of_it(self, url: str) -> None:
        answer = await request(url, "/v1/models", {"api-key": KEY})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert (await request(url, "/v1/models", {"api-key": KEY}, method="OPTIONS")).status == 405
