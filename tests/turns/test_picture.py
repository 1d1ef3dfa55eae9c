"""The picture of docs/turn-taking.md is that of its table."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_turn_scores.py"


def test_the_picture_shows_the_table_of_today() -> None:
    script = runpy.run_path(str(SCRIPT))
    page = script["PAGE"].read_text("utf-8")
    assert len(script["rows"](page)) == 6
    assert script["OUT"].read_text("utf-8") == script["drawn"](page), "run python scripts/draw_turn_scores.py"


def test_each_number_of_the_table_is_drawn() -> None:
    script = runpy.run_path(str(SCRIPT))
    picture = script["drawn"]("| `server_vad`, 1 ms | 40 | 7 | 3 | 274 ms | 1,313 ms |")
    for shown in (">7</text>", ">30</text>", ">3</text>", "<title>274 ms", "<title>1313 ms"):
        assert shown in picture
