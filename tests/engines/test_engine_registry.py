"""Finding engines by name, and saying what is missing."""

from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from voxwire.engines import registry
from voxwire.errors import ConfigurationError


class FakeDistribution(Distribution):
    """The distribution that offers the entry points of these tests."""

    def read_text(self, filename: str) -> str | None:
        if filename != "METADATA":
            return None
        return (
            "Metadata-Version: 2.1\nName: voxwire-extras\nVersion: 1\n"
            "Requires-Dist: numpy>=2\n"
            'Requires-Dist: absent-library>=3; extra == "all"\n'
            'Requires-Dist: another-library; extra == "all"\n'
            'Requires-Dist: third-library-of-it; extra == "all"\n'
            'Requires-Dist: absent-library>=3; extra == "neural"\n'
            'Requires-Dist: another-library; extra == "neural"\n'
            'Requires-Dist: absent-library>=3; extra == "small-ears"\n'
            'Requires-Dist: little-library; extra == "small-ears"\n'
            'Requires-Dist: one-more-library; extra == "small-ears"\n'
        )

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def offer(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Let these entry points be the installed ones."""
    points = [
        EntryPoint(name=name.replace("_", "-"), value=value, group="voxwire.engines.stt")._for(FakeDistribution())  # type: ignore[attr-defined]
        for name, value in values.items()
    ]

    def found(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [point for point in points if point.group == group and name in (None, point.name)]

    monkeypatch.setattr(registry, "entry_points", found)


def test_the_embedded_engines_are_offered() -> None:
    assert "pocketsphinx" in registry.names("stt")
    assert "offline-assistant" in registry.names("llm")
    assert {"embedded", "flite", "espeak"} <= set(registry.names("tts"))
    assert "silero" in registry.names("vad")


def test_an_engine_is_made_from_its_options() -> None:
    engine = registry.load("llm", "offline-assistant", {"timezone": "Europe/Oslo"})
    assert engine.capabilities.info.name == "offline-assistant"


def test_a_speech_detector_is_an_engine_as_the_others() -> None:
    engine = registry.load("vad", "silero", {})
    assert engine.capabilities.info.name == "silero"
    with pytest.raises(ConfigurationError, match="Silero has no option size; it knows: kernel"):
        registry.load("vad", "silero", {"size": 2})
    with pytest.raises(ConfigurationError, match="There is no turn model named 'oracle'"):
        registry.load("turn", "oracle", {})


def test_options_that_an_engine_refuses() -> None:
    with pytest.raises(ConfigurationError):
        registry.load("llm", "offline-assistant", {"no_such_option": 1})


def test_an_unknown_name_is_answered_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ears="x:y", big_ears="x:y")
    with pytest.raises(ConfigurationError, match=r"no speech recogniser named 'nose'. Installed: 'big-ears', 'ears'\."):
        registry.load("stt", "nose", {})


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)
    assert registry.names("stt") == ()
    with pytest.raises(ConfigurationError, match=r"Installed: none\."):
        registry.load("stt", "ears", {})


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        (
            "absent_library.core",
            r"'absent_library' is missing. Install it with: pip install 'voxwire-extras\[neural\]'",
        ),
        ("unheard_of", r"'unheard_of' is missing. Install it with: pip install 'unheard_of'"),
    ],
)
def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, module: str, advice: str) -> None:
    offer(monkeypatch, ears=f"{module}:engine")
    with pytest.raises(ConfigurationError, match=advice):
        registry.load("stt", "ears", {})


@pytest.mark.parametrize("module", ["absent_library", "named_otherwise_than_its_package"])
def test_the_extra_of_an_engine_has_its_name(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    offer(monkeypatch, small_ears=f"{module}:engine")
    with pytest.raises(ConfigurationError, match=r"pip install 'voxwire-extras\[small-ears\]'"):
        registry.load("stt", "small-ears", {})


def test_a_library_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "half_an_engine.py").write_text("raise ImportError('libfoo.so.1: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(tmp_path)
    offer(monkeypatch, ears="half_an_engine:engine")
    with pytest.raises(ConfigurationError, match=r"cannot be used here: libfoo\.so\.1: cannot open"):
        registry.load("stt", "ears", {})
