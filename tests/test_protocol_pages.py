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

from voxwire.dialects.ga import events as ga_events
from voxwire.dialects.ga import requests as ga_requests
from voxwire.dialects.ga import session_settings as ga
from voxwire.dialects.preview import session_settings as preview
from voxwire.dialects.shared_requests import ClientRequest
from voxwire.dialects.shared_settings import SemanticVadSettings, TokenLimits

PAGES = Path(__file__).parent.parent / "docs" / "protocol"
#: A source that is a type: `[types: `Name`, `beta.realtime.Name`; another source]`.
MARK = re.compile(r"\[types: ([^];]*)")
CODE = re.compile(r"`([^`\n]+)`")
PREVIEW = "beta.realtime."
#: Event names in a line of a flow; what is in parentheses or begins with a blank more is a remark.
NAME = re.compile(r"(?:^|, )((?:…input_audio_transcription|[a-z_]+)(?:\.[a-z_]+)+)")
GOLDEN = Path(__file__).parent / "session" / "golden"


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


FLOWS = [
    ("turns", "Spoken turn", "spoken_turn"),
    ("turns", "Committing by hand", "manual_commit"),
    ("turns", "Barge-in", "barge_in"),
    ("turns", "Idle timeout", "idle_timeout"),
    ("responses", "Order of events", "spoken_turn"),
    ("responses", "Typed turn", "text_turn"),
    ("responses", "Function calls", "function_call"),
    ("transcription", "Transcription sessions", "transcription_session"),
]


def shown(page: str, heading: str) -> list[tuple[str, str]]:
    """The flow of a section: who says it (S or C), and the GA name of the event."""
    section = (PAGES / f"{page}.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    flow = section.partition("```\n")[2].partition("```")[0]
    steps = [line.partition(" ") for line in flow.splitlines() if line.startswith(("S ", "C "))]
    prefix = "conversation.item.input_audio"
    return [(who, name.replace("…input_audio", prefix)) for who, _, what in steps for name in NAME.findall(what)]


@pytest.mark.parametrize(("page", "heading", "log"), FLOWS, ids=[f"{page}-{heading}" for page, heading, _ in FLOWS])
def test_flows_are_what_the_session_does(page: str, heading: str, log: str) -> None:
    """Every event of a flow comes, in this order. More may come between: deltas, transcripts."""
    lines = (GOLDEN / f"{log}.txt").read_text(encoding="utf-8").splitlines()
    names = {kind.__name__: name for kind, (name, _) in ga_events._FORMS.items()}
    names["AudioDelta"] = "response.output_audio.delta"
    said = iter([names[line.split()[1]] for line in lines if line.startswith("< ")])
    flow = [name for who, name in shown(page, heading) if who == "S"]
    assert len(flow) > 2
    missing = [name for name in flow if name not in said]  # searches on from what was found before
    assert not missing


def test_clients_in_flows_send_what_there_is() -> None:
    requests = [
        kind for kind in vars(ga_requests).values() if isinstance(kind, type) and issubclass(kind, ClientRequest)
    ]
    known = {str(kind.__struct_config__.tag) for kind in requests}
    sent = {name for page, heading, _ in FLOWS for who, name in shown(page, heading) if who == "C"}
    assert len(sent) > 4
    assert not sent - known
