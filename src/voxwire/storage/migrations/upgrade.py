"""Carries out migrations. alembic is imported here and nowhere else, once there is something to do."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from voxwire.storage.schema import METADATA

#: Where migrations lie, one file for each.
FOLDERS: Final = [Path(__file__).parent / "versions"]


def upgrade_steps() -> Callable[[Connection], None]:
    """What migrates the database of a connection, within the transaction that it is in. Reads files, so call it in a
    thread; what comes back reads none."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, FOLDERS)).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    scripts.get_revisions("heads")  # reads them all

    def migrate(connection: Connection) -> None:
        context = MigrationContext.configure(
            connection,
            opts={
                "fn": lambda revision, _: scripts._upgrade_revs("heads", revision),
                "target_metadata": METADATA,
                "render_as_batch": connection.dialect.name == "sqlite",
            },
        )
        with Operations.context(context):
            context.run_migrations()

    return migrate
