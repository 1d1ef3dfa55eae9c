"""The table of clients is what the tests said that they ran."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import compatibility
import pytest
from client_environment import HERE
from compatibility import BEGIN, DOCUMENT, END, Exercise, Recorder, settle, table, with_table

HEAD = "| client | version | dialect | exercised | result |\n| --- | --- | --- | --- | --- |\n"


class TestTable:
    def test_a_row_names_flows_in_the_order_of_a_conversation(self) -> None:
        flows = ("barge_in", "something else", "text_turn")
        assert table({Exercise("sdk", "1.0", "GA", flow): True for flow in flows}) == (
            HEAD + "| sdk | 1.0 | GA | text turn, barge-in with truncation, something else | passed |"
        )

    def test_rows_are_sorted(self) -> None:
        rows = (("b", "2", "GA"), ("A", "2", "preview"), ("A", "1", "GA"))
        lines = table({Exercise(*row, "cancel"): True for row in rows}).splitlines()[2:]
        assert [line.split(" | ")[:3] for line in lines] == [
            ["| A", "1", "GA"],
            ["| A", "2", "preview"],
            ["| b", "2", "GA"],
        ]

    def test_failures_are_named(self) -> None:
        passed = {Exercise("sdk", "1", "GA", "cancel"): False, Exercise("sdk", "1", "GA", "text_turn"): True}
        assert table(passed).endswith("| text turn, cancel | failed: cancel |")


class TestDocument:
    def test_the_rest_stays(self) -> None:
        document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
        assert with_table(document, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"

    @pytest.mark.parametrize("document", ["", BEGIN, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
    def test_both_markers_stand_there_once(self, document: str) -> None:
        with pytest.raises(ValueError, match="once each"):
            with_table(document, "")

    def test_names_every_pinned_client(self) -> None:
        """A recipe names its client first. `make test-clients` compares the rest."""
        words = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
        recipes = [recipe.read_text(encoding="utf-8") for recipe in sorted(HERE.glob("**/envs/*.txt"))]
        pinned = [re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==(\S+)", recipe, re.MULTILINE)[0] for recipe in recipes]
        assert len(pinned) > 1
        assert [version for version in pinned if f"| {version} |" not in words] == []


class TestRecorder:
    EXERCISE = Exercise("sdk", "1", "GA", "text_turn")

    def outcomes(self, *outcomes: Any) -> dict[Exercise, bool]:
        recorder = Recorder()
        for outcome in outcomes:
            report = pytest.TestReport(
                nodeid="test",
                location=("", 0, ""),
                keywords={},
                outcome=outcome,
                longrepr=None,
                when="call",
                user_properties=[("exercised", self.EXERCISE)],
            )
            recorder.pytest_runtest_logreport(report)
        return recorder.passed

    @pytest.mark.parametrize("worse", ["failed", "skipped"])
    def test_one_failure_is_enough(self, worse: Literal["failed", "skipped"]) -> None:
        assert self.outcomes("passed", "passed") == {self.EXERCISE: True}
        assert self.outcomes("passed", worse, "passed") == {self.EXERCISE: False}

    def test_a_second_try_counts(self) -> None:
        assert self.outcomes("rerun", "passed") == {self.EXERCISE: True}
        assert self.outcomes("rerun", "failed") == {self.EXERCISE: False}

    def test_the_fixture_reports(self, request: pytest.FixtureRequest, exercised: Callable[..., None]) -> None:
        said = request.node.user_properties
        exercised("sdk", "1", "GA", "text_turn")
        assert said == [("exercised", self.EXERCISE)]
        said.clear()  # or the real table names this client

    def test_who_reports_is_marked(self, request: pytest.FixtureRequest, exercised: Callable[..., None]) -> None:
        """By the mark `make test-clients` knows it, and continuous integration does not run it twice."""
        assert request.node.get_closest_marker("compatibility")


class TestSettling:
    PASSED: ClassVar = {Exercise("sdk", "1", "GA", "text_turn"): True}

    @pytest.fixture(autouse=True)
    def document(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        document = tmp_path / "compatibility.md"
        document.write_text(f"{BEGIN}\n{END}\n")
        monkeypatch.setattr(compatibility, "DOCUMENT", document)
        return document

    def test_a_table_that_says_something_else(self, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = document.read_text()
        assert not settle(self.PASSED, write=False)
        assert "+| sdk | 1 | GA | text turn | passed |" in capsys.readouterr().out
        assert document.read_text() == before

    def test_written_it_is_right(self) -> None:
        assert settle(self.PASSED, write=True)
        assert settle(self.PASSED, write=False)
        assert not settle({**self.PASSED, Exercise("sdk", "2", "GA", "text_turn"): True}, write=False)
