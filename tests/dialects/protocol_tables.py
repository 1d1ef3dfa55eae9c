"""The tables of `docs/protocol` that the dialects themselves can tell, asked of them.

`protocol_tables.py --write` puts them right; a test holds the pages against them.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import read_tables as read
import written_tables as written

PAGES = Path(__file__).resolve().parents[2] / "docs" / "protocol"
#: In the order in which one would read them.
ORDER = (
    "connecting",
    "dialects",
    "events",
    "sessions",
    "audio",
    "turns",
    "transcription",
    "conversation",
    "responses",
    "errors",
    "limits",
    "oldest-clients",
    "decisions",
)


def page_of(name: str) -> Path:
    """The page that is cited by this name."""
    return PAGES.parent / "errors.md" if name == "errors" else PAGES / f"{name}.md"


def sections(name: str) -> list[str]:
    """The headings of a page's sections."""
    return re.findall(r"^## (.+)$", page_of(name).read_text(encoding="utf-8"), re.MULTILINE)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def index() -> list[str]:
    """Every page with its sections."""
    lines = []
    for name in ORDER:
        path = page_of(name)
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        target = path.name if path.parent == PAGES else f"../{path.name}"
        linked = "; ".join(f"[{each}]({target}#{anchor(each)})" for each in sections(name))
        lines.append(f"- [{title}]({target}): {linked}")
    return lines


TABLES: dict[str, Callable[[], list[str]]] = {
    "index": index,
    "client-events": read.client_events,
    "server-events": written.server_events,
    "own-events": written.own_events,
    "not-sent": written.not_sent,
    "event-names": written.event_names,
    "session-names": written.session_names,
    "response-names": written.response_names,
    "part-names": written.part_names,
    "detection": written.detection,
    "session-update": read.session_update,
    "response-create": read.response_create,
    "plain-events": read.plain_events,
    "items": read.items,
    "tools": read.tools,
    "tool-choice": read.tool_choice,
}


def put_right(page: str) -> str:
    """The page with the tables that it names as they should be."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: made by `make protocol-tables` -->", f"<!-- {name}: end -->"
        if begin in page:
            before, _, rest = page.partition(begin)
            page = "\n".join([f"{before}{begin}", *make(), f"{end}{rest.partition(end)[2]}"])
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    wrong = 0
    for path in sorted(PAGES.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        made = put_right(page)
        wrong += made != page
        if write:
            path.write_text(made, encoding="utf-8")
    return 0 if write else int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
