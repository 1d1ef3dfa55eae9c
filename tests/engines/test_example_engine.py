"""The engine of `examples/engine` is what its page says: found as a plugin, passed by the suite, and it answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from voxwire.testing.live_server import serve_process

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "engine"
PAGE = ROOT / "docs" / "howto" / "write-an-engine.md"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which Python finds the package, installed in a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    there = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, "install", *there, str(EXAMPLE)], check=True)
    return {"PYTHONPATH": str(folder)}


def python(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_the_page_shows_the_files_as_they_are() -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    engine, entry_point, suite = blocks
    assert engine == (EXAMPLE / "voxwire_parrot.py").read_text(encoding="utf-8")
    assert suite == (EXAMPLE / "test_parrot.py").read_text(encoding="utf-8")
    assert entry_point in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")


def test_passes_the_suite(environment: dict[str, str]) -> None:
    done = python("-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLE), environment=environment)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 30


def test_doctor_names_it(environment: dict[str, str]) -> None:
    done = python("-m", "voxwire", "doctor", environment=environment)
    # A long list of names goes on in the next line, up to the next kind of engine.
    engines = done.stdout.partition("\n  llm ")[2].partition("\n  tts ")[0]
    assert "parrot" in engines.replace(",", " ").split()


@pytest.mark.engines
def test_answers_in_a_server(environment: dict[str, str]) -> None:
    chosen = {**environment, "VOXWIRE_LLM__NAME": "parrot"}
    with serve_process(environment=chosen) as server:
        address = f"{server.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime"
        with connect(address, additional_headers={"Authorization": "Bearer k"}) as client:
            assert json.loads(client.recv(10))["type"] == "session.created"
            content = [{"type": "input_text", "text": "Pieces of eight!"}]
            item = {"type": "message", "role": "user", "content": content}
            client.send(json.dumps({"type": "conversation.item.create", "item": item}))
            client.send(json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}}))
            while (event := json.loads(client.recv(20)))["type"] != "response.done":
                assert event["type"] != "error", event
    assert event["response"]["output"][0]["content"][0]["text"] == "Pieces of eight!"
