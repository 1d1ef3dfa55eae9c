"""Run the clients that say what they exercise, and hold the table of `docs/compatibility.md` against it.

`compatibility.py` fails when a test does, or when the table does not say what ran; `--write` puts the
table right. Both run the lighter clients of `tests/clients` and those of `tests/clients/heavy`.
"""

import argparse
import difflib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
HEAVY = HERE / "heavy"
DOCUMENT = HERE.parents[1] / "docs" / "compatibility.md"

BEGIN = "<!-- clients: made by `make clients-table` -->"
END = "<!-- clients: end -->"
#: How people read the names of flows, in the order of the table; others stand behind them, as they are.
FLOWS = {
    "text_turn": "text turn",
    "spoken_turn": "spoken turn",
    "tool_round_trip": "tool round trip",
    "cancel": "cancel",
    "barge_in": "barge-in with truncation",
}


class Exercise(NamedTuple):
    """What one test does with a client; those that differ in `flow` alone make one row of the table."""

    client: str
    version: str
    dialect: str
    flow: str


class Recorder:
    """A pytest plugin that keeps what tests exercised, and whether all of them passed.

    It lets in the folder of the heavier clients.
    """

    def __init__(self) -> None:
        self.passed: dict[Exercise, bool] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        return False if collection_path == HEAVY else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == "rerun":  # as pytest-rerunfailures calls it: a second try follows
            return
        for name, value in report.user_properties:
            if name == "exercised":
                # Made anew, for a script and the module of the same file have classes of their own.
                exercise = Exercise(*value)
                self.passed[exercise] = self.passed.get(exercise, True) and report.passed


def table(passed: dict[Exercise, bool]) -> str:
    """The rows in Markdown, sorted by client and dialect."""
    lines = ["| client | version | dialect | exercised | result |", "| --- | --- | --- | --- | --- |"]
    rows: dict[tuple[str, str, str], dict[str, bool]] = {}
    for exercise, ok in passed.items():
        rows.setdefault(exercise[:3], {})[exercise.flow] = ok
    for row, flows in sorted(rows.items(), key=_alphabetically):
        failed = in_order(flow for flow, ok in flows.items() if not ok)
        result = f"failed: {', '.join(failed)}" if failed else "passed"
        lines.append(f"| {' | '.join(row)} | {', '.join(in_order(flows))} | {result} |")
    return "\n".join(lines)


def _alphabetically(entry: tuple[tuple[str, str, str], object]) -> tuple[str, str, str]:
    client, version, dialect = entry[0]
    return client.replace("`", "").lower(), dialect, version


def in_order(flows: Iterable[str]) -> list[str]:
    flows = set(flows)
    return [name for flow, name in FLOWS.items() if flow in flows] + sorted(flows - FLOWS.keys())


def with_table(document: str, rows: str) -> str:
    """The document with these rows between its markers; ValueError when it does not hold both once."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in after:
        raise ValueError(f"The document needs {BEGIN} and {END}, once each and in this order.")
    return f"{before}{BEGIN}\n{rows}\n{END}{after}"


def settle(passed: dict[Exercise, bool], write: bool) -> bool:
    """Whether the table says what ran; if not, write it, or print how they differ."""
    written = DOCUMENT.read_text(encoding="utf-8")
    right = with_table(written, table(passed))
    if write:
        DOCUMENT.write_text(right, encoding="utf-8")
    elif right != written:
        names = ("committed", "what ran")
        print("\n".join(difflib.unified_diff(written.splitlines(), right.splitlines(), *names, n=0, lineterm="")))
        print("The table of clients does not say what ran. Type: make clients-table")
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table instead of comparing it")
    write = parser.parse_args().write
    recorder = Recorder()
    status = pytest.main([str(HERE), "-m", "compatibility"], plugins=[recorder])
    return status or int(not settle(recorder.passed, write))


if __name__ == "__main__":
    sys.exit(main())
