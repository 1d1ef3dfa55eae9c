"""`voxwire serve`: what it says when something is wrong, and what when it is not."""

import os
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.server.access import Access
from voxwire.storage.database import Database


@pytest.fixture(autouse=True)
def _this_process_is_not_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its own environment, and the tests that follow need its logging as it is. Only where the database is
    stays: it is never in the home folder."""
    for name in list(os.environ):
        if name.startswith("VOXWIRE_") and name != "VOXWIRE_STORAGE__URL":
            monkeypatch.delenv(name)
    monkeypatch.setattr("voxwire.server.logs.configure_logging", lambda settings: None)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr with which `voxwire serve` gives up."""
    assert main(["serve", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    refused = captured.err.removeprefix("Warming up the engines ...\n")  # of a busy machine
    assert refused.startswith("voxwire serve: ")
    assert refused.count("\n") == 1
    return refused


class TestRefusals:
    def test_busy_port(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            assert f"Port {port} on 127.0.0.1 is in use." in refusal(capsys, "--port", port)

    def test_the_world_without_a_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "Refusing to listen on 0.0.0.0 without an API key" in refusal(capsys, "--host", "0.0.0.0")

    def test_the_world_with_a_stored_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["keys", "create"]) == 0
        capsys.readouterr()
        with socket.create_server(("0.0.0.0", 0)) as other:  # past the check, it comes as far as this
            port = str(other.getsockname()[1])
            assert f"Port {port} on 0.0.0.0 is in use." in refusal(capsys, "--host", "0.0.0.0", "--port", port)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.com"])
    @pytest.mark.parametrize("key", [[], ["--api-key", "k"]], ids=["without a key", "with a key"])
    def test_a_development_identity_for_the_world(
        self, capsys: pytest.CaptureFixture[str], host: str, key: list[str]
    ) -> None:
        message = refusal(capsys, "--dev-identity", "--host", host, *key)
        assert f"Refusing to offer a development identity on {host or 'every address'}" in message

    def test_key_without_certificate(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "server.tls_cert is missing" in refusal(capsys, "--tls-key", "key.pem")

    def test_missing_certificate(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        missing = str(tmp_path / "none.pem")
        assert "No such file" in refusal(capsys, "--tls-cert", missing, "--tls-key", missing)

    def test_missing_settings_file(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        assert "No such file" in refusal(capsys, "--config", str(tmp_path / "none.toml"))

    def test_unknown_engine(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        file = tmp_path / "voxwire.toml"
        file.write_text('[deployments.gpt-4o-realtime-preview]\nstt = "oracle"\n')
        assert "'oracle'" in refusal(capsys, "--port", "0", "--config", str(file))

    @pytest.mark.parametrize("port", ["x", "1.5", ""])
    def test_port_that_is_none(self, capsys: pytest.CaptureFixture[str], port: str) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["serve", "--port", port])
        assert caught.value.code == 2
        assert "--port" in capsys.readouterr().err

    def test_a_key_is_not_repeated(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "sec ret" not in refusal(capsys, "--api-key", "sec ret")


class TestAnnouncement:
    @pytest.fixture(autouse=True)
    def _no_engines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As far as the moment when the server listens."""

        def create_app(settings: Any, service: Any, host: Any) -> Any:
            self.access = Access(settings, Database(settings.storage))
            return SimpleNamespace(state=SimpleNamespace(access=self.access))

        def run(app: Any, settings: Any, listener: Any, on_listening: Any) -> None:
            self.settings = settings
            on_listening()

        monkeypatch.setattr(
            "voxwire.server.build.build_service",
            lambda settings, host: SimpleNamespace(vad=None, directory=SimpleNamespace(answers_from="rules", all=())),
        )
        monkeypatch.setattr("voxwire.server.app.create_app", create_app)
        monkeypatch.setattr("voxwire.server.net.run.run_server", run)

    def lines(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
        assert main(["serve", "--port", "0", *arguments]) == 0
        return capsys.readouterr().out.splitlines()

    def test_a_language_model(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.lines(capsys, "--llm", "http://127.0.0.1:11434/v1", "--model", "llama3.2")
        assert self.settings.llm.name == "chat"
        assert self.settings.llm.options == {"base_url": "http://127.0.0.1:11434/v1", "model": "llama3.2"}

    def test_one_line_and_the_environment(self, capsys: pytest.CaptureFixture[str]) -> None:
        first, second, *rest = self.lines(capsys)
        assert second == "Answers come from rules"
        url = first.removeprefix("Voxwire is listening on ")
        assert url.startswith("http://127.0.0.1:")
        assert not url.endswith(":0")
        environment = dict(line.removeprefix("  export ").split("=", 1) for line in rest if line)
        assert environment == {
            "AZURE_OPENAI_ENDPOINT": url,
            "AZURE_OPENAI_API_KEY": "any",
            "AZURE_OPENAI_DEPLOYMENT_NAME": "gpt-4o-realtime-preview",
            "OPENAI_API_VERSION": "2024-10-01-preview",
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": "any",
        }

    def test_keys_are_not_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        first, *rest = self.lines(capsys, "--host", "0.0.0.0", "--api-key", "s3cret", "--api-key", "0ther")
        assert first.startswith("Voxwire is listening on http://0.0.0.0:")
        assert "  export OPENAI_API_KEY=YOUR_KEY" in rest
        assert any(line.startswith("  export AZURE_OPENAI_ENDPOINT=http://127.0.0.1:") for line in rest)
        assert not [line for line in rest if "s3cret" in line]
        assert [key.get_secret_value() for key in self.settings.auth.api_keys] == ["s3cret", "0ther"]

    @pytest.mark.parametrize("options", [[], ["--api-key", "s3cret"]], ids=["without a key", "with a key"])
    def test_where_tokens_sign_in_no_key_is_suggested_that_there_is_not(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        monkeypatch.setenv("VOXWIRE_AUTH__ENTRA__TENANT", "11111111-2222-4333-8444-555555555555")
        monkeypatch.setenv("VOXWIRE_AUTH__ENTRA__AUDIENCE", "api://voxwire")
        monkeypatch.setenv("VOXWIRE_AUTH__ENTRA__AUTHORITY", "https://localhost:9")  # nobody is there
        lines = self.lines(capsys, "--host", "0.0.0.0", *options)
        assert "Tokens of entra sign in that are for api://voxwire" in lines
        assert ("  export AZURE_OPENAI_API_KEY=YOUR_KEY" in lines) is bool(options)
        assert ("  export OPENAI_API_KEY=YOUR_TOKEN" in lines) is not bool(options)
        assert [line for line in lines if "AZURE_OPENAI_ENDPOINT" in line]

    @pytest.mark.parametrize("options", [[], ["--api-key", "s3cret"]], ids=["without a key", "with a key"])
    def test_the_identity_is_told(self, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
        first, *rest = self.lines(capsys, "--dev-identity", *options)
        url = first.removeprefix("Voxwire is listening on ")
        assert self.access.identity is not None
        variables = self.access.identity.environment(url)
        assert variables["IDENTITY_ENDPOINT"] == f"{url}/msi/token"
        assert [line for line in rest if "IDENTITY" in line] == [
            f"  export {name}={value}" for name, value in variables.items()
        ]
        assert not [line for line in rest if "AZURE_OPENAI_API_KEY" in line], (
            "a program that has a key does not sign in"
        )

    @pytest.mark.parametrize("shell", ["sh", "bash"])
    def test_the_lines_can_be_pasted(self, capsys: pytest.CaptureFixture[str], shell: str) -> None:
        first, _, *rest = self.lines(capsys)
        pasted = "\n".join([*rest, "env"])
        seen = subprocess.run([shell, "-c", pasted], capture_output=True, text=True, check=True).stdout.splitlines()
        assert f"AZURE_OPENAI_ENDPOINT={first.removeprefix('Voxwire is listening on ')}" in seen

    def test_options_are_settings(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_SERVER__DRAIN_S", "7")
        self.lines(capsys, "--host", "localhost")
        assert (self.settings.server.host, self.settings.server.drain_s) == ("localhost", 7)
