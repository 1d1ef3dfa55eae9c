"""`docs/protocol` says what the code says, and names settings that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from dialect_samples import CONFIG, GA, PREVIEW, response
from msgspec import structs
from protocol_tables import ORDER, PAGES, page_of, put_right, sections
from written_tables import sent

from voxwire.dialects import Variant
from voxwire.events.response import ResponseStatus, TokenUsage
from voxwire.events.server import ResponseDone, SessionCreated
from voxwire.runtime.runtime_limits import Deadlines, RuntimeLimits
from voxwire.session.limits import Limits

PATHS = sorted(PAGES.glob("*.md"))
MIB = 1024 * 1024
CONFIGURATION = PAGES.parent / "configuration.md"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_tables_are_what_the_dialects_say(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert page == put_right(page), "run `make protocol-tables` and read what changed"


def test_the_index_has_every_page() -> None:
    assert {page_of(name) for name in ORDER if name != "errors"} | {PAGES / "README.md"} == set(PATHS)


@pytest.mark.parametrize("name", ORDER)
def test_sections_can_be_cited(name: str) -> None:
    """A citation ends at a comma, a semicolon, a bracket or a stop."""
    assert sections(name)
    assert not [heading for heading in sections(name) if re.search(r"[,;:.()\"`]", heading)]


def test_limits_name_settings_that_exist() -> None:
    settings = set(re.findall(r"^\| `([a-z_.]+)` \|", CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE))
    rows = re.findall(r"\| ([^|]*) \|$", page_of("limits").read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+\.\w+)`", row)}
    assert len(named) > 10
    assert not named - settings
    switches = {"limits.strict_truncate", "limits.on_empty_transcript"}
    bounds = {name for name in settings if name.startswith(("limits.", "deadlines."))}
    assert bounds - switches <= named


#: A limit of the page → what it says, from the code.
NUMBERS = {
    "one append": f"{Limits().append_bytes // MIB} MiB",
    "audio not yet committed": f"{Limits().buffer_bytes // MIB} MiB",
    "shortest commit": f"{Limits().min_commit_ms} ms",
    "audio kept for `conversation.item.retrieve`": f"{Limits().retained_audio_bytes // MIB} MiB",
    "items in a conversation": f"{Limits().items:,}",
    "text of one item": f"{Limits().item_text_bytes // MIB} MiB",
    "text of all items that clients made": f"{Limits().conversation_text_bytes // MIB} MiB",
    "tools": f"{Limits().tools}",
    "at once, out of band ones included": f"{Limits().parallel_responses}",
    "length": f"{Limits().session_seconds / 60:.0f} minutes",
    "wait for the words of a turn": f"{Limits().transcript_deadline_s:.0f} s",
    "unread events of one client": f"{RuntimeLimits().outbox_limit_bytes // MIB} MiB",
    "a client that reads nothing": f"{RuntimeLimits().write_deadline_s:.0f} s",
    "audio that waits for speech detection": f"{RuntimeLimits().unscored_ms / 1000:.0f} s",
    "audio that waits for the recogniser": f"{RuntimeLimits().untranscribed_ms / 1000:.0f} s",
    "events that wait for speech detection": f"{RuntimeLimits().waiting_events}",
    "silence of a recogniser that has work": f"{Deadlines().stt_s:.0f} s",
    "silence of a language engine, before and within its answer": f"{Deadlines().llm_first_s:.0f} s",
    "silence of a synthesiser that has text": f"{Deadlines().tts_s:.0f} s",
}


@pytest.mark.parametrize("what", NUMBERS)
def test_limits_are_those_of_the_code(what: str) -> None:
    page = page_of("limits").read_text(encoding="utf-8")
    (said,) = re.findall(rf"^\| {re.escape(what)} \| ([^|]+) \|", page, re.MULTILINE)
    assert re.match(rf"{re.escape(NUMBERS[what])}(\D|$)", said)


def examples(name: str) -> list[dict[str, Any]]:
    """The JSON of a page."""
    return [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", page_of(name).read_text("utf-8"), re.DOTALL)
    ]


@pytest.mark.parametrize(("place", "variant"), [(0, GA), (1, PREVIEW)], ids=["ga", "preview"])
def test_the_session_as_it_starts_is_what_is_sent(place: int, variant: Variant) -> None:
    shown = examples("sessions")[place]
    config = structs.replace(CONFIG, model=shown["model"], instructions="")
    event = SessionCreated(session_id=shown["id"], config=config, expires_at=shown["expires_at"])
    assert sent(event, variant)["session"] == shown


def test_usage_has_the_fields_that_are_shown() -> None:
    (shown,) = examples("responses")
    used = TokenUsage(input_text=5, output_text=21, output_audio=56)
    event = ResponseDone(response=response(ResponseStatus.COMPLETED, usage=used))
    assert sent(event, GA)["response"]["usage"] == shown
