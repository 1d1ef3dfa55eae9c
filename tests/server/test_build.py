"""From settings to parts: which engines, shared how; which names; which bounds."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from voxwire import __version__
from voxwire.config import load_settings
from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS
from voxwire.errors import ConfigurationError
from voxwire.events.session_config import DEFAULT_TURN_DETECTION, Eagerness, SemanticVad, SessionKind
from voxwire.runtime import DeploymentTerms, Quota
from voxwire.runtime.failover import FailoverLlm, FailoverTts
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.server import build
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """What was asked of the registry; every name gives a fake."""
    asked: list[tuple[str, str, dict[str, Any]]] = []

    def load(kind: str, name: str, options: Mapping[str, Any]) -> Any:
        asked.append((kind, name, dict(options)))
        return {"stt": FakeStt, "llm": FakeLlm, "tts": FakeTts, "vad": FakeVad, "turn": FakeTurn}[kind]()

    monkeypatch.setattr(build, "load", load)
    return asked


def test_the_embedded_profile_is_loaded_once(loaded: list[Any]) -> None:
    service = build.build_service(load_settings())
    assert sorted(loaded) == [
        ("llm", "offline-assistant", {}),
        ("stt", "pocketsphinx", {}),
        ("tts", "embedded", {}),
        ("vad", "silero", {}),
    ]
    first, second = service.directory.all
    assert first.stages == second.stages
    assert first.label == FakeLlm().capabilities.info.label


async def test_a_deployment_chooses_its_own(loaded: list[Any]) -> None:
    own = {"stt": "other", "tts": {"name": "embedded", "options": {"size": 1}}, "instructions": "Be brief."}
    service = build.build_service(load_settings(None, {"deployments": {"shop": own}}))
    assert ("stt", "other", {}) in loaded
    assert ("tts", "embedded", {"size": 1}) in loaded
    assert len(loaded) == 6
    shop = service.directory.find("shop")
    assert shop is not None
    assert shop.stages["llm"] is service.directory.all[0].stages["llm"]
    await shop.tried()
    assert shop.deployment is not None
    assert shop.deployment.instructions == "Be brief."
    assert shop.deployment.llm is shop.stages["llm"]


@pytest.mark.parametrize("chosen", ["other", {"name": "other"}])
def test_another_speech_detector(loaded: list[Any], chosen: object) -> None:
    service = build.build_service(load_settings(None, {"vad": chosen}))
    assert [(kind, name) for kind, name, _ in loaded if kind == "vad"] == [("vad", "other")]
    assert isinstance(service.vad, FakeVad)


async def test_a_turn_model_for_all_and_another_for_one(loaded: list[Any]) -> None:
    shop = {"turn": {"name": "own", "model": "path"}}
    service = build.build_service(load_settings(None, {"turn": "smart-turn", "deployments": {"shop": shop}}))
    assert [entry for entry in loaded if entry[0] == "turn"] == [
        ("turn", "smart-turn", {}),
        ("turn", "own", {"model": "path"}),
    ]
    for hosted in service.directory.all:
        await hosted.tried()
        assert hosted.deployment is not None
        assert hosted.deployment.turn is hosted.stages["turn"]
        assert hosted.deployment.capabilities.hears_turns


@pytest.mark.parametrize(
    "settings",
    [{"turn": ["a", "b"]}, {"vad": ["a", "b"]}, {"deployments": {"shop": {"turn": ["a", "b"]}}}],
    ids=["turn", "vad", "of a deployment"],
)
def test_where_nothing_takes_over_a_list_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="this is one engine, not a list"):
        load_settings(None, settings)


def test_official_names_mean_the_default_deployment(loaded: list[Any]) -> None:
    service = build.build_service(load_settings(None, {"default_deployment": "shop", "deployments": {"shop": {}}}))
    for name in {*REALTIME_MODELS, *TRANSCRIPTION_MODELS} - {"gpt-realtime", "gpt-4o-realtime-preview"}:
        found = service.directory.find(name)
        assert found is not None
        assert found.name == "shop"
    for name in ("gpt-realtime", "gpt-4o-realtime-preview"):
        own = service.directory.find(name)
        assert own is not None
        assert own.name == name
    assert service.directory.find(None) is service.directory.find("shop")
    assert service.directory.find("gpt-5-realtime") is None


def test_engines_with_different_keys_are_different_engines(loaded: list[Any]) -> None:
    keys = {"a": "1", "b": "2", "c": "1"}
    own = {name: {"llm": {"base_url": "http://a/v1", "api_key": key}} for name, key in keys.items()}
    service = build.build_service(load_settings(None, {"deployments": own}))
    a, b, c = (hosted.stages["llm"] for hosted in service.directory.all if hosted.name in own)
    assert a is c
    assert a is not b


def test_deadlines() -> None:
    assert build.runtime_limits(load_settings()).deadlines == Deadlines()
    assert build.runtime_limits(load_settings(None, {"deadlines": {"tts_s": 3}})).deadlines == Deadlines(tts_s=3)


def test_limits() -> None:
    chosen = {"items": 7, "strict_truncate": True, "on_empty_transcript": "ignore"}
    limits = build.session_limits(load_settings(None, {"limits": chosen}))
    assert (limits.items, limits.strict_truncate, limits.respond_to_empty_transcript) == (7, True, False)


@pytest.mark.parametrize(
    ("local", "setting", "drafts"), [(True, {}, 2), (False, {}, 0), (True, 0, 0), (False, 1, 1)], ids=str
)
async def test_answers_are_begun_in_pauses_where_that_costs_no_money(
    monkeypatch: pytest.MonkeyPatch, local: bool, setting: Any, drafts: int
) -> None:
    engines = {"stt": FakeStt(), "llm": FakeLlm(local=local), "tts": FakeTts(), "vad": FakeVad()}
    monkeypatch.setattr(build, "load", lambda kind, name, options: engines[kind])
    chosen = {} if setting == {} else {"max_drafts_per_turn": setting}
    settings = load_settings(None, {"deployments": {"shop": chosen}})
    shop = build.build_service(settings).directory.find("shop")
    assert shop is not None
    await shop.tried()
    assert shop.deployment is not None
    assert shop.deployment.limits(build.session_limits(settings)).max_drafts_per_turn == drafts


class TestLists:
    """An engine that is a list."""

    TABLE: Mapping[str, Any] = {
        "llm": [{"base_url": "http://127.0.0.1:1/v1", "api_key": "k"}, {"model": "m", "base_url": "b"}, "assistant"],
        "tts": ["one", {"name": "two", "options": {"size": 1}}],
        "stt": ["ears"],
    }

    async def test_is_one_engine_of_several(self, loaded: list[Any]) -> None:
        settings = load_settings(None, {"deployments": {"shop": self.TABLE}, "failover": {"llm_s": 2}})
        shop = build.build_service(settings).directory.find("shop")
        assert shop is not None
        llm, tts, stt = (shop.stages[stage] for stage in ("llm", "tts", "stt"))
        assert isinstance(llm, FailoverLlm)
        assert [member.name for member in llm.members.all] == ["chat (1)", "chat (2)", "assistant"]
        assert isinstance(tts, FailoverTts)
        assert [member.name for member in tts.members.all] == ["one", "two"]
        assert isinstance(stt, FakeStt), "a list of one is that one"
        assert ("tts", "two", {"size": 1}) in loaded
        await shop.tried()
        assert shop.deployment is not None
        await shop.close()

    def test_one_of_a_list_is_shared_with_who_uses_it_alone(self, loaded: list[Any]) -> None:
        table = {"a": {"tts": ["one", "two"]}, "b": {"tts": "two"}, "c": {"tts": ["one", "two"]}}
        directory = build.build_service(load_settings(None, {"deployments": table})).directory
        a, b, c = (directory.find(name) for name in "abc")
        assert a is not None
        assert b is not None
        assert c is not None
        assert a.stages["tts"] is c.stages["tts"]
        assert a.stages["tts"].members.all[1].engine is b.stages["tts"]
        assert [name for kind, name, _ in loaded if kind == "tts"].count("two") == 1

    @pytest.mark.parametrize(
        ("llm", "says"),
        [
            (["a", "b", "c", "d", "e"], "deployments.shop.llm.otherwise"),
            (["a", {"name": "b", "otherwise": ["c"]}], "put all into one list"),
            ([], "deployments.shop.llm"),
            ([3], "deployments.shop.llm"),
        ],
    )
    def test_that_cannot_be(self, llm: Any, says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            load_settings(None, {"deployments": {"shop": {"llm": llm}}})

    def test_keys_in_it_are_hidden(self) -> None:
        settings = load_settings(None, {"deployments": {"shop": self.TABLE}})
        assert "'k'" not in repr(settings)
        (chosen,) = [one for name, one in settings.deployments.items() if name == "shop"]
        assert chosen.llm is not None
        assert isinstance(chosen.llm.options["api_key"], SecretStr)


@pytest.mark.parametrize(
    ("chosen", "limits"),
    [
        (None, (0, 0, False)),
        ("telephony", (240, 1, False)),
        ({"speech_ms": 100, "back_channels": "pass"}, (100, 0, True)),
    ],
)
def test_what_interrupts(chosen: object, limits: tuple[int, int, bool]) -> None:
    settings = load_settings(None, {} if chosen is None else {"interruption": chosen})
    made = build.session_limits(settings)
    assert (made.interrupt_speech_ms, made.interrupt_words, made.back_channels_pass) == limits


@pytest.mark.parametrize(
    ("chosen", "detection"),
    [
        (None, DEFAULT_TURN_DETECTION),
        ({}, DEFAULT_TURN_DETECTION),
        (
            {"threshold": 0.8, "create_response": False},
            replace(DEFAULT_TURN_DETECTION, threshold=0.8, create_response=False),
        ),
        ({"type": "semantic_vad", "eagerness": "high"}, SemanticVad(eagerness=Eagerness.HIGH)),
        ({"type": "none"}, None),
    ],
    ids=["left out", "empty", "numbers", "by meaning", "none"],
)
async def test_what_a_session_of_a_deployment_starts_with(loaded: list[Any], chosen: Any, detection: Any) -> None:
    own = {"voice": "verse", "turn_detection": chosen, "region": "here", "store": "text", "retention_days": 3,
           "content_policy": "mild", "limits": {"concurrent_sessions": 2}}  # fmt: skip
    policies = {"mild": {"checks": [{"kind": "words", "options": {"words": ["drat"]}}]}}
    settings = load_settings(None, {"deployments": {"shop": own}, "content_policies": policies})
    shop = build.build_service(settings).directory.find("shop")
    assert shop is not None
    await shop.tried()
    assert shop.deployment is not None
    config = shop.deployment.config(SessionKind.REALTIME)
    assert (config.voice, config.turn_detection) == ("verse", detection)
    assert shop.deployment.terms == DeploymentTerms(
        region="here", store="text", retention_days=3, content_policy="mild", quota=Quota(concurrent_sessions=2)
    )


@pytest.mark.parametrize("version", [None, __version__])
async def test_a_model_may_be_a_profile_of_this_version(loaded: list[Any], version: str | None) -> None:
    own = {"model": "laptop", "version": version}
    build.build_service(load_settings(None, {"deployments": {"shop": own}}))
    assert ("stt", "whisper", {"model": "whisper-tiny.en"}) in loaded


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"model": "laptop", "version": "0.0"}, "The version 0.0 of laptop is not here"),
        ({"model": "whisper-tiny.en", "version": "0"}, "The version 0 of whisper-tiny.en is not here"),
        ({"model": "whisper-tiny.en", "stt": "pocketsphinx"}, "cannot open whisper-tiny.en"),
        ({"model": "nobody"}, "There is no model 'nobody' in the catalogue, and no such profile"),
        ({"model": "m", "version": "1", "llm": {"base_url": "http://127.0.0.1:1/v1"}}, "has no version"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_model_that_is_not_the_one_that_was_meant(loaded: list[Any], own: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        build.build_service(load_settings(None, {"deployments": {"shop": own}}))
