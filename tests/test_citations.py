"""What docstrings, comments and tests cite of the protocol and of the records exists.

The form is explained in `docs/protocol/README.md`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FOLDERS = ("src", "tests", "clients", "bench", "fuzz", "examples", "docs", "demo", "scripts")
SUFFIXES = {".py", ".js", ".ts", ".md", ".toml"}
#: `(protocol: turns, Idle timeout)`, several after semicolons; a docstring that is nothing else starts with a capital.
CITED = re.compile(r"(?:\((?:[^()]*; )?|\"\"\")[Pp]rotocol: ([a-z-]+(?:[,;] [^).\"]*)?)[).]")
#: A citation may go on in the next line of its docstring or comment.
NEXT_LINE = re.compile(r"\n[ \t]*(?:#:? |\* |// )?")
RECORD = re.compile(r"\bADR (\d+)\b")
#: Forms of the past, whose notes nobody else has.
FORMER = re.compile(
    r"\b(?:PROTOCOL|SEMANTICS|CLIENT_SDK|CLIENTS|ENGINES|WIRE|SCALE|TRANSPORTS|PEERS)(?: sections?)? \d"
    r"|\"\"\"\d\.\d+(?:: | `|\.\"\"\"| and )"
)
#: Speaks of sections of RFC 6455.
RFC = ROOT / "tests" / "server" / "websocket_conformance.py"


def files() -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.*"):
            parts = path.relative_to(ROOT).parts
            hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
            if path.suffix in SUFFIXES and not hidden and path != Path(__file__):
                yield path, path.read_text(encoding="utf-8")


def headings(page: str) -> set[str]:
    path = DOCS / "errors.md" if page == "errors" else DOCS / "protocol" / f"{page}.md"
    if not path.exists():
        return set()
    return {"", *re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)}


def citations() -> Iterator[tuple[str, str, str]]:
    """File, page and section (empty for a whole page) of each."""
    for path, text in files():
        for cited in CITED.findall(NEXT_LINE.sub(" ", text)):
            for each in cited.split("; "):
                page, _, section = each.partition(", ")
                if not page.startswith(("docs/", "ADR ")):
                    yield str(path.relative_to(ROOT)), page, section


def test_cited_sections_exist() -> None:
    found = list(citations())
    assert len(found) > 250
    known = {page: headings(page) for _, page, _ in found}
    assert not [each for each in found if each[2] not in known[each[1]]]


def test_cited_records_exist() -> None:
    numbers = {int(path.name[:4]) for path in (DOCS / "adr").glob("[0-9]*.md")}
    cited = {(str(path.relative_to(ROOT)), int(number)) for path, text in files() for number in RECORD.findall(text)}
    assert len(cited) > 10
    assert not [each for each in cited if each[1] not in numbers]


def test_nothing_is_cited_that_is_not_published() -> None:
    assert not [str(path.relative_to(ROOT)) for path, text in files() if path != RFC and FORMER.search(text)]
