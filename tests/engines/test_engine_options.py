"""Options of the built-in engines: a mistake stops the start, and `docs/configuration.md` names every one."""

import sys
from pathlib import Path
from typing import Any

import pytest

from voxwire.engines.llm.assistant import engine as assistant
from voxwire.engines.registry import make
from voxwire.engines.stt.pocketsphinx import engine as pocketsphinx
from voxwire.engines.stt.whisper import engine as whisper
from voxwire.engines.tts import embedded
from voxwire.engines.tts.espeak import engine as espeak
from voxwire.engines.tts.flite import engine as flite
from voxwire.engines.tts.kokoro import engine as kokoro
from voxwire.engines.tts.piper import engine as piper
from voxwire.errors import ConfigurationError

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
POOLED = [pocketsphinx, whisper, espeak, flite, embedded, piper, kokoro]


@pytest.mark.parametrize("module", [*POOLED, assistant], ids=lambda module: module.__name__)
def test_an_option_that_does_not_exist(module: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"has no option sise; it knows: \w+"):
        module.engine({"sise": 2})


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", True])
@pytest.mark.parametrize("module", POOLED, ids=lambda module: module.__name__)
def test_a_size_that_cannot_be(module: Any, size: Any) -> None:
    with pytest.raises(ConfigurationError, match="a number of processes, at least 1"):
        module.engine({"size": size})


def test_a_language_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="language of espeak is a text"):
        espeak.engine({"language": 7})


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("pocketsphinx", pocketsphinx),
        ("whisper", whisper),
        ("espeak", espeak),
        ("flite", flite),
        ("piper", piper),
        ("kokoro", kokoro),
        ("offline-assistant", assistant),
    ],
)
def test_every_option_is_documented(name: str, module: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        module.engine({"?": 0})
    options = str(caught.value).rpartition("it knows: ")[2].rstrip(".").split(", ")
    table = DOCUMENT.read_text(encoding="utf-8").partition("### Options of engines")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    assert {option for _, engines, option, *_ in rows if f"`{name}`" in engines} == {f" `{name}` " for name in options}


@pytest.mark.parametrize(
    ("kind", "name", "needed", "libraries"),
    [
        ("stt", "moonshine", {}, ("moonshine_voice",)),
        ("stt", "onnx-asr", {"model": "m"}, ("onnx_asr", "onnxruntime")),
        ("stt", "sherpa-onnx", {"model": "m"}, ("sherpa_onnx",)),
        ("stt", "whisper", {}, ("ctranslate2", "tokenizers")),
        ("llm", "llama", {"model": "m"}, ("xllamacpp",)),
        ("tts", "kokoro", {}, ("onnxruntime", "espeakng_loader")),
        ("tts", "piper", {}, ("piper",)),
        ("tts", "ptts", {"model": "m"}, ("ptts",)),
        ("tts", "sherpa-onnx", {"model": "m"}, ("sherpa_onnx",)),
        ("turn", "smart-turn", {}, ("onnxruntime",)),
    ],
)
def test_options_are_checked_also_where_the_library_is_missing(
    monkeypatch: pytest.MonkeyPatch, kind: Any, name: str, needed: dict[str, Any], libraries: tuple[str, ...]
) -> None:
    for library in libraries:
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match="no option no_such; it knows: "):
        make(kind, name, {**needed, "no_such": 1})
    with pytest.raises(ImportError):
        make(kind, name, needed)
