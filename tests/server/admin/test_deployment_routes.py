"""`/admin/v1/deployments`, aliases and Azure's shapes, over real sockets: made, used, changed, deleted."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from deployment_server import FAKES, MISSING, DeploymentServer, deployment_server, eventually, fake_engines
from http_client import handshake
from openai import AsyncAzureOpenAI, AsyncOpenAI
from websockets.asyncio.client import connect

from voxwire.auth.management import KeyBook
from voxwire.catalogue import locate
from voxwire.config import load_settings
from voxwire.runtime import AccessRole, directory
from voxwire.storage.database import Database
from voxwire.testing.fake_stt import FakeStt

PATH = "/admin/v1/deployments"
SECRET = "sk-very-secret"
CHAT = {"name": "chat", "base_url": "http://127.0.0.1:1/v1"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    return fake_engines(monkeypatch)


@pytest.fixture
async def server(asked: list[Any]) -> AsyncIterator[DeploymentServer]:
    async with deployment_server(deployments={"declared": {"instructions": "Of the file."}}) as server:
        yield server


async def make(server: DeploymentServer, name: str = "my-gpt4o", **settings: Any) -> dict[str, Any]:
    answer = await server.ask("POST", PATH, {"name": name, **settings})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = json.loads(answer.body)
    return made


async def first_event(server: DeploymentServer, name: str) -> dict[str, Any]:
    """`session.created` of a conversation with a deployment."""
    async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model={name}") as client:
        event: dict[str, Any] = json.loads(await client.recv())
        return event


async def until(
    server: DeploymentServer, name: str, status: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """The deployment, once it has this status."""
    shown: dict[str, Any] = await eventually(
        lambda: server.get(f"{PATH}/{name}", headers), lambda found: found["status"] == status
    )
    return shown


class TestMaking:
    async def test_an_azure_developers_own_name_answers_at_once(self, server: DeploymentServer) -> None:
        made = await make(server, instructions="Be brief.", voice="alloy", turn_detection={"type": "none"})
        assert (made["name"], made["source"], made["project"]) == ("my-gpt4o", "store", "local")
        shown = await until(server, "my-gpt4o", "ready")
        assert shown["etag"] == made["etag"]
        client = AsyncAzureOpenAI(
            azure_endpoint=server.url,
            websocket_base_url=f"{server.url.replace('http', 'ws', 1)}/openai",
            api_key="any",
            api_version="2024-10-01-preview",
        )
        async with client, client.beta.realtime.connect(model="my-gpt4o") as connection:
            created = await connection.recv()
        assert created.type == "session.created"
        assert created.session.instructions == "Be brief."
        assert created.session.turn_detection is None
        assert created.session.model == "my-gpt4o"

    async def test_openais_client_sees_it_among_the_models(self, server: DeploymentServer) -> None:
        await make(server)
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            assert "my-gpt4o" in [model.id async for model in client.models.list()]

    async def test_engines_are_those_of_the_settings_and_are_shared(
        self, server: DeploymentServer, asked: list[Any]
    ) -> None:
        await make(server, "first", llm=[{"base_url": "http://127.0.0.1:1/v1", "model": "m"}, "offline-assistant"])
        await make(server, "second", tts="espeak")
        assert [one for one in asked if one[1] == "chat"] == [
            ("llm", "chat", {"base_url": "http://127.0.0.1:1/v1", "model": "m"})
        ]
        assert sum(one[1] == "offline-assistant" for one in asked) == 1
        assert [one[1] for one in asked if one[0] == "tts"] == ["embedded", "espeak"]

    async def test_a_model_of_the_catalogue_gets_an_engine(self, server: DeploymentServer, asked: list[Any]) -> None:
        await make(server, model="qwen3-4b")
        assert ("llm", "llama", {"model": "qwen3-4b"}) in asked

    async def test_a_model_at_an_address_is_its_model(self, server: DeploymentServer, asked: list[Any]) -> None:
        await make(server, model="llama3.2", llm={"base_url": "http://127.0.0.1:1/v1"})
        assert ("llm", "chat", {"base_url": "http://127.0.0.1:1/v1", "model": "llama3.2"}) in asked

    @pytest.mark.parametrize(
        ("body", "status", "param", "code"),
        [
            ({"name": "a/b"}, 400, "name", "invalid_value"),
            ({}, 400, "name", "missing_required_parameter"),
            ({"name": "x", "modle": "y"}, 400, "modle", "unknown_parameter"),
            ({"name": "x", "model": "nobody-knows"}, 400, "model", "invalid_value"),
            ({"name": "x", "model": "qwen3-4b", "version": "0"}, 400, "model", "invalid_value"),
            ({"name": "x", "profile": "none"}, 400, "profile", "invalid_value"),
            ({"name": "x", "stt": "ears"}, 400, "stt", "invalid_value"),
            ({"name": "x", "llm": {"name": "chat", "options": 3}}, 400, "llm.options", "invalid_type"),
            ({"name": "x", "llm": CHAT | {"modle": "m"}}, 400, "llm", "invalid_value"),
            ({"name": "x", "llm": CHAT | {"parallel": "many"}}, 400, "llm", "invalid_value"),
            ({"name": "x", "llm": "chat"}, 400, "llm", "invalid_value"),
            (
                {"name": "x", "stt": [{"name": "pocketsphinx"}, CHAT | {"name": "transcriptions", "modle": "m"}]},
                400,
                "stt",
                "invalid_value",
            ),
            ({"name": "x", "tts": {"name": "flite", "size": "two"}}, 400, "tts", "invalid_value"),
            ({"name": "x", "turn": {"name": "smart-turn", "sice": 2}}, 400, "turn", "invalid_value"),
            ({"name": "x", "content_policy": "nobodys"}, 400, "content_policy", "invalid_value"),
            ({"name": "x", "retention_days": 0}, 400, "retention_days", "invalid_value"),
            ({"name": "x", "store": "everything"}, 400, "store", "invalid_value"),
            ({"name": "x", "region": "a\r\nb"}, 400, "region", "invalid_value"),
            ({"name": "declared"}, 409, "name", "deployment_in_settings"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_what_cannot_work_is_refused_and_nothing_is_stored(
        self, server: DeploymentServer, body: Any, status: int, param: str, code: str
    ) -> None:
        answer = await server.ask("POST", PATH, body)
        assert (answer.status, answer.error["param"], answer.error["code"]) == (status, param, code)
        file = Database(load_settings().storage).address.file
        assert file is not None
        assert (await server.get("/admin/v1/decisions"))["data"] == []

    async def test_an_engine_says_itself_which_options_it_takes(self, server: DeploymentServer) -> None:
        answer = await server.ask("POST", PATH, {"name": "x", "tts": {"name": "espeak", "sice": 2}})
        assert answer.error["message"] == "espeak has no option sice; it knows: size, language."
        await make(server, "x", tts="espeak")
        changed = await server.ask("PATCH", f"{PATH}/x", {"tts": {"name": "espeak", "size": 0}})
        assert (changed.status, changed.error["param"]) == (400, "tts")
        assert changed.error["message"] == "The option size of espeak is a number of processes, at least 1."
        assert (await server.get(f"{PATH}/x"))["tts"] == {"name": "espeak", "options": {}, "otherwise": []}

    async def test_a_library_that_is_missing_is_no_reason(
        self, server: DeploymentServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "xllamacpp", None)
        wrong = {"name": "llama", "model": "qwen3-4b", "contxt": 1}
        assert (await server.ask("POST", PATH, {"name": "x", "llm": wrong})).error["param"] == "llm"
        await make(server, "x", llm={"name": "llama", "model": "qwen3-4b"})

    async def test_a_name_is_taken_once(self, server: DeploymentServer) -> None:
        await make(server)
        answer = await server.ask("POST", PATH, {"name": "my-gpt4o"})
        assert (answer.status, answer.error["code"]) == (409, "deployment_exists")

    async def test_secrets_are_masked_and_stay_when_the_mask_comes_back(
        self, server: DeploymentServer, asked: list[Any]
    ) -> None:
        llm = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key": SECRET}
        made = await make(server, llm=llm)
        assert SECRET not in json.dumps(made)
        shown = await server.get(f"{PATH}/my-gpt4o")
        assert SECRET not in json.dumps(shown)
        shown["llm"]["options"]["model"] = "other"
        changed = await server.ask("PATCH", f"{PATH}/my-gpt4o", {"llm": shown["llm"]})
        assert changed.status == 200
        last = [options for _, name, options in asked if name == "chat"][-1]
        assert last["model"] == "other"
        assert last["api_key"].get_secret_value() == SECRET

    async def test_nothing_secret_and_nothing_hostile_is_logged(
        self, server: DeploymentServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "voxwire")
        llm = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key": SECRET}
        await make(server, llm=llm)
        for body in ({"name": f"x\r\n{SECRET}"}, {"name": "y", "llm": llm | {"otherwise": SECRET}}):
            assert (await server.ask("POST", PATH, body)).status == 400
        await server.ask("GET", f"{PATH}/%0d%0aX-Evil:{SECRET}")
        assert "POST /admin/v1/deployments 201" in caplog.text
        assert SECRET not in caplog.text
        assert "X-Evil" not in caplog.text


class TestChanging:
    async def test_sessions_that_run_end_as_they_began(self, server: DeploymentServer) -> None:
        await make(server, instructions="one")
        url = f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model=my-gpt4o"
        async with connect(url) as before:
            assert json.loads(await before.recv())["session"]["instructions"] == "one"
            changed = await server.ask("PATCH", f"{PATH}/my-gpt4o", {"instructions": "two"})
            assert changed.status == 200
            assert (await first_event(server, "my-gpt4o"))["session"]["instructions"] == "two"
            assert (await server.ask("DELETE", f"{PATH}/my-gpt4o")).status == 204
            assert (await handshake(server.url, "/v1/realtime?model=my-gpt4o")).status == 404
            await before.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            updated = json.loads(await before.recv())
            assert updated["session"]["instructions"] == "one"

    async def test_what_is_not_named_stays_and_null_takes_away(self, server: DeploymentServer) -> None:
        await make(server, instructions="one", voice="alloy", region="westeurope")
        answer = await server.ask("PATCH", f"{PATH}/my-gpt4o", {"voice": None})
        shown = json.loads(answer.body)
        assert (shown["instructions"], shown["voice"], shown["region"]) == ("one", None, "westeurope")

    async def test_of_two_who_change_it_at_once_one_is_told(self, server: DeploymentServer) -> None:
        seen = (await make(server))["etag"]
        first = await server.ask("PATCH", f"{PATH}/my-gpt4o", {"region": "a"}, {"If-Match": seen})
        assert first.status == 200
        assert first.headers["etag"] != seen
        for method, body in (("PATCH", {"region": "b"}), ("DELETE", None)):
            late = await server.ask(method, f"{PATH}/my-gpt4o", body, {"If-Match": seen})
            assert (late.status, late.error["code"]) == (412, "precondition_failed")
        assert (await server.get(f"{PATH}/my-gpt4o"))["region"] == "a"

    async def test_one_that_is_switched_off_says_so(self, server: DeploymentServer) -> None:
        await make(server)
        await server.ask("PATCH", f"{PATH}/my-gpt4o", {"enabled": False})
        assert (await server.get(f"{PATH}/my-gpt4o"))["status"] == "disabled"
        answer = await handshake(server.url, "/v1/realtime?model=my-gpt4o")
        assert (answer.status, answer.error["code"]) == (403, "deployment_disabled")
        assert (await server.get("/healthz"))["status"] == "ok"
        await server.ask("PATCH", f"{PATH}/my-gpt4o", {"enabled": True})
        assert (await first_event(server, "my-gpt4o"))["type"] == "session.created"

    async def test_one_of_the_settings_file_stays(self, server: DeploymentServer) -> None:
        shown = await server.get(f"{PATH}/declared")
        assert (shown["source"], shown["project"], shown["etag"]) == ("settings", None, None)
        for method, body in (("PATCH", {"region": "b"}), ("DELETE", None)):
            answer = await server.ask(method, f"{PATH}/declared", body)
            assert (answer.status, answer.error["code"]) == (409, "deployment_in_settings")

    async def test_every_change_is_a_decision(self, server: DeploymentServer) -> None:
        await make(server, reason="for the shop")
        await server.ask("PATCH", f"{PATH}/my-gpt4o", {"region": "a", "reason": "moved"})
        await server.ask("PUT", "/admin/v1/aliases/gpt-4o", {"deployment": "my-gpt4o"})
        await server.ask("DELETE", "/admin/v1/aliases/gpt-4o")
        await server.ask("DELETE", f"{PATH}/my-gpt4o")
        found = (await server.get("/admin/v1/decisions"))["data"]
        assert [(one["action"], one["subject"], one["principal"]) for one in reversed(found)] == [
            ("deployment.create", "my-gpt4o", "anonymous"),
            ("deployment.update", "my-gpt4o", "anonymous"),
            ("alias.point", "gpt-4o", "anonymous"),
            ("alias.delete", "gpt-4o", "anonymous"),
            ("deployment.delete", "my-gpt4o", "anonymous"),
        ]
        assert found[-1]["details"]["reason"] == "for the shop"


class TestFailing:
    async def test_an_engine_that_cannot_be_made_is_this_ones_trouble_alone(self, server: DeploymentServer) -> None:
        await make(server, "bad", llm=CHAT | {"model": MISSING})
        shown = await until(server, "bad", "failing")
        assert (shown["failed"], shown["why"]) == ("llm", "The package is missing. Install it.")
        answer = await handshake(server.url, "/v1/realtime?model=bad")
        assert (answer.status, answer.error["code"]) == (503, "deployment_not_ready")
        assert (await first_event(server, "declared"))["type"] == "session.created"
        await server.ask("PATCH", f"{PATH}/bad", {"llm": None})
        assert (await until(server, "bad", "ready"))["why"] is None

    async def test_a_model_that_is_missing_says_its_command_and_is_tried_again(
        self, server: DeploymentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = tmp_path / "models" / "whisper-tiny.en"
        monkeypatch.setenv("VOXWIRE_MODELS", str(tmp_path / "models"))
        monkeypatch.setattr(directory, "_RETRY_S", (0.05,))

        class Whisper(FakeStt):
            async def start(self) -> None:
                if not await asyncio.to_thread(model.exists):
                    await asyncio.to_thread(locate, "whisper-tiny.en", engine="whisper")
                await super().start()

        monkeypatch.setitem(FAKES, "stt", Whisper)
        await make(server, "hears", model="whisper-tiny.en")
        shown = await until(server, "hears", "failing")
        assert (shown["failed"], "voxwire models pull whisper-tiny.en" in shown["why"]) == ("stt", True)
        model.mkdir(parents=True)
        await until(server, "hears", "ready")

    async def test_a_voice_that_there_is_not(self, server: DeploymentServer) -> None:
        await make(server, "bad", voice="nobody")
        shown = await until(server, "bad", "failing")
        assert shown["failed"] == "tts"
        assert "There is no voice 'nobody'" in shown["why"]


class TestAliases:
    async def test_point_anywhere_and_anew(self, server: DeploymentServer) -> None:
        await make(server, "one", instructions="one")
        await make(server, "two", instructions="two")
        alias = "/admin/v1/aliases/gpt-4o-realtime-preview"
        assert (await server.ask("PUT", alias, {"deployment": "one"})).status == 201
        created = await first_event(server, "gpt-4o-realtime-preview")
        assert (created["session"]["instructions"], created["session"]["model"]) == ("one", "gpt-4o-realtime-preview")
        assert (await server.ask("PUT", alias, {"deployment": "two"})).status == 200
        assert (await first_event(server, "gpt-4o-realtime-preview"))["session"]["instructions"] == "two"
        listed = {one["name"]: one for one in (await server.get("/admin/v1/aliases?limit=1000"))["data"]}
        assert listed["gpt-4o-realtime-preview"]["source"] == "store"
        assert listed["whisper-1"]["source"] == "built-in"
        assert (await server.ask("DELETE", alias)).status == 204
        assert (await first_event(server, "gpt-4o-realtime-preview"))["session"]["instructions"] == ""

    async def test_what_is_a_deployment_is_no_alias(self, server: DeploymentServer) -> None:
        await make(server, "one")
        for name, deployment, status in (("one", "declared", 409), ("declared", "one", 409), ("x", "nobody", 404)):
            answer = await server.ask("PUT", f"/admin/v1/aliases/{name}", {"deployment": deployment})
            assert answer.status == status
        await server.ask("PUT", "/admin/v1/aliases/other", {"deployment": "one"})
        assert (await server.ask("POST", PATH, {"name": "other"})).error["code"] == "alias_exists"
        assert (await server.ask("DELETE", "/admin/v1/aliases/nobody")).error["code"] == "alias_not_found"


class TestWhose:
    """Keys that may use some deployments, and other projects."""

    @pytest.fixture
    async def keys(self, server: DeploymentServer) -> dict[str, dict[str, str]]:
        database = Database(load_settings().storage)
        book = KeyBook(database)
        wanted: dict[str, dict[str, Any]] = {
            "owner": {"roles": [AccessRole.OWNER]},
            "one": {"roles": [AccessRole.CONTRIBUTOR], "deployments": ["one"]},
            "user": {"roles": [AccessRole.USER]},
            "reader": {"roles": [AccessRole.READER]},
            "elsewhere": {"roles": [AccessRole.CONTRIBUTOR], "project": "elsewhere"},
        }
        made = {}
        for name, how in wanted.items():
            issued = await book.create(**{"project": "local", "name": name, "by": "test", **how})
            made[name] = {"api-key": issued.secret}
        await database.close()
        # A change by another process is known within a second; perhaps that of the first key alone.
        await eventually(lambda: server.ask("GET", PATH), lambda answer: answer.status == 401)
        last = made["elsewhere"]
        await eventually(lambda: server.ask("GET", PATH, headers=last), lambda answer: answer.status != 401)
        return made

    async def test_lists_show_only_what_a_key_may_use(
        self, server: DeploymentServer, keys: dict[str, dict[str, str]]
    ) -> None:
        for name in ("one", "two"):
            assert (await server.ask("POST", PATH, {"name": name}, keys["owner"])).status == 201
        shown = await server.get(PATH, keys["one"])
        assert [one["name"] for one in shown["data"]] == ["one"]
        models = await server.get("/v1/models", keys["one"])
        assert [one["id"] for one in models["data"]] == ["one"]
        answer = await handshake(server.url, "/v1/realtime?model=two", keys["one"])
        assert (answer.status, answer.error["code"]) == (403, "deployment_not_allowed")
        for method, path in (("PATCH", f"{PATH}/two"), ("PUT", "/admin/v1/aliases/x")):
            refused = await server.ask(method, path, {"deployment": "two"} if method == "PUT" else {}, keys["one"])
            assert (refused.status, refused.error["code"]) == (403, "deployment_not_allowed")
        await server.ask("PUT", "/admin/v1/aliases/theirs", {"deployment": "two"}, keys["owner"])
        for method, change in (("PUT", {"deployment": "one"}), ("DELETE", None)):
            refused = await server.ask(method, "/admin/v1/aliases/theirs", change, keys["one"])
            assert (refused.status, refused.error["code"]) == (403, "deployment_not_allowed")

    async def test_decisions_and_quotas_are_those_of_the_deployments_that_a_key_may_use(
        self, server: DeploymentServer, keys: dict[str, dict[str, str]]
    ) -> None:
        quotas = "/admin/v1/quotas"
        for name in ("one", "two"):
            assert (await server.ask("POST", PATH, {"name": name}, keys["owner"])).status == 201
            await server.ask("PUT", f"/admin/v1/aliases/of-{name}", {"deployment": name}, keys["owner"])
            await server.ask("DELETE", f"/admin/v1/aliases/of-{name}", None, keys["owner"])
            for kind in ("deployment", "key"):
                await server.ask("PUT", f"{quotas}/{kind}/{name}", {"requests_per_minute": 9}, keys["owner"])
        found = (await server.get("/admin/v1/decisions", keys["one"]))["data"]
        assert [(one["action"], one["subject"]) for one in found] == [
            ("quota.set", "deployment/one"),
            ("alias.delete", "of-one"),
            ("alias.point", "of-one"),
            ("deployment.create", "one"),
        ]
        page = await server.get("/admin/v1/decisions?limit=3", keys["one"])
        rest = await server.get(f"/admin/v1/decisions?limit=3&after={page['last_id']}", keys["one"])
        assert (page["has_more"], rest["has_more"]) == (True, False)
        assert page["data"] + rest["data"] == found
        shown = (await server.get(quotas, keys["one"]))["data"]
        assert [(one["kind"], one["subject"]) for one in shown] == [("deployment", "one")]
        assert (await server.ask("PUT", f"{quotas}/deployment/one", {}, keys["one"])).status == 200
        for which in ("deployment/two", "key/one", "principal/one"):
            for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
                refused = await server.ask(method, f"{quotas}/{which}", body, keys["one"])
                assert (refused.status, refused.error["code"]) == (403, "deployment_not_allowed")

    async def test_why_one_fails_is_for_those_who_manage(
        self, server: DeploymentServer, keys: dict[str, dict[str, str]]
    ) -> None:
        await server.ask("POST", PATH, {"name": "bad", "voice": "nobody"}, keys["owner"])
        assert (await until(server, "bad", "failing", keys["owner"]))["why"]
        assert (await server.get(f"{PATH}/bad", keys["reader"]))["why"] is None

    async def test_secrets_go_to_no_address_that_a_contributor_names(
        self,
        server: DeploymentServer,
        keys: dict[str, dict[str, str]],
        asked: list[Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Neither those of a deployment nor those of the server's environment."""
        monkeypatch.setenv("VOXWIRE_STT_API_KEY", SECRET)

        async def keys_after(method: str, path: str, body: dict[str, Any], key: str) -> dict[str, str]:
            """By kind the keys of the engines that this makes anew."""
            asked.clear()
            assert (await server.ask(method, path, body, keys[key])).status in (200, 201)
            await until(server, "one", "ready", keys["owner"])
            found = {kind: options.get("api_key", "environment") for kind, _, options in asked if "base_url" in options}
            return {kind: key if isinstance(key, str) else key.get_secret_value() for kind, key in found.items()}

        good, evil = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
        llm = {"base_url": good, "model": "m", "api_key": SECRET}
        assert (await server.ask("POST", PATH, {"name": "one", "llm": llm}, keys["owner"])).status == 201
        shown = (await server.get(f"{PATH}/one", keys["one"]))["llm"]
        shown["options"]["base_url"] = evil
        refused = await server.ask("PATCH", f"{PATH}/one", {"llm": shown}, keys["one"])
        assert (refused.status, "anew" in refused.error["message"]) == (400, True)
        one = f"{PATH}/one"
        change = {"llm": {"base_url": evil, "model": "m"}}
        assert await keys_after("PATCH", one, change, "one") == {"llm": ""}
        assert await keys_after("PATCH", one, {"profile": "remote"}, "one") == {"stt": "", "tts": ""}
        change["llm"]["api_key"] = "own"
        assert await keys_after("PATCH", one, change, "one") == {"llm": "own"}
        assert await keys_after("PATCH", one, {"stt": None, "tts": None}, "one") == {"stt": "own", "tts": "own"}
        # An owner may: keys are theirs to give. And a contributor may change such a one, as long as the address stays.
        assert (await server.ask("DELETE", one, headers=keys["owner"])).status == 204
        other = {"base_url": "http://127.0.0.1:3/v1", "model": "m"}
        assert await keys_after("POST", PATH, {"name": "one", "llm": other}, "owner") == {"llm": "environment"}
        assert await keys_after("PATCH", one, {"llm": other | {"model": "n"}}, "one") == {"llm": "environment"}

    async def test_an_unknown_name_is_told_how_to_make_it_only_to_those_who_may(
        self, server: DeploymentServer, keys: dict[str, dict[str, str]]
    ) -> None:
        target = "/openai/realtime?api-version=2024-10-01-preview&deployment=my-gpt4o"
        for key, told in (("owner", True), ("user", False)):
            answer = await handshake(server.url, target, keys[key])
            assert (answer.status, answer.error["code"]) == (404, "DeploymentNotFound")
            assert "'my-gpt4o'" in answer.error["message"]
            assert ("voxwire deployments create my-gpt4o" in answer.error["message"]) is told
            assert "declared" not in answer.error["message"]

    async def test_a_project_has_names_of_its_own(
        self, server: DeploymentServer, keys: dict[str, dict[str, str]]
    ) -> None:
        for key, words in (("owner", "ours"), ("elsewhere", "theirs")):
            body = {"name": "shop", "instructions": words}
            assert (await server.ask("POST", PATH, body, keys[key])).status == 201
        assert (await server.get(f"{PATH}/shop", keys["elsewhere"]))["instructions"] == "theirs"
        assert (await server.get(f"{PATH}/shop?project=elsewhere", keys["owner"]))["instructions"] == "theirs"
        refused = await server.ask("GET", f"{PATH}/shop?project=local", headers=keys["elsewhere"])
        assert (refused.status, refused.error["param"]) == (403, "project")
        url = f"{server.url.replace('http', 'ws', 1)}/v1/realtime?model=shop"
        for key, words in (("owner", "ours"), ("elsewhere", "theirs")):
            async with connect(url, additional_headers=keys[key]) as client:
                assert json.loads(await client.recv())["session"]["instructions"] == words


