"""`voxwire deployments`: without a server, on the store itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.config import StorageSettings

Run = Callable[..., tuple[int, str, str]]
SECRET = "sk-very-secret"


@pytest.fixture
def run(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> Run:
    """`code, out, err = run("create", "my-gpt4o")`, on each kind of database in turn."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["deployments", *arguments])
        except SystemExit as error:
            code = int(str(error.code))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


def listed(run: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(run("list", "--json", *arguments)[1])}


def test_an_azure_developers_own_name_is_one_command(run: Run) -> None:
    code, out, err = run("create", "my-gpt4o")
    assert (code, out) == (0, "")
    assert "my-gpt4o is there; it answers with embedded" in err
    found = listed(run)["my-gpt4o"]
    assert (found["source"], found["project"], found["state"]) == ("store", "local", "enabled")


def test_a_life(run: Run) -> None:
    run("create", "shop", "--llm", "http://127.0.0.1:1/v1", "--model", "llama3.2", "--voice", "alloy",
        "--set", "tts=espeak", "--set", "tts.language=de", "--set", "limits.concurrent_sessions=4",
        "--set", f"llm.api_key={SECRET}", "--no-enabled", "--reason", "for the shop")  # fmt: skip
    shop = listed(run)["shop"]
    assert shop["llm"]["options"] == {"base_url": "http://127.0.0.1:1/v1", "model": "llama3.2", "api_key": "**********"}
    assert shop["tts"] == {"name": "espeak", "options": {"language": "de"}}
    assert (shop["limits"], shop["state"], shop["answers"]) == ({"concurrent_sessions": 4}, "disabled", "llama3.2")
    assert run("update", "shop", "--enabled", "--unset", "voice")[0] == 0
    shop = listed(run)["shop"]
    assert shop["state"] == "enabled"
    assert "voice" not in shop
    assert run("alias", "gpt-4o", "shop")[0] == 0
    assert listed(run)["shop"]["aliases"] == ["gpt-4o"]
    table = run("list")[1]
    assert max(map(len, table.splitlines())) <= 80
    shown = run("show", "shop")[1]
    assert "llama3.2" in shown
    assert SECRET not in shown
    assert run("unalias", "gpt-4o")[0] == 0
    assert run("delete", "shop")[0] == 0
    assert "shop" not in listed(run)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "../x"], "a name has 1 to 64 characters"),
        (["create", "gpt-4\u043e"], "a name has 1 to 64 characters"),
        (["create", "x", "--model", "nobody-knows"], "There is no model 'nobody-knows'"),
        (["create", "x", "--set", "colour=red"], "colour: there is no such setting"),
        (["create", "x", "--set", "retention_days=0"], "retention_days:"),
        (["create", "x", "--set", "voice"], "--set takes KEY=VALUE"),
        (["create", "x", "--set", "stt=ears"], "no engine 'ears' is installed"),
        (["update", "nobody", "--voice", "alloy"], "has no stored deployment 'nobody'"),
        (["delete", "nobody"], "has no stored deployment 'nobody'"),
        (["show", "nobody"], "voxwire deployments list"),
        (["alias", "x", "nobody"], "has no deployment 'nobody': make it first"),
        (["unalias", "nobody"], "has no alias 'nobody'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_said_in_one_line(run: Run, arguments: list[str], words: str) -> None:
    code, out, err = run(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_those_of_the_settings_file_are_shown_and_stay(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "voxwire.toml"
    file.write_text('[deployments.declared]\nvoice = "alloy"\n')
    assert listed(run, "--config", str(file))["declared"]["source"] == "settings"
    code, _, err = run("create", "declared", "--config", str(file))
    assert code == 1
    assert "The settings file declares 'declared'" in err
    run("create", "declared")
    both = json.loads(run("list", "--json", "--config", str(file))[1])
    assert [(one["source"], one["state"]) for one in both if one["name"] == "declared"] == [
        ("settings", "enabled"),
        ("store", "overridden by the settings file"),
    ]


def test_looking_makes_no_file(run: Run, storage: StorageSettings) -> None:
    from voxwire.storage.database import Database

    assert run("list")[0] == 0
    file = Database(storage).address.file
    assert file is None or not file.exists()
