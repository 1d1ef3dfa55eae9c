"""Texts: every language has every text, with the same gaps to fill in, and the page uses what there is."""

import re
from pathlib import Path

import pytest

JS = Path(__file__).parents[2] / "src" / "voxwire" / "playground" / "static" / "js"
LANGUAGES = ("en", "nl")
#: Each page, the folder of its modules, and that of its texts.
PAGES = (("index.html", "", "texts"), ("manage.html", "manage", "manage/texts"))
ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): ("(?:[^"\\]|\\.)*"),$', re.MULTILINE)


def texts(folder: str, language: str) -> dict[str, str]:
    source = (JS / folder / f"{language}.js").read_text(encoding="utf-8")
    found = {quoted or bare: text for quoted, bare, text in ENTRY.findall(source)}
    # Nothing is written in a form that this test would overlook.
    assert len(found) == sum(line.endswith('",') for line in source.splitlines())
    return found


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("folder", [folder for _, _, folder in PAGES])
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_complete(language: str, folder: str) -> None:
    english, other = texts(folder, "en"), texts(folder, language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert gaps(text) == gaps(other[key]), key


@pytest.mark.parametrize(("page", "modules", "folder"), PAGES)
def test_what_a_page_asks_for_is_there(page: str, modules: str, folder: str) -> None:
    html = (JS.parent / page).read_text(encoding="utf-8")
    asked = set(re.findall(r'data-t(?:-\w+)?="([^"]+)"', html))
    for path in (JS / modules).glob("*.js"):
        asked |= set(re.findall(r'\bt\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    assert asked <= texts(folder, "en").keys()