class TestAzure:
    async def test_the_list_of_the_resource(self, server: DeploymentServer) -> None:
        await make(server, model="llama3.2", llm={"base_url": "http://127.0.0.1:1/v1"})
        await until(server, "my-gpt4o", "ready")
        listed = await server.get("/openai/deployments?api-version=2022-12-01")
        one = next(one for one in listed["data"] if one["id"] == "my-gpt4o")
        assert one.pop("created_at") > 1_700_000_000
        assert one.pop("updated_at") > 1_700_000_000
        assert one == {
            "object": "deployment",
            "id": "my-gpt4o",
            "model": "llama3.2",
            "owner": "organization-owner",
            "scale_settings": {"scale_type": "standard"},
            "status": "succeeded",
        }
        shown = await server.get("/openai/deployments/declared?api-version=2022-12-01")
        assert (shown["id"], shown["model"], shown["created_at"]) == ("declared", "embedded", None)
        missing = await server.ask("GET", "/openai/deployments/nobody?api-version=2022-12-01")
        assert (missing.status, missing.error["code"]) == (404, "DeploymentNotFound")

    async def test_the_control_plane(self, server: DeploymentServer) -> None:
        made = await make(server, profile="embedded")
        await until(server, "my-gpt4o", "ready")
        base = (
            "/subscriptions/0b1c/resourceGroups/my-group/providers/Microsoft.CognitiveServices/accounts/voices"
            "/deployments"
        )
        listed = await server.get(f"{base}?api-version=2024-10-01")
        assert "my-gpt4o" in [one["name"] for one in listed["value"]]
        assert await server.get(f"{base}/my-gpt4o?api-version=2024-10-01") == {
            "id": f"{base}/my-gpt4o",
            "name": "my-gpt4o",
            "type": "Microsoft.CognitiveServices/accounts/deployments",
            "sku": {"name": "Standard", "capacity": 1},
            "etag": made["etag"],
            "properties": {
                "model": {"format": "OpenAI", "name": "embedded", "version": None},
                "provisioningState": "Succeeded",
                "versionUpgradeOption": "OnceNewDefaultVersionAvailable",
                "capabilities": {"realtime": "true"},
            },
        }


async def test_models_that_deployments_can_be_made_of(
    server: DeploymentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXWIRE_MODELS", str(tmp_path))
    found = {one["id"]: one for one in (await server.get("/admin/v1/models?limit=1000"))["data"]}
    whisper = found["whisper-tiny.en"]
    assert (whisper["source"], whisper["kind"], whisper["runs"]) == ("catalogue", "stt", "here")
    assert whisper["licence"]
    assert whisper["version"]
    assert whisper["languages"] == ["en"]
    assert whisper["ready"] is False
    assert "voxwire models pull whisper-tiny.en" in whisper["why"] or "pip install" in whisper["why"]
    assert (found["embedded"]["source"], found["embedded"]["kind"]) == ("profile", "profile")
    assert found["llm.chat"]["runs"] == "at an address"
    assert found["remote"]["ready"] is False
    voices = (await server.get("/admin/v1/models?kind=tts"))["data"]
    assert {one["kind"] for one in voices} == {"tts"}
