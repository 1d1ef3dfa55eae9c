"""Texts: every language has every text, with the same gaps to fill in, and the page uses what there is."""

import re
from pathlib import Path

import pytest

JS = Path(__file__).parents[2] / "src" / "voxwire" / "playground" / "static" / "js"
LANGUAGES = ("en", "nl")
ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): ("(?:[^"\\]|\\.)*"),$', re.MULTILINE)


def texts(language: str) -> dict[str, str]:
    source = (JS / "texts" / f"{language}.js").read_text(encoding="utf-8")
    found = {quoted or bare: text for quoted, bare, text in ENTRY.findall(source)}
    # Nothing is written in a form that this test would overlook.
    assert len(found) == sum(line.endswith('",') for line in source.splitlines())
    return found


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_complete(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert gaps(text) == gaps(other[key]), key


def test_what_the_page_asks_for_is_there() -> None:
    html = (JS.parent / "index.html").read_text(encoding="utf-8")
    asked = set(re.findall(r'data-t(?:-\w+)?="([^"]+)"', html))
    for path in JS.glob("*.js"):
        asked |= set(re.findall(r'\bt\("([^"]+)"', path.read_text(encoding="utf-8")))
    assert asked <= texts("en").keys()
