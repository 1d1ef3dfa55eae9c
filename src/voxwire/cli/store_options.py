"""The options of commands that work on what is stored, and the database that they name. No server is needed."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from voxwire.config import Settings, check_json, load_settings
from voxwire.errors import ConfigurationError
from voxwire.storage.database import Database

_Result = TypeVar("_Result")

#: Who made or changed something on the command line.
BY: str = "cli"


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Add `--config`, `--storage` and `--json`."""
    add = parser.add_argument
    add("--config", type=Path, metavar="voxwire.toml", help="settings file that names the database")
    add("--storage", metavar="URL", help="database, in place of the one of the settings (storage.url)")
    add("--json", action="store_true", help="print JSON")


def store_settings(args: argparse.Namespace) -> Settings:
    """The settings, with the database that the options name. Raises ConfigurationError, also for what was typed and
    cannot be stored."""
    for option, typed in vars(args).items():
        try:
            check_json(typed)
        except ValueError as error:
            raise ConfigurationError(f"{option.replace('_', '-')}: {error}. Is it UTF-8?") from None
    return load_settings(args.config, {"storage": {"url": args.storage}} if args.storage else {})


def with_database(args: argparse.Namespace, work: Callable[[Database], Awaitable[_Result]]) -> _Result:
    """Do some work on the database that the options name. Raises ConfigurationError, StorageError."""
    settings = store_settings(args)

    async def run() -> _Result:
        database = Database(settings.storage)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
