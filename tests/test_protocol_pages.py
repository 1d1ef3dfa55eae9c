"""The pages about the protocol are checked against what they speak of: the official types, and our own."""

import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import msgspec
import openai.types.beta.realtime as preview_types
import openai.types.realtime as ga_types
import openai.types.responses as shared_types
import pytest

from voxwire.dialects.ga import session_settings as ga
from voxwire.dialects.preview import session_settings as preview
from voxwire.dialects.shared_settings import SemanticVadSettings, TokenLimits

PAGES = Path(__file__).parent.parent / "docs" / "protocol"
#: A source that is a type: `[types: `Name`, `beta.realtime.Name`; another source]`.
MARK = re.compile(r"\[types: ([^];]*)")
CODE = re.compile(r"`([^`\n]+)`")
PREVIEW = "beta.realtime."


def names_in(*packages: ModuleType) -> set[str]:
    """The classes and unions of all modules of these packages."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in packages
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return {name for module in (*packages, *modules) for name in vars(module)}


def cited() -> list[tuple[str, str]]:
    return sorted(
        (page.name, name)
        for page in PAGES.glob("*.md")
        for mark in MARK.findall(page.read_text(encoding="utf-8"))
        for name in CODE.findall(mark)
        if name != "openai"
    )


def test_types_that_are_sources_exist() -> None:
    ga_names, preview_names = names_in(ga_types, shared_types), names_in(preview_types)
    assert len(cited()) > 50
    missing = [
        (page, name)
        for page, name in cited()
        if not name.startswith("…")
        and (name.removeprefix(PREVIEW) not in preview_names if name.startswith(PREVIEW) else name not in ga_names)
    ]
    assert not missing


@pytest.mark.parametrize(
    ("pages", "structs"),
    [
        ("sessions", (ga.RealtimeSession, preview.SessionSettings)),
        ("turns", (ga._ServerVad, SemanticVadSettings)),
        ("sessions transcription", (ga.TranscriptionSession, preview.TranscriptionSettingsUpdate)),
        ("transcription", (ga._Transcription, preview.PreviewTranscription)),
        ("responses", (ga.ResponseSettings, preview.FirstResponseSettings)),
        ("sessions", (TokenLimits,)),
    ],
)
def test_every_field_is_explained(pages: str, structs: tuple[type[msgspec.Struct], ...]) -> None:
    text = "\n".join((PAGES / f"{page}.md").read_text(encoding="utf-8") for page in pages.split())
    words = set(re.findall(r"\w+", " ".join(CODE.findall(text))))
    fields = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    assert not fields - words
