"""`voxwire serve` fetches what its engines need, shows that, and starts at once the next time: real processes, a real
engine with a small voice, an imitation of the hub."""

import asyncio
import dataclasses
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_sources import Answer, Files, ModelServer, little_served, write_entry
from served_at_terminal import LISTENING, ready, serving

from voxwire.cli import main
from voxwire.config import EngineSettings, load_settings
from voxwire.storage.database import Database
from voxwire.storage.deployments import Deployments
from voxwire.testing.tiny_onnx import tiny_piper

pytestmark = pytest.mark.engines

PROFILE = """
[profiles.spoken]
tts = { name = "piper", model = "little-voice" }
[profiles.lost]
tts = { name = "piper", model = "lost-voice" }
[deployments.good]
profile = "spoken"
[deployments.bad]
profile = "lost"
[deployments.plain]
profile = "embedded"
"""


@pytest.fixture
def voice(tmp_path: Path) -> Files:
    """A voice of a few kilobytes, by the names of its files."""
    model = tiny_piper(tmp_path)
    return {path.name: path.read_bytes() for path in (model, model.with_name(f"{model.name}.json"))}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, voice: Files) -> Iterator[ModelServer]:
    """Has `little-voice`, and not `lost-voice`."""
    with little_served(monkeypatch, tmp_path) as server:
        for name in ("little-voice", "lost-voice"):
            more = 'kind = "tts"\nengines = ["piper"]'
            write_entry(tmp_path / "entries", name, voice, hub=f"lab/{name}", index=None, more=more)
        server.files |= {f"/lab/little-voice/resolve/main/{name}": content for name, content in voice.items()}
        yield server


@pytest.fixture
def settings(tmp_path: Path) -> str:
    file = tmp_path / "voxwire.toml"
    file.write_text(PROFILE)
    return str(file)


def test_the_first_start_fetches_with_a_bar_and_the_second_does_not_ask(hub: ModelServer, settings: str) -> None:
    with serving("--config", settings) as server:
        server.until(r"little-voice .*━")
        url = server.until(LISTENING)[1]
        assert "The model lost-voice could not be fetched. hub: 127.0.0.1 does not have it (404)" in server.shown
        found = ready(url)
    assert found["good"]
    assert not found["bad"]
    assert found["plain"]
    hub.asked.clear()
    with serving("--config", settings, "--profile", "spoken") as server:
        assert ready(server.until(LISTENING)[1])["gpt-realtime"]
        server.until("For a language model: --llm ADDRESS")
    assert not [line for line in hub.asked if "little-voice" in line]
    assert "little-voice" not in server.shown


async def make_odd(name: str) -> None:
    """As one is that was stored when its engine knew another option: none can be made that way now."""
    database = Database(load_settings().storage)
    stored = Deployments(database)
    (found,) = [deployment for deployment in await stored.all() if deployment.name == name]
    assert found.settings is not None
    odd = found.settings.model_copy(update={"tts": EngineSettings(name="espeak", options={"colour": "red"})})
    await stored.replace(dataclasses.replace(found, settings=odd, edition=found.edition + 1), by="test")
    await database.close()


def test_the_models_of_stored_deployments_are_fetched_too(hub: ModelServer) -> None:
    assert main(["deployments", "create", "stored", "--model", "little-voice"]) == 0
    assert main(["deployments", "create", "odd", "--set", "tts=espeak", "--set", "tts.language=en-gb"]) == 0
    asyncio.run(make_odd("odd"))
    with serving() as server:
        server.until(r"little-voice .*━")
        found = ready(server.until(LISTENING)[1])
    assert found["stored"]
    assert not found["odd"]
    assert found["gpt-realtime"]


def test_offline_nothing_is_asked_and_the_rest_serves(hub: ModelServer, settings: str) -> None:
    with serving("--config", settings, "--offline") as server:
        found = ready(server.until(LISTENING)[1])
        assert "The model little-voice could not be fetched. hub: it is not in the cache of the hub" in server.shown
        assert "Fetch them with: voxwire models pull little-voice lost-voice" in server.shown
    assert not found["good"]
    assert found["plain"]
    assert not hub.asked


def test_nothing_to_serve_is_one_sentence_with_the_command(hub: ModelServer, settings: str) -> None:
    Path(settings).write_text(PROFILE.partition("[deployments.good]")[0])
    with serving("--config", settings, "--profile", "lost") as server:
        shown = server.rest()
        assert server.process.wait(20) == 1
    assert "voxwire serve: The model lost-voice of piper is not here." in shown
    assert "voxwire models pull lost-voice" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_stopped_while_it_fetches(
    hub: ModelServer, settings: str, number: signal.Signals, tmp_path: Path
) -> None:
    held = threading.Event()

    def fault(answer: Answer) -> bool:
        held.wait(30)
        return False

    hub.fault = fault
    try:
        with serving("--config", settings) as server:
            server.until("little-voice")
            server.process.send_signal(number)
            shown = server.rest()
            assert server.process.wait(20) == 0
    finally:
        held.set()
    assert "Traceback" not in shown
    assert "Stopped. What has come is kept" in shown
    assert "listening" not in shown
    assert not (tmp_path / "store/little-voice").exists()


def test_lines_where_there_is_no_terminal(hub: ModelServer, settings: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "voxwire", "serve", "--port", "0", "--config", settings],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            while not (lines and LISTENING.search(lines[-1])):
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            assert any(re.fullmatch(r"little-voice: fetching [\d.]+ kB \.\.\.\n", line) for line in lines)
        finally:
            process.terminate()


async def test_talk_starts_such_a_server_too(hub: ModelServer, settings: str) -> None:
    """It waits for as long as something is fetched, and says so."""
    import io

    from voxwire.cli.local_server import local_server
    from voxwire.talk.screen import Screen

    out = io.StringIO()
    async with local_server(Screen(out), ["--config", settings, "--profile", "spoken"]) as (url, key):
        assert url
        assert key
    assert "little-voice: fetching" in out.getvalue()
