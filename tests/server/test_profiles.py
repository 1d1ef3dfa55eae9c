"""Which engines a profile stands for, and what it says when it lacks something."""

from pathlib import Path
from typing import Any

import pytest

from voxwire.config import BUILT_IN_PROFILES, DeploymentSettings, Settings, load_settings
from voxwire.errors import ConfigurationError
from voxwire.server.build import build_service
from voxwire.server.profiles import Profiles

ADDRESS = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key": "sec-ret"}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(toml: str) -> Settings:
        (tmp_path / "voxwire.toml").write_text(toml)
        return load_settings(tmp_path / "voxwire.toml")

    return write


def stages(settings: Settings, name: str = "gpt-realtime") -> dict[str, tuple[str, dict[str, Any]]]:
    """Name and options of each engine."""
    found = Profiles(settings).stages(settings.deployments[name])
    return {kind: (engine.name, engine.options) for kind, engine in found.items()}


class TestBuiltIn:
    def test_without_a_word_the_embedded_ones(self) -> None:
        assert {kind: name for kind, (name, _) in stages(load_settings()).items()} == {
            "stt": "pocketsphinx",
            "llm": "offline-assistant",
            "tts": "embedded",
        }

    def test_laptop(self) -> None:
        found = stages(load_settings(None, {"profile": "laptop"}))
        assert found["stt"] == ("whisper", {"model": "whisper-tiny.en"})
        assert found["tts"] == ("piper", {"model": "piper-en-us-joe-medium"})
        assert found["llm"] == ("offline-assistant", {})
        assert found["turn"] == ("smart-turn", {})

    def test_gpu_is_the_same_with_larger_ones(self) -> None:
        found = stages(load_settings(None, {"profile": "gpu"}))
        models = {kind: options.get("model") for kind, (_, options) in found.items()}
        assert models == {"stt": "whisper-large-v3-turbo", "llm": "qwen3-4b", "tts": "kokoro-82m", "turn": None}

    @pytest.mark.parametrize("profile", ["laptop", "gpu", "remote"])
    def test_the_model_of_all_deployments_comes_before_the_profiles(self, profile: str) -> None:
        found = stages(load_settings(None, {"profile": profile, "llm": ADDRESS}))
        assert found["llm"][0] == "chat"
        assert found["llm"][1]["model"] == "m"

    def test_remote_has_one_address_and_one_key_for_all_three(self) -> None:
        found = stages(load_settings(None, {"profile": "remote", "llm": ADDRESS}))
        assert [name for name, _ in found.values()] == ["transcriptions", "speech", "chat"]
        assert {options["base_url"] for _, options in found.values()} == {ADDRESS["base_url"]}
        assert {options["api_key"].get_secret_value() for _, options in found.values()} == {"sec-ret"}

    def test_remote_takes_the_keys_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_LLM_API_KEY", "of-all")
        monkeypatch.setenv("VOXWIRE_TTS_API_KEY", "of-the-voice")
        found = stages(load_settings(None, {"profile": "remote", "llm": {"base_url": "http://127.0.0.1:9/v1"}}))
        assert found["stt"][1]["api_key"].get_secret_value() == "of-all"
        assert found["tts"][1]["api_key"].get_secret_value() == "of-the-voice"
        assert "api_key" not in found["llm"][1]  # which looks for it itself
        assert "of-all" not in repr(found)

    def test_those_that_take_over_stay(self) -> None:
        llm = [{"base_url": "wss://api.example/v1/realtime"}, "offline-assistant"]
        settings = load_settings(None, {"profile": "relay", "llm": llm})
        found = Profiles(settings).stages(settings.deployments["gpt-realtime"])["llm"]
        assert [found.name, *(other.name for other in found.otherwise)] == ["relay", "offline-assistant"]

    def test_relay_takes_the_address_as_its_own(self) -> None:
        llm = {"base_url": "wss://api.example/v1/realtime", "model": "gpt-realtime"}
        found = stages(load_settings(None, {"profile": "relay", "llm": llm}))
        assert found["llm"] == ("relay", {"url": llm["base_url"], "model": "gpt-realtime"})

    @pytest.mark.parametrize("profile", ["remote", "relay"])
    def test_one_that_needs_an_address_says_how_to_give_it(self, profile: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            stages(load_settings(None, {"profile": profile}))
        assert f"The profile {profile} needs an address: set llm.base_url" in str(refused.value)
        assert f"voxwire serve --profile {profile} --llm " in str(refused.value)

    def test_each_name_that_settings_may_have_is_one(self) -> None:
        profiles = Profiles(load_settings())
        assert tuple(profiles._built_in) == BUILT_IN_PROFILES


class TestOwn:
    def test_it_has_what_it_names_and_the_rest_of_another(self, written: Any) -> None:
        settings = written("""
            profile = "dutch"
            [profiles.dutch]
            like = "small"
            tts = { name = "piper", model = "./nl.onnx" }
            [profiles.small]
            like = "laptop"
            stt = { name = "whisper", model = "whisper-small" }
        """)
        assert stages(settings) == {
            "stt": ("whisper", {"model": "whisper-small"}),
            "llm": ("offline-assistant", {}),
            "tts": ("piper", {"model": "./nl.onnx"}),
            "turn": ("smart-turn", {}),
        }

    def test_a_deployment_comes_first_and_then_the_model_of_all(self, written: Any) -> None:
        settings = written("""
            [llm]
            base_url = "http://127.0.0.1:9/v1"
            [profiles.mine]
            llm = { name = "llama", model = "x.gguf" }
            stt = "whisper"
            [deployments.one]
            profile = "mine"
            stt = "moonshine"
        """)
        found = stages(settings, "one")
        assert found["stt"][0] == "moonshine"
        assert found["llm"][0] == "chat"
        assert stages(settings)["stt"][0] == "pocketsphinx"

    @pytest.mark.parametrize(
        ("toml", "words"),
        [
            (
                'profile = "laptob"',
                "There is no profile 'laptob', which the setting profile names; there are: embedded, laptop, gpu",
            ),
            ('[deployments.x]\nprofile = "y"', "no profile 'y', which the setting deployments.x.profile names"),
            ('[profiles.a]\nlike = "b"', "no profile 'b', which the setting profiles.a.like names"),
            ('[profiles.a]\nlike = "b"\n[profiles.b]\nlike = "a"', "in a circle"),
            ('[profiles.a]\nlike = "a"', "The profile 'a' is like itself, in a circle; see profiles.a.like"),
            (
                '[profiles.laptop]\nstt = "whisper"',
                "The profile 'laptop' is built in; give that of profiles.laptop another name",
            ),
            ('[profiles.a]\nears = "whisper"', "profiles.a.ears: there is no such setting"),
        ],
    )
    def test_a_mistake_is_one_sentence(self, written: Any, toml: str, words: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            written(toml)
        assert words in str(refused.value)


class TestStart:
    def test_what_is_missing_names_deployment_profile_and_command(self, written: Any) -> None:
        settings = written('[profiles.mine]\nstt = "oracle"\n[deployments.line]\nprofile = "mine"\n')
        with pytest.raises(ConfigurationError) as refused:
            build_service(settings)
        assert str(refused.value).startswith(
            "Deployment line, profile mine: There is no speech recogniser named 'oracle'."
        )

    def test_all_that_is_missing_is_installed_with_one_command(
        self, written: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("voxwire.engines.declared_options.find_spec", lambda name: None)
        settings = written('[deployments.line]\nprofile = "laptop"\nllm = "oracle"\n')
        with pytest.raises(ConfigurationError) as refused:
            build_service(settings)
        assert str(refused.value) == (
            "Deployment line, profile laptop: "
            "The speech recogniser 'whisper' cannot be used here: the package 'ctranslate2' is missing. "
            "The speech synthesiser 'piper' cannot be used here: the package 'piper' is missing. "
            "Install them with: pip install 'voxwire[whisper,piper]'"
        )

    def test_who_asks_for_a_profile_needs_it(self) -> None:
        """Otherwise a server would go on with nothing but deployments that nobody has asked for."""
        asked = build_service(load_settings(None, {"profiles": {"mine": {}}, "profile": "mine"})).directory
        assert set(asked._needed) == {"gpt-4o-realtime-preview", "gpt-realtime"}  # type: ignore[attr-defined]
        assert not build_service(load_settings()).directory._needed  # type: ignore[attr-defined]

    def test_deployments_are_as_before_without_a_profile(self) -> None:
        assert DeploymentSettings().profile is None
