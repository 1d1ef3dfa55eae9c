"""What is found of a running Ollama: an imitation of it on loopback, as its API is documented."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from voxwire.config import load_settings
from voxwire.errors import ConfigurationError
from voxwire.server.ollama import find_ollama, ollama_address
from voxwire.server.profiles import Profiles


class FakeOllama:
    """`models` by name with their capabilities, None as of an old version; `speech` as of a new one."""

    def __init__(self) -> None:
        self.models: dict[str, list[str] | None] = {
            "nomic-embed-text:latest": ["embedding"],
            "llama3.2:latest": ["completion", "tools"],
            "llava:7b": ["completion", "vision"],
        }
        self.speech = False
        self.body: bytes | None = None
        self.asked: list[str] = []


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    fake = FakeOllama()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append(self.path)
            listed = {"models": [{"name": name} for name in fake.models]}
            self._send(200, fake.body if fake.body is not None else json.dumps(listed).encode())

        def do_POST(self) -> None:
            fake.asked.append(self.path)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/audio/speech":
                self._send(400 if fake.speech else 404, b"")
            else:
                can = fake.models[body["model"]]
                self._send(200, json.dumps({} if can is None else {"capabilities": can}).encode())

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.server_address[1]}")
    yield fake
    server.shutdown()
    server.server_close()


def test_the_first_model_that_writes(ollama: FakeOllama) -> None:
    found = find_ollama()
    assert (found.model, found.others, found.speaks) == ("llama3.2:latest", ("llava:7b",), False)
    assert found.options == {"base_url": f"{found.address}/v1", "model": "llama3.2:latest", "images": False}
    assert str(found) == (
        f"Ollama at {found.address} answers with llama3.2:latest (calls functions). It has llava:7b, too: choose with "
        "--model."
    )


@pytest.mark.parametrize("name", ["llava", "llava:7b"])
def test_the_model_that_is_asked_for(ollama: FakeOllama, name: str) -> None:
    found = find_ollama(name)
    assert found.model == "llava:7b"
    assert found.options["images"]


def test_a_new_one_can_speak(ollama: FakeOllama) -> None:
    ollama.speech = True
    assert find_ollama().speaks
    assert "docs/engines/speech.md" in str(find_ollama())


def test_an_old_one_does_not_say_what_models_can(ollama: FakeOllama) -> None:
    ollama.models = dict.fromkeys(ollama.models)
    assert find_ollama().model == "llama3.2:latest"


@pytest.mark.parametrize("model", [None, "mistral", "nomic-embed-text"])
def test_no_model_that_writes(ollama: FakeOllama, model: str | None) -> None:
    if model is None:
        ollama.models = {}
    with pytest.raises(ConfigurationError) as refused:
        find_ollama(model)
    assert f"ollama pull {model or 'llama3.2'}" in str(refused.value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models": 3}', b'{"models": [{}]}', b""])
def test_something_else_at_its_address(ollama: FakeOllama, body: bytes) -> None:
    ollama.body = body
    with pytest.raises(ConfigurationError, match="finds no Ollama at http://127"):
        find_ollama()


def test_nobody_at_its_address(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"no Ollama at http://127\.0\.0\.1:9 .*ollama serve.*OLLAMA_HOST"):
        find_ollama()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("gpu-box", "http://gpu-box:11434"),
        (":9000", "http://127.0.0.1:9000"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("https://ollama.example/", "https://ollama.example:443"),
        ("[::]:11434", "http://127.0.0.1:11434"),
        ("[::1]", "http://[::1]:11434"),
    ],
)
def test_what_its_variable_means(host: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert ollama_address() == address


def test_a_variable_that_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://[::1")
    with pytest.raises(ConfigurationError, match="OLLAMA_HOST"):
        ollama_address()


class TestProfile:
    def test_it_writes_and_a_laptop_hears_and_speaks(self, ollama: FakeOllama) -> None:
        settings = load_settings(None, {"profile": "ollama"})
        profiles = Profiles(settings)
        for deployment in settings.deployments.values():
            stages = profiles.stages(deployment)
            assert (stages["llm"].name, stages["llm"].options["model"]) == ("chat", "llama3.2:latest")
            assert stages["stt"].name == "whisper"
        assert ollama.asked.count("/api/tags") == 1

    def test_options_of_the_model_stay(self, ollama: FakeOllama) -> None:
        llm = {"name": "chat", "model": "llava", "temperature": 0.1}
        settings = load_settings(None, {"profile": "ollama", "llm": llm})
        options = Profiles(settings).stages(settings.deployments["gpt-realtime"])["llm"].options
        assert (options["model"], options["temperature"]) == ("llava:7b", 0.1)

    def test_where_there_is_none_its_deployments_wait(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And others serve: the engine asks again from time to time."""
        monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
        settings = load_settings(None, {"deployments": {"line": {"profile": "ollama"}}})
        profiles = Profiles(settings)
        assert profiles.stages(settings.deployments["line"])["llm"].options == {
            "base_url": "http://127.0.0.1:9/v1",
            "first_model": True,
        }
        assert "Start it with: ollama serve" in caplog.text
        assert profiles.stages(settings.deployments["gpt-realtime"])["llm"].name == "offline-assistant"

    def test_an_address_of_the_users_own_is_asked_for_nothing(self, ollama: FakeOllama) -> None:
        settings = load_settings(None, {"profile": "ollama", "llm": {"base_url": "http://127.0.0.1:9/v1"}})
        stages = Profiles(settings).stages(settings.deployments["gpt-realtime"])
        assert stages["llm"].options == {"base_url": "http://127.0.0.1:9/v1"}
        assert not ollama.asked
