"""Words and phrases, however they are written."""

from pathlib import Path

import pytest

from voxwire.errors import ConfigurationError
from voxwire.monitoring.word_list import word_list


@pytest.mark.parametrize(
    "text", ["poison", "Take POISON!", "a poison-pill", "sell -- your\nsoul", "STRASSE", "\uff50oison"]
)
def test_found(text: str) -> None:
    assert word_list({"words": ["poison", "sell your soul", "straße"]}).look(text) == "listed words"


@pytest.mark.parametrize("text", ["", "poisonous", "sell your", "your soul", "pois on", "sell your old soul"])
def test_not_found(text: str) -> None:
    assert word_list({"words": ["poison", "sell your soul"]}).look(text) is None


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("# bad ones\n\npoison\nsell your soul\n", encoding="utf-8-sig")
    check = word_list({"file": str(file), "words": ["x"]})
    assert check.look("sell your soul")
    assert check.look("x")
    assert check.look("bad ones") is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs 1 to"),
        ({"words": [" "], "colour": "red"}, "colour"),
        ({"words": "poison"}, "words"),
        ({"file": "/does/not/exist"}, "cannot read"),
    ],
)
def test_mistakes(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        word_list(options)
