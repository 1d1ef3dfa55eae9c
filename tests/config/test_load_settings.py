"""Where settings come from, and what a mistake in them says."""

from pathlib import Path
from typing import Any

import pytest

from voxwire.config import Settings, is_loopback, load_settings
from voxwire.errors import ConfigurationError
from voxwire.session.limits import Limits


@pytest.fixture
def toml(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        file = tmp_path / "voxwire.toml"
        file.write_text(text)
        return file

    return write


def refusal(file: Path | None = None, overrides: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_serve_this_machine_without_a_key() -> None:
    settings = load_settings()
    assert settings.server.loopback
    assert settings.auth.api_keys == ()
    assert set(settings.deployments) == {"gpt-4o-realtime-preview", "gpt-realtime"}


def test_command_line_over_environment_over_file(toml: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = toml("[server]\nport = 1\ndrain_s = 1\nmax_sessions = 1\n")
    monkeypatch.setenv("VOXWIRE_SERVER__PORT", "2")
    monkeypatch.setenv("VOXWIRE_SERVER__DRAIN_S", "2")
    server = load_settings(file, {"server": {"port": 3}}).server
    assert (server.port, server.drain_s, server.max_sessions) == (3, 2, 1)


def test_named_deployments_join_the_default_ones(toml: Any) -> None:
    settings = load_settings(toml('default_deployment = "a/b"\n[deployments."a/b"]\nstt = "mine"\n'))
    assert set(settings.deployments) == {"gpt-4o-realtime-preview", "gpt-realtime", "a/b"}
    engine = settings.deployments["a/b"].stt
    assert engine is not None
    assert engine.name == "mine"


@pytest.mark.parametrize("value", ["alpha,beta", '["alpha", "beta"]', " alpha , beta ,"])
def test_keys_in_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_AUTH__API_KEYS", value)
    settings = load_settings(None, {"server": {"host": "0.0.0.0"}})
    assert [key.get_secret_value() for key in settings.auth.api_keys] == ["alpha", "beta"]
    assert "alpha" not in repr(settings)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().server.port = 1  # type: ignore[misc]


class TestMistakes:
    def test_a_key_of_two_roles(self) -> None:
        message = refusal(None, {"auth": {"api_keys": ["same"], "admin_keys": ["other", "same"]}})
        assert message == "auth: a key stands in api_keys and in admin_keys; it can have one role only"

    @pytest.mark.parametrize("keys", [[], ["k"]])
    def test_a_development_identity_for_the_world(self, keys: list[str]) -> None:
        message = refusal(None, {"server": {"host": "0.0.0.0"}, "auth": {"dev_identity": True, "api_keys": keys}})
        assert "development identity on 0.0.0.0" in message
        assert "--dev-identity" in message

    @pytest.mark.parametrize("given", ["tls_cert", "tls_key"])
    def test_half_a_key_pair(self, given: str) -> None:
        missing = {"tls_cert": "tls_key", "tls_key": "tls_cert"}[given]
        assert f"server.{missing} is missing" in refusal(None, {"server": {given: "x.pem"}})

    def test_unknown_setting(self, toml: Any) -> None:
        assert refusal(toml("[server]\nprot = 1\n")) == "server.prot: there is no such setting"

    def test_unknown_table(self, toml: Any) -> None:
        assert refusal(toml("[sever]\nport = 1\n")) == "sever: there is no such setting"

    @pytest.mark.parametrize("name", ["VOXWIRE_SEVER__PORT", "voxwire_sever__port"])
    def test_unknown_table_in_the_environment(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "1")
        assert refusal() == "VOXWIRE_SEVER__PORT: there is no such setting"

    def test_other_variables_are_not_ours_to_judge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kubernetes sets these where a service is called voxwire, and the key is `voxwire talk`'s."""
        for name in ("VOXWIRE_SERVICE_HOST", "VOXWIRE_PORT", "VOXWIRE_PORT_8000_TCP", "VOXWIRE_API_KEY"):
            monkeypatch.setenv(name, "tcp://10.0.0.1:8000")
        assert load_settings().server == Settings().server

    @pytest.mark.parametrize(
        "setting",
        [
            "server.drain_s",
            "websocket.ping_interval_s",
            "websocket.write_timeout_s",
            "limits.session_seconds",
            "limits.transcript_deadline_s",
        ],
    )
    @pytest.mark.parametrize("value", ["inf", "nan", "1e300", "-1"])
    def test_a_duration_that_no_clock_counts(self, toml: Any, setting: str, value: str) -> None:
        table, name = setting.split(".")
        assert refusal(toml(f"[{table}]\n{name} = {value}\n")).startswith(f"{setting}: Input should be ")

    def test_every_mistake_is_named(self, toml: Any) -> None:
        message = refusal(toml('[server]\nport = 70000\n[deployments."a.b"]\nstt = {name = "x", options = 1}\n'))
        assert "server.port:" in message
        assert 'deployments."a.b".stt.options:' in message

    def test_bad_toml(self, toml: Any) -> None:
        assert "not valid TOML" in refusal(toml("[server\n"))

    def test_missing_file(self, tmp_path: Path) -> None:
        assert "No such file" in refusal(tmp_path / "none.toml")

    def test_a_directory(self, tmp_path: Path) -> None:
        assert "Cannot read" in refusal(tmp_path)

    def test_bad_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_DEPLOYMENTS", "{")
        assert "deployments" in refusal()

    @pytest.mark.parametrize("key", ["sec ret", "sec,ret", "", "secr\u00e9t", "sec\nret"])
    def test_unusable_key_is_not_repeated(self, key: str) -> None:
        message = refusal(None, {"auth": {"api_keys": ["fine", key]}})
        assert message.startswith("auth.api_keys: a key is printable ASCII")
        assert "sec" not in message

    def test_default_deployment_must_exist(self) -> None:
        message = refusal(None, {"default_deployment": "nobody"})
        assert message == "There is no deployment 'nobody', which default_deployment names"

    @pytest.mark.parametrize(
        "origin",
        "app.example https://app.example/ https://app.example/page ://app.example https:// tauri:// file: file:/// "
        "file:///index.html nil * https://user@app.example https://app.example?x".split(),
    )
    def test_origin_form(self, origin: str) -> None:
        assert "is not an origin" in refusal(None, {"auth": {"allowed_origins": [origin]}})

    def test_origins_of_shells(self) -> None:
        listed = ["tauri://localhost", "capacitor://localhost", "app://-", "App://Name", "file://", "null"]
        settings = load_settings(None, {"auth": {"allowed_origins": listed}})
        assert settings.auth.allowed_origins == tuple(origin.lower() for origin in listed)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "example.com", "10.0.0.1"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_limits_start_from_the_sessions_own_defaults() -> None:
    session = Limits()
    for name, value in Settings().limits.model_dump().items():
        if name == "on_empty_transcript":
            assert (value == "respond") == session.respond_to_empty_transcript
        else:
            assert value == getattr(session, name), name
