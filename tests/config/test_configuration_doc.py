"""`docs/configuration.md` describes every setting, in the words of the settings tree, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from voxwire.config import (
    AssignmentSettings,
    CheckSettings,
    ContentPolicySettings,
    DeploymentSettings,
    EngineSettings,
    EntraSettings,
    IssuerSettings,
    ProfileSettings,
    Settings,
    TurnDefaults,
    load_settings,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting that is not a table, with its dotted name."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{path}.")
        else:
            yield path, field


def shown(value: Any) -> str:
    """A default as TOML would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    if isinstance(value, float) and value.is_integer():
        return f"`{int(value)}`"
    return f"`{value}`"


def row(path: str, field: FieldInfo) -> str:
    """The line of the table that a setting must have."""
    default = "needed" if field.is_required() else shown(field.get_default(call_default_factory=True))
    if path == "deployments" or default == "`{}`":
        default = "`{}`"
    return f"| `{path}` | {default} | {field.description} |"


TREE = dict(leaves(Settings))
ROWS = [row(path, field) for path, field in TREE.items()]
ROWS += [row(f"deployments.NAME.{path}", field) for path, field in leaves(DeploymentSettings)]
ROWS += [row(f"deployments.NAME.turn_detection.{path}", field) for path, field in leaves(TurnDefaults)]
ROWS += [row(f"profiles.NAME.{path}", field) for path, field in leaves(ProfileSettings)]
ROWS += [row(f"deployments.NAME.stt.{path}", field) for path, field in leaves(EngineSettings)]
ROWS += [row(f"content_policies.NAME.{path}", field) for path, field in leaves(ContentPolicySettings)]
ROWS += [row(f"content_policies.NAME.checks.{path}", field) for path, field in leaves(CheckSettings)]
ROWS += [row(f"auth.entra.{path}", field) for path, field in leaves(EntraSettings)]
# What an issuer has in common with Entra ID is described there.
ROWS += [row(f"auth.oidc.NAME.{path}", IssuerSettings.model_fields[path]) for path in IssuerSettings.__annotations__]
ROWS += [row(f"auth.entra.assignments.{path}", field) for path, field in leaves(AssignmentSettings)]


@pytest.mark.parametrize("line", ROWS, ids=lambda line: line.split("`")[1])
def test_every_setting_is_described(line: str) -> None:
    assert line in DOCUMENT.read_text(encoding="utf-8").splitlines(), f"docs/configuration.md needs:\n{line}"


def test_no_other_is() -> None:
    # What follows are options of engines: tests/engines/test_engine_options.py.
    settings = DOCUMENT.read_text(encoding="utf-8").partition("### Options of engines")[0]
    described = re.findall(r"^\| `[a-z_.A-Z]+` \| .*$", settings, re.MULTILINE)
    assert set(described) == set(ROWS)


def test_every_field_has_a_description() -> None:
    for path, field in TREE.items():
        assert field.description, path


def test_the_example_file_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "voxwire.toml"
    file.write_text(example)
    settings = load_settings(file)
    assert not settings.server.loopback
    assert "support-line" in settings.deployments


def test_the_example_environment_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    variables = dict(re.findall(r"^(VOXWIRE_\w+)=(.*)$", example, re.MULTILINE))
    assert len(variables) > 1
    for name, value in variables.items():
        monkeypatch.setenv(name, value.strip("'"))
    settings = load_settings()
    assert len(settings.auth.api_keys) == 2
