"""`voxwire quotas`, on both databases."""

import json
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.config import StorageSettings


def quotas(*arguments: str) -> int:
    return main(["quotas", *arguments])


def listed(capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert quotas("list", "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_set_list_and_remove(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert quotas("list") == 0
    assert "none of its own" in capsys.readouterr().err
    assert quotas("set", "key", "web", "--requests-per-minute", "5", "--concurrent-sessions", "2") == 0
    assert quotas("set", "key", "web", "--requests-per-minute", "6") == 0  # in the place of the one before
    (quota,) = listed(capsys)
    assert (quota["kind"], quota["subject"], quota["updated_by"]) == ("key", "web", "cli")
    assert (quota["requests_per_minute"], quota["concurrent_sessions"]) == (6, None)
    assert quotas("list") == 0
    headings, line = capsys.readouterr().out.splitlines()
    assert headings.split() == ["kind", "subject", "sessions", "requests/min", "tokens/min", "audio", "s/day"]
    assert line.split() == ["key", "web", "-", "6", "-", "-"]
    assert quotas("remove", "key", "web") == 0
    assert listed(capsys) == []
    assert quotas("remove", "key", "web") == 1
    assert "No quota was set for the key 'web'" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "9" * 30])
def test_a_limit_is_a_number(storage: StorageSettings, capsys: pytest.CaptureFixture[str], number: str) -> None:
    with pytest.raises(SystemExit):
        quotas("set", "key", "web", f"--tokens-per-minute={number}")
    assert "a limit is a whole number" in capsys.readouterr().err


def test_a_deployment_that_there_is_not_has_no_quota(
    storage: StorageSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would bound nobody, and nobody would notice."""
    assert quotas("set", "deployment", "gpt-realtiem", "--requests-per-minute", "5") == 1
    assert "The project 'local' has no deployment 'gpt-realtiem': make it first." in capsys.readouterr().err
    assert quotas("set", "deployment", "gpt-realtime", "--requests-per-minute", "5") == 0
    assert main(["deployments", "create", "shop"]) == 0
    assert quotas("set", "deployment", "shop", "--requests-per-minute", "5") == 0
    assert main(["deployments", "delete", "shop"]) == 0
    assert quotas("remove", "deployment", "shop") == 0
