"""`voxwire keys`: without a server, on the store itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from voxwire.auth.key_form import has_key_form
from voxwire.cli import main
from voxwire.config import StorageSettings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> Run:
    """`code, out, err = run("create", "--role", "owner")`, on each kind of database in turn."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["keys", *arguments])
        except SystemExit as error:
            code = int(str(error.code))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


def listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", "--json", *arguments)[1])
    return found


def test_a_key_is_alone_on_stdout(run: Run) -> None:
    code, out, err = run("create", "--role", "owner")
    assert code == 0
    assert has_key_form(out.rstrip("\n"))
    assert "key1" in err
    assert "this once" in err
    assert out.strip() not in err


def test_a_life(run: Run) -> None:
    run("create")
    run("create", "ci", "--role", "reader", "--role", "Cognitive Services OpenAI User", "--deployment", "gpt-realtime",
        "--expires", "90d", "--project", "shop")  # fmt: skip
    (key,) = listed(run, "--project", "shop")
    assert (key["name"], key["roles"], key["deployments"]) == ("ci", ["user", "reader"], ["gpt-realtime"])
    assert key["expires_at"] - key["created_at"] == pytest.approx(90 * 86_400, abs=5)
    before = listed(run)[0]["hint"]
    assert run("rotate", "key1")[0] == 0
    assert listed(run)[0]["hint"] != before
    assert run("revoke", "key1")[0] == 0
    assert listed(run) == []
    assert [key["name"] for key in listed(run, "--revoked")] == ["key1", "key1"]
    table = run("list", "--project", "shop")[1]
    assert max(map(len, table.splitlines())) <= 80
    assert "ci" in table


def test_nothing_is_made_by_looking(run: Run, storage: StorageSettings) -> None:
    code, out, err = run("list")
    assert (code, out) == (0, "")
    assert "none" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["create", "k", "--role", "root"], 2, "there are user, reader, contributor, owner"),
        (["create", "../k"], 2, "1 to 64 characters"),
        (["create", "k", "--expires", "soon"], 2, "write 90d, 12h, 4w or 2030-01-31"),
        (["create", "k", "--expires", "2020-01-01"], 1, "would have expired already"),
        (["rotate", "k"], 1, "has no key 'k' in force"),
        (["revoke", "k"], 1, "has no key 'k' in force"),
        (["list", "--storage", "mysql://x/y"], 1, "not an address of a database"),
        (["roles", "give", "user", "a b", "user"], 2, "without spaces"),
        (["roles", "take", "role_x"], 1, "no role assignment 'role_x'"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: list[str], code: int, message: str) -> None:
    ended, out, err = run(*arguments)
    assert (ended, out) == (code, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_roles(run: Run) -> None:
    given = json.loads(run("roles", "give", "group", "g-1", "contributor", "--json")[1])
    assert (given["kind"], given["subject"], given["role"]) == ("group", "g-1", "contributor")
    assert given["id"] in run("roles", "list")[1]
    assert run("roles", "take", given["id"])[0] == 0
    assert json.loads(run("roles", "list", "--json")[1]) == []


def test_a_key_is_held_to_deployments_that_there_are_or_that_it_can_make(run: Run) -> None:
    for role in ("user", "reader"):
        code, out, err = run("create", "--role", role, "--deployment", "gpt-realtime", "--deployment", "shpo")
        assert (code, out) == (1, "")
        assert "The project 'local' has no deployment 'shpo': make it first." in err
    assert listed(run) == []
    assert main(["deployments", "create", "shop"]) == 0
    assert run("create", "--deployment", "shop")[0] == 0
    assert run("create", "--deployment", "shop", "--project", "other")[0] == 1  # that of another project
    assert run("create", "their-own", "--role", "contributor", "--deployment", "to-come")[0] == 0
    assert main(["deployments", "delete", "shop"]) == 0
    assert run("rotate", "key1")[0] == 0  # as it was
