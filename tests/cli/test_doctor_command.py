"""`voxwire doctor`: what it finds, and what it says of what is missing."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from detectors import VARIANTS

from voxwire.cli import doctor, main
from voxwire.cli.doctor import Check, Missing, report
from voxwire.errors import ConfigurationError
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import FakeVad


def found() -> str:
    return "version 1"


def missing() -> str:
    raise Missing("pip install it")


class TestReport:
    def test_everything_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert report((Check("one", "hearing", found, need="ears"), Check("two", "extra", found))) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["ok", "one", "hearing", "version", "1"]
        assert lines[-1] == "The embedded engines can run here. Start them with: voxwire serve"

    def test_an_extra_may_be_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert report((Check("one", "hearing", found, need="ears"), Check("two", "extra", missing))) == 0
        assert "missing two" in capsys.readouterr().out.replace("     ", " ")

    def test_one_of_several_is_enough(self) -> None:
        assert report((Check("one", "a", missing, need="voice"), Check("two", "b", found, need="voice"))) == 0
        assert report((Check("one", "a", found, need="voice"), Check("two", "b", missing, need="voice"))) == 0

    def test_a_need_unmet(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert report((Check("one", "a", missing, need="voice"), Check("two", "b", found, need="ears"))) == 1
        out = capsys.readouterr().out
        assert "pip install it" in out
        assert "cannot run here. Missing: voice." in out

    @pytest.mark.parametrize(
        "found", ["version 1", "pip install 'voxwire[embedded]'", "pip install it (" + "why " * 30]
    )
    def test_no_line_is_longer_than_a_terminal(self, found: str, capsys: pytest.CaptureFixture[str]) -> None:
        names = [(check.name, check.purpose) for check in doctor.CHECKS]
        report(tuple(Check(name, purpose, lambda: found) for name, purpose in names))
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        assert sum(found[:31].strip() in line for line in lines) == len(names), "what to type stands in one line"
        assert all(f"{purpose} " in f"{' '.join(lines)} " for _, purpose in names)


class TestProbes:
    """Each says what to install when its import fails."""

    @pytest.mark.parametrize(
        ("probe", "module", "remedy"),
        [
            (doctor._pocketsphinx, "pocketsphinx", "voxwire[embedded]"),
            (doctor._espeak, "espeakng_loader", "voxwire[embedded]"),
            (doctor._soundfile, "soundfile", "voxwire[talk]"),
            (doctor._portaudio, "sounddevice", "voxwire[mic]"),
        ],
    )
    def test_missing_package(self, probe: object, module: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(Missing, match=remedy.replace("[", r"\[")):
            probe()  # type: ignore[operator]

    @pytest.mark.parametrize(("probe", "library"), [(doctor._soundfile, "sndfile"), (doctor._portaudio, "portaudio")])
    def test_missing_library(self, probe: object, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_library(name: str) -> object:
            raise OSError("cannot open shared object file")

        monkeypatch.setattr(doctor, "import_module", no_library)
        with pytest.raises(Missing, match=library):
            probe()  # type: ignore[operator]

    def test_damaged_espeak(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(name: str) -> object:
            return SimpleNamespace(get_library_path=lambda: "/nowhere/libespeak-ng.so")

        monkeypatch.setattr(doctor, "import_module", broken)
        with pytest.raises(Missing, match="no library for this machine"):
            doctor._espeak()

    def test_without_the_native_kernel_numpy_detects_speech(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "voxwire_speedups", None)
        monkeypatch.delitem(sys.modules, "voxwire.engines.vad.native_silero", raising=False)
        with pytest.raises(Missing, match=r"pip install 'voxwire\[speedups\]' \(NumPy detects speech until then\)"):
            doctor._speedups()

    def test_a_native_kernel_that_does_not_load_says_why(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "voxwire_speedups.py").write_text('raise ImportError("no compiled part here")')
        monkeypatch.syspath_prepend(tmp_path)
        for module in ("voxwire_speedups", "voxwire_speedups._native", "voxwire.engines.vad.native_silero"):
            monkeypatch.delitem(sys.modules, module, raising=False)
        with pytest.raises(Missing, match=r"voxwire\[speedups\]' \(no compiled part here\)"):
            doctor._speedups()

    def test_missing_flite(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_module("voxwire.engines.tts.flite.engine"), "installed", lambda: False)
        with pytest.raises(Missing, match="libflite1"):
            doctor._flite()


def test_every_engine_that_is_installed_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(f"one-of-many-{number}" for number in range(9))
    offered = {"llm": ("chat", "parrot"), "turn": (), "stt": many}
    monkeypatch.setattr(doctor, "names", lambda kind: offered.get(kind, ("one",)))
    main(["doctor"])
    printed = capsys.readouterr().out
    _, _, list_of_them = printed.partition("Engines that")
    assert max(map(len, list_of_them.splitlines())) <= 80
    assert all(name in list_of_them for name in many)
    lines = [line.split() for line in printed.splitlines()]
    assert ["llm", "language", "engine", "chat,", "parrot"] in lines
    assert ["vad", "speech", "detector", "one"] in lines
    assert ["turn", "turn", "model", "none", "installed"] in lines


@pytest.mark.engines
def test_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = {line.split()[1]: line.split()[0] for line in lines if line[:8].strip() in ("ok", "missing")}
    if VARIANTS:
        line = next(line for line in lines if " speedups " in line)
        assert line.split()[:1] == ["ok"]
        assert line.endswith(("AVX-512 VNNI", "AVX-512", "AVX2", "NEON"))
    assert states["silero"] == states["pocketsphinx"] == states["offline-assistant"] == "ok"


class TestDeployments:
    """`--config`: the engines of each deployment are really started, and all of them end."""

    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Every engine that was made; fakes, of which a language engine named `down` does not start."""
        made: list[Any] = []

        class Down(FakeLlm):
            async def start(self) -> None:
                await super().start()
                raise ConfigurationError("There is no model.")

        def load(kind: str, name: str, options: Mapping[str, Any]) -> Any:
            kinds = {"stt": FakeStt, "llm": Down if name == "down" else FakeLlm, "tts": FakeTts, "vad": FakeVad}
            made.append(kinds[kind]())
            return made[-1]

        monkeypatch.setattr("voxwire.server.build.load", load)
        return made

    @pytest.mark.parametrize(("llm", "code"), [("down", 1), ("up", 0)])
    def test_each_is_tried(
        self, made: list[Any], capsys: pytest.CaptureFixture[str], tmp_path: Path, llm: str, code: int
    ) -> None:
        file = tmp_path / "voxwire.toml"
        file.write_text(f'[deployments.shop]\nllm = {{name = "{llm}"}}\n')
        assert main(["doctor", "--config", str(file)]) == code
        lines = capsys.readouterr().out.splitlines()
        shop = "failed  shop: its language engine does not start: There is no model."
        assert lines == [
            "Starting the engines ...",
            "ok      gpt-4o-realtime-preview: scripted answers",
            "ok      gpt-realtime: scripted answers",
            shop if code else "ok      shop: scripted answers",
        ]
        started = [engine for engine in made if engine.started]
        assert len(started) == 4
        assert [engine.closed for engine in started] == [1] * 4
