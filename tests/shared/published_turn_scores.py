"""What docs/turn-taking.md says of the set, read from its tables."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from remark_scoring import RemarkScore
from turn_scoring import Score

PAGE = Path(__file__).parents[2] / "docs" / "turn-taking.md"
#: The voices' noise moves an end by a window or two, and with it the median.
_NOISE_MS = 70


@dataclass(frozen=True)
class PublishedScore:
    """A row of the table of turns."""

    row: Score

    def check(self, today: Score) -> None:
        """The counts are those of the table, the times are close to them."""
        assert (self.row.turns, self.row.cut, self.row.late) == (today.turns, today.cut, today.late)
        assert abs(self.row.median_ms - today.median_ms) <= _NOISE_MS
        assert abs(self.row.longest_ms - today.longest_ms) <= 2 * _NOISE_MS


@dataclass(frozen=True)
class PublishedRemarks:
    """A row of the table of remarks."""

    row: RemarkScore

    def check(self, today: RemarkScore) -> None:
        """The counts are those of the table, the time is close to it."""
        assert abs(self.row.median_ms - today.median_ms) <= _NOISE_MS
        assert replace(self.row, median_ms=today.median_ms) == today


def published(name: str) -> PublishedScore:
    """The row of this name."""
    turns, cut, late, median, longest = _row(name)
    return PublishedScore(Score(turns, cut, late, median, longest))


def published_remarks(name: str) -> PublishedRemarks:
    """The row of this name."""
    listening, stopped, interrupting, missed, median = _row(name)
    return PublishedRemarks(RemarkScore(listening, stopped, interrupting, missed, median))


def _row(name: str) -> list[int]:
    cells = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert cells is not None, f"docs/turn-taking.md has no row {name}"
    return [int(re.sub(r"[^0-9]", "", cell)) for cell in cells[1].split("|")]


def shown_set() -> dict[str, str]:
    """The conversations and remarks that the page shows, by name."""
    row = re.compile(r"^\| ([\w-]+) \| [a-z -]+ \| [a-z]{2}, \w+ \| (.*) \|$", re.MULTILINE)
    return dict(row.findall(PAGE.read_text("utf-8")))
