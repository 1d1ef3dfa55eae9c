"""Medians and ratios of what was measured in turns."""

from pathlib import Path

import pytest

from figures import condensed, markdown, median, paired_ratio, percentile, written
from processor import processor
from result_table import table


def test_percentile() -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], 0.95) == 96
    assert percentile([7.0], 0.95) == 7
    assert percentile([], 0.95) == 0


def test_a_median_is_of_what_is_there() -> None:
    assert median([3, None, 1, 2]) == 2
    assert median([None, None]) is None
    assert median([]) is None


def test_a_ratio_is_taken_within_a_round() -> None:
    """The machine was four times as slow in the second round, and both servers met that."""
    ours, floor = [30.0, 120.0, 33.0], [10.0, 40.0, 11.0]
    assert paired_ratio(ours, floor) == pytest.approx(3)
    # The ratio of the medians would be true here too; not where a round of one is missing.
    assert paired_ratio([30.0, 120.0, None], [None, 40.0, 11.0]) == pytest.approx(3)


def test_without_a_round_of_both_there_is_no_ratio() -> None:
    assert paired_ratio([30.0, None], [None, 40.0]) is None
    assert paired_ratio([30.0], [0.0]) is None


def test_a_figure_that_is_not_known_is_a_dash() -> None:
    assert written(None) == "-"
    assert written(1234.5678) == "1,234.57"
    assert markdown(("what", "n"), [("a", "1")]) == "| what | n |\n| --- | ---: |\n| a | 1 |"


def test_remarks_that_differ_in_numbers_are_one() -> None:
    lines = [
        "floor: waited 12% of 3.5 s",
        "now: waited 9%",
        "floor: waited 1,234% of 4 s",
        "floor: waited 7% of 1.25 s",
    ]
    assert condensed(lines) == ["floor: waited 12% of 3.5 s; and 2 more like it", "now: waited 9%"]
    assert condensed([]) == []


@pytest.mark.parametrize(
    ("cpuinfo", "said"),
    [
        ("model name\t: Some CPU\nflags\t\t: sse2 avx2 avx512f\n", "Some CPU, AVX-512"),
        ("model name\t: Some CPU\nflags\t\t: sse2 avx2\nmodel name\t: Another\n", "Some CPU, AVX2"),
        ("CPU implementer\t: 0x41\nFeatures\t: fp asimd\n", "NEON"),
        ("", "vectors unknown"),
    ],
)
def test_figures_say_on_which_processor(cpuinfo: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(cpuinfo)
    assert processor(path).endswith(said)
    assert processor(tmp_path / "none").endswith("vectors unknown")


def test_a_row_for_what_was_measured_and_a_dash_without_a_sound_result() -> None:
    rows = table({"d_20ms_floor": 1065, "d_20ms_voxwire": None, "e_idle_mib": 0.05}).splitlines()[2:]
    assert rows == [
        "| (d) sessions held, 20 ms frames | 1,065.00 | - | - |",
        "| (e) memory of an idle session | - | 0.05 MiB | - |",
    ]
