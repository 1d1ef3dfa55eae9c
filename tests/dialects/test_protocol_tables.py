"""`docs/protocol` says what the code says, and names settings that exist."""

import re
from pathlib import Path

import pytest
from protocol_tables import ORDER, PAGES, page_of, put_right, sections

PATHS = sorted(PAGES.glob("*.md"))
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
    page = page_of("limits").read_text(encoding="utf-8")
    named = set(re.findall(r"\| `(\w+\.\w+)` \|$", page, re.MULTILINE))
    assert len(named) > 10
    assert not named - settings
    switches = {"limits.strict_truncate", "limits.on_empty_transcript"}
    assert {name for name in settings if name.startswith("limits.")} - switches <= named
