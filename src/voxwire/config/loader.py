"""Reading the settings, with one clear line for every mistake in them."""

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsError

from voxwire.config.settings import Settings
from voxwire.errors import ConfigurationError


def load_settings(file: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force: `overrides` over the environment over `file` over the defaults.

    `overrides` has the shape of the tree (`{"server": {"port": 0}}`). Raises ConfigurationError with
    a message of one line; it never repeats a value, which may be a key.
    """
    table = _read(file) if file is not None else {}
    _check_environment(os.environ)

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=table)

    try:
        return Layered(**(overrides or {}))
    except ValidationError as error:
        raise ConfigurationError(
            "; ".join(_explain(problem) for problem in error.errors(include_input=False))
        ) from None
    except SettingsError as error:
        raise ConfigurationError(f"The environment cannot be read: {error}.") from None


def _check_environment(names: Iterable[str]) -> None:
    """Refuse unknown tables, of which pydantic-settings takes no notice.

    Names without two underscores may be somebody else's: Kubernetes sets VOXWIRE_PORT wherever a service
    is called voxwire.
    """
    prefix, delimiter = str(Settings.model_config["env_prefix"]), str(Settings.model_config["env_nested_delimiter"])
    for name in map(str.upper, names):
        table, nested, _ = name.removeprefix(prefix).partition(delimiter)
        if name.startswith(prefix) and nested and table.lower() not in Settings.model_fields:
            raise ConfigurationError(f"{name}: there is no such setting")


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigurationError(f"Cannot read {file}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}.") from None


def _explain(problem: Mapping[str, Any]) -> str:
    path = _dotted(problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{path}: there is no such setting"
    return f"{path}: {message}" if path else message[0].upper() + message[1:]


def _dotted(location: Sequence[str | int]) -> str:
    """`deployments."gpt-4o".stt` as TOML would write it; list positions in brackets."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
            continue
        name = part if part.replace("_", "").replace("-", "").isalnum() else f'"{part}"'
        path += f".{name}" if path else name
    return path
