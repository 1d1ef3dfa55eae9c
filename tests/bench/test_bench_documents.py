"""Commands in the documents of the benchmark are commands that it takes, and its options are in one of them."""

import re
import shlex
from pathlib import Path

import pytest

import compare
from trees import Tree

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "docs" / "benchmarks.md", ROOT / "bench" / "peers.md")


def commands() -> list[list[str]]:
    """Words behind `bench/compare.py`, of every command in a block for the shell."""
    blocks = [block for path in DOCUMENTS for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL)]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [
        shlex.split(line.partition("bench/compare.py")[2], comments=True)
        for line in lines
        if "bench/compare.py" in line
    ]


def test_every_command_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "open_tree", lambda path, environment: Tree(Path(path), "0000000", "native"))
    found = commands()
    assert len(found) >= 8
    for words in found:
        _, contenders = compare.parse(words)
        assert len(contenders) > 1, words


def test_every_option_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        compare.parse(["--help"])
    said = "".join(path.read_text() for path in DOCUMENTS)
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert len(options) > 8
    assert not [option for option in options if option not in said]


def test_every_script_that_is_named_is_there() -> None:
    named = {name for path in DOCUMENTS for name in re.findall(r"\bbench/\w+\.py", path.read_text())}
    assert len(named) >= 5
    assert not [name for name in named if not (ROOT / name).is_file()]
