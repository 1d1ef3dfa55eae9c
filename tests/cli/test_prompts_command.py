"""`voxwire prompts`, on both databases."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.config import StorageSettings


def prompts(*arguments: str) -> int:
    return main(["prompts", *arguments])


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert prompts(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_from_the_first_version_to_the_end(
    storage: StorageSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert prompts("create", "clerk", "--text", "You work in {{city}}.") == 0
    assert "version 1; current is 1" in capsys.readouterr().err
    file = tmp_path / "second.txt"
    file.write_bytes("\ufeffGrüß Gott.\r\n".encode())
    assert prompts("update", "clerk", "--file", str(file), "--reason", "politer") == 0
    assert prompts("update", "clerk", "--text", "third", "--not-yet") == 0
    capsys.readouterr()
    assert prompts("show", "clerk") == 0
    out, err = capsys.readouterr()
    assert out == "Grüß Gott.\n"
    assert err == "Version 2 of 3; current is 2. Variables: none.\n"
    assert prompts("show", "clerk", "--version", "1") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("You work in {{city}}.\n", "Version 1 of 3; current is 2. Variables: city.\n")
    found = shown(capsys, "show", "clerk")
    assert [version["text"] for version in found["versions"]] == ["third", "Grüß Gott.", "You work in {{city}}."]
    assert shown(capsys, "update", "clerk", "--current", "1")["current"] == 1
    assert [one["name"] for one in shown(capsys, "list")] == ["clerk"]
    assert prompts("list") == 0
    headings, line = capsys.readouterr().out.splitlines()
    assert headings.split() == ["name", "current", "versions", "changed"]
    assert line.split()[:3] == ["clerk", "1", "3"]
    assert prompts("delete", "clerk") == 0
    assert prompts("list") == 0
    assert "has none" in capsys.readouterr().err


def test_from_standard_input(
    storage: StorageSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"Be brief.\n")))
    assert prompts("create", "clerk", "--file", "-") == 0
    capsys.readouterr()
    prompts("show", "clerk")
    assert capsys.readouterr().out == "Be brief.\n"


def test_mistakes(storage: StorageSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert prompts("create", "clerk", "--text", "x") == 0
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"\xfc")
    for arguments, said in (
        (("create", "clerk", "--text", "x"), "update adds a version"),
        (("create", "other", "--text", " "), "a prompt has a text"),
        (("create", "other", "--file", str(latin)), "not text in UTF-8"),
        (("create", "other", "--file", str(tmp_path / "none")), "cannot be read"),
        (("update", "clerk"), "--current N"),
        (("update", "clerk", "--text", "x", "--current", "1"), "--current N"),
        (("update", "clerk", "--current", "2"), "no version 2"),
        (("update", "other", "--text", "x"), "no prompt 'other'"),
        (("show", "clerk", "--version", "2"), "no version 2"),
        (("show", "other"), "no prompt 'other'"),
        (("delete", "other"), "no prompt 'other'"),
    ):
        capsys.readouterr()
        assert prompts(*arguments) == 1
        assert said in capsys.readouterr().err
    for line in ("create a/b --text x", "create clerk", "create a --text x --file y"):
        with pytest.raises(SystemExit) as caught:
            prompts(*line.split())
        assert caught.value.code == 2
