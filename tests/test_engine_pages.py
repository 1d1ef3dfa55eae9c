"""The pages of the engines are true: they have every option, and the settings that they show are accepted."""

import re
from pathlib import Path

import pytest

from voxwire.config import load_settings
from voxwire.engines import registry
from voxwire.errors import ConfigurationError
from voxwire.server.build import build_service

DOCS = Path(__file__).parent.parent / "docs"
#: Options without which an engine does not look at the others.
NEEDED = {
    "chat": {"base_url": "http://127.0.0.1:1/v1"},
    "llama": {"model": "x"},
    "relay": {"url": "ws://127.0.0.1:1"},
    "speech": {"base_url": "http://127.0.0.1:1/v1", "model": "x"},
}
PAGES = {("tts", "sherpa-onnx"): "sherpa-onnx-tts"}
WITHOUT_PAGE = {"silero", "pocketsphinx", "offline-assistant", "embedded"}
ENGINES = [(kind, name) for kind in registry.KINDS for name in registry.names(kind) if name not in WITHOUT_PAGE]
SHOWN = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in [*sorted((DOCS / "engines").glob("*.md")), DOCS / "profiles.md", *sorted((DOCS / "howto").glob("*.md"))]
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    if not block.startswith(("kind =", "[project"))  # an entry of the catalogue, and a pyproject.toml
]


@pytest.mark.parametrize(("kind", "name"), ENGINES)
def test_every_option_is_explained(kind: registry.EngineKind, name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        registry.load(kind, name, {"no_such_option": 1, **NEEDED.get(name, {})})  # type: ignore[call-overload]
    [known] = re.findall(r"it knows: ([\w, ]+)", str(refused.value))
    page = (DOCS / "engines" / f"{PAGES.get((kind, name), name)}.md").read_text(encoding="utf-8")
    rows = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert set(known.split(", ")) <= set(re.findall(r"`(\w+)`", rows))


@pytest.mark.parametrize("toml", SHOWN)
def test_settings_that_are_shown_are_accepted(toml: str, tmp_path: Path) -> None:
    (tmp_path / "voxwire.toml").write_text(toml, encoding="utf-8")
    build_service(load_settings(tmp_path / "voxwire.toml", {}))
