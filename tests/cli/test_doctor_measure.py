"""`voxwire doctor --measure`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.errors import EngineError
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad


class Hearing(FakeVad):
    """Hears the hum of the fake voice, too."""

    def score(self, states: Sequence[Any], windows: Sequence[bytes]) -> list[float]:
        return [float(any(window)) for window in windows]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every engine that was made: fakes, by the name of their answer."""
    engines: list[Any] = []
    kinds = {
        "vad": lambda name: Hearing(),
        "stt": lambda name: FakeStt("twelve times seven"),
        "tts": lambda name: FakeTts(char_ms=8),
        "turn": lambda name: FakeTurn(),
        "llm": lambda name: FakeLlm(
            lambda _: (
                [EngineError("llm", "no_such_model", "There is no such model.")] if name == "broken" else words(name)
            )
        ),
    }

    def load(kind: str, name: str, options: object) -> Any:
        engines.append(kinds[kind](name))
        return engines[-1]

    monkeypatch.setattr("voxwire.server.build.load", load)
    return engines


def settings(folder: Path, text: str) -> str:
    (folder / "voxwire.toml").write_text(text)
    return str(folder / "voxwire.toml")


def test_each_set_of_engines_once_and_one_failure_for_itself(
    made: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, "[deployments.poor.llm]\nname = 'broken'\n")
    assert main(["doctor", "--measure", "--config", config]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"This machine has \d+ cores?, \d+ GiB, ", lines[0])
    assert re.search(r"speech detector +fake-vad +0\.\d+ of real time, \d+ MiB, 0\.\d+ ms a window", lines[1])
    assert lines.count("gpt-realtime:") + lines.count("gpt-4o-realtime-preview:") == 1, "they share their engines"
    assert "  failed: llm: There is no such model. (no_such_model)" in lines[lines.index("poor:") :]
    assert any(re.match("  end of speech to first sound: [5-9]\\d\\d ms", line) for line in lines)
    assert any('heard "twelve times seven"' in line and "MiB" in line for line in lines)
    assert lines[-1].startswith("The profile that fits: ")
    assert all(engine.closed for engine in made)


@pytest.mark.engines
def test_the_embedded_engines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--measure"]) == 0
    out = capsys.readouterr().out
    assert "twelve times seven" in out
    found = re.search(r"end of speech to first sound: (\d+) ms, 500 of them the silence asked for", out)
    assert found is not None
    assert int(found[1]) >= 500
