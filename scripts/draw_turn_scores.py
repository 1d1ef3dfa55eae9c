"""Draw the table of scores in docs/turn-taking.md: `python scripts/draw_turn_scores.py`.

A row for each way of hearing: a bar of its turns, and its waits as dots on a line.
"""

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1] / "docs"
PAGE, OUT = DOCS / "turn-taking.md", DOCS / "images" / "turn-taking.svg"
#: An answer after this is late.
LATE_MS = 1200
WIDTH, TOP, ROW = 760, 92, 52
BAR_LEFT, BAR_WIDTH = 250, 190
LINE_LEFT, LINE_WIDTH = 490, 240

STYLE = """
    text { font-family: system-ui, sans-serif; fill: #222 }
    .name { font-size: 13px; font-weight: 600 }
    .note { font-size: 12px; fill: #444 }
    .middle { text-anchor: middle }
    .on { font-size: 12px; fill: #fff; text-anchor: middle }
    .cut { fill: #b3402f }
    .good { fill: #35699b }
    .late { fill: #8a6314 }
    .line { stroke: #999; stroke-width: 1 }
    .limit { stroke: #8a6314; stroke-width: 1.3; stroke-dasharray: 4 3 }
    .longest { fill: #fff; stroke: #35699b; stroke-width: 2 }
    .page { fill: #fff }
  """


class Row(NamedTuple):
    name: str
    turns: int
    cut: int
    late: int
    median_ms: int
    longest_ms: int


def rows(page: str) -> list[Row]:
    """Those of the table of turns."""
    found = re.findall(r"^\| (`(?:server|semantic)_vad`.*?) \|" + r" ([\d,]+)(?: ms)? \|" * 5 + "$", page, re.MULTILINE)
    return [Row(name.replace("`", ""), *(int(cell.replace(",", "")) for cell in cells)) for name, *cells in found]


def drawn(page: str) -> str:
    """The picture of the table in `page`."""
    table = rows(page)
    height = TOP + ROW * len(table) + 40
    limit = _x(LATE_MS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="Turns that were cut, ended in time or late, and how long each way of hearing waited">',
        f"  <style>{STYLE}</style>",
        f'  <rect class="page" width="{WIDTH}" height="{height}"/>',
        *_legend(BAR_LEFT, 28, "turns", [("cut", "cut"), ("good", "in time"), ("late", "late")]),
        *_legend(LINE_LEFT, 28, "wait after the last word", []),
        f'  <circle class="good" cx="{LINE_LEFT + 5}" cy="46" r="5"/>',
        f'  <text class="note" x="{LINE_LEFT + 16}" y="50">median</text>',
        f'  <circle class="longest" cx="{LINE_LEFT + 79}" cy="46" r="4"/>',
        f'  <text class="note" x="{LINE_LEFT + 90}" y="50">longest</text>',
        f'  <path class="limit" d="M{limit} {TOP - 18} V{height - 34}"/>',
    ]
    for number, row in enumerate(table):
        parts += _row(row, TOP + ROW * number)
    for ms in range(0, LATE_MS + 1, 300):
        parts.append(
            f'  <text class="note middle" x="{_x(ms)}" y="{height - 16}">{ms:,}{" ms" if not ms else ""}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Row, y: int) -> list[str]:
    first, _, second = row.name.partition(", ")
    parts = [
        f'  <text class="name" x="20" y="{y + 10}">{escape(first)}</text>',
        f'  <text class="note" x="20" y="{y + 26}">{escape(second)}</text>',
    ]
    x = float(BAR_LEFT)
    for kind, count in (("cut", row.cut), ("good", row.turns - row.cut - row.late), ("late", row.late)):
        if count:
            width = BAR_WIDTH * count / row.turns
            parts.append(f'  <rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="26"/>')
            parts.append(f'  <text class="on" x="{x + width / 2:.1f}" y="{y + 17}">{count}</text>')
            x += width
    middle = y + 13
    return [
        *parts,
        f'  <path class="line" d="M{LINE_LEFT} {middle} H{LINE_LEFT + LINE_WIDTH}"/>',
        _dot("good", 5, row.median_ms, middle),
        _dot("longest", 4, row.longest_ms, middle),
    ]


def _dot(kind: str, radius: int, ms: int, y: int) -> str:
    return f'  <circle class="{kind}" cx="{_x(ms)}" cy="{y}" r="{radius}"><title>{ms} ms</title></circle>'


def _legend(x: int, y: int, title: str, kinds: list[tuple[str, str]]) -> list[str]:
    parts = [f'  <text class="name" x="{x}" y="{y}">{title}</text>']
    for number, (kind, label) in enumerate(kinds):
        left = x + 64 * number
        parts.append(f'  <rect class="{kind}" x="{left}" y="{y + 12}" width="11" height="11"/>')
        parts.append(f'  <text class="note" x="{left + 16}" y="{y + 22}">{label}</text>')
    return parts


def _x(ms: int) -> float:
    return round(LINE_LEFT + LINE_WIDTH * min(ms / LATE_MS, 1), 1)


if __name__ == "__main__":
    OUT.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
