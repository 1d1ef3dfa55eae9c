"""`voxwire storage`: where things are stored, a backup, another master key."""

import argparse
from pathlib import Path
from typing import Any

from voxwire.cli.store_options import add_store_options, with_database
from voxwire.cli.tables import print_json
from voxwire.printing import complain, say
from voxwire.storage.backup import back_up
from voxwire.storage.database import Database
from voxwire.storage.master_key import key_file
from voxwire.storage.vault import Vault


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `storage` to the command line."""
    parser = subparsers.add_parser(
        "storage",
        help="where things are stored; backups",
        description="The database of deployments, keys, usage and conversations (docs/storage.md).",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    showing = actions.add_parser("show", help="where the database is, and the master key")
    showing.set_defaults(run=_show)

    backing_up = actions.add_parser("backup", help="copy an SQLite database, while servers use it")
    backing_up.add_argument("target", type=Path, metavar="FILE")
    backing_up.set_defaults(run=_back_up)

    rotating = actions.add_parser("rotate-key", help="encrypt all keys with a new master key")
    rotating.set_defaults(run=_rotate)

    for action in (showing, backing_up, rotating):
        add_store_options(action)


def _show(args: argparse.Namespace) -> int:
    async def work(database: Database) -> dict[str, Any]:
        address, there = database.address, await database.exists()
        if there:
            async with database.read():  # says what is wrong with it
                pass
        master = "the setting storage.secret_key" if database.settings.secret_key else None
        file = key_file(address)
        if master is None and file is not None and file.exists():
            master = str(file)
        return {"database": address.shown, "exists": there, "master_key": master}

    found = with_database(args, work)
    if args.json:
        print_json(found)
    else:
        say(f"database    {found['database']}{'' if found['exists'] else ' (nothing is stored yet)'}")
        say(f"master key  {found['master_key'] or 'none yet'}")
    return 0


def _back_up(args: argparse.Namespace) -> int:
    async def work(database: Database) -> dict[str, Any]:
        back_up(database.address, args.target)  # nothing else runs in this loop
        file = key_file(database.address)
        kept = file is not None and file.exists() and database.settings.secret_key is None
        return {"backup": str(args.target), "master_key": str(file) if kept else None}

    done = with_database(args, work)
    if args.json:
        print_json(done)
    else:
        say(f"The backup is {done['backup']}.")
        if done["master_key"]:
            complain(f"What is encrypted in it needs {done['master_key']}, too: keep a copy of that somewhere else.")
    return 0


def _rotate(args: argparse.Namespace) -> int:
    async def work(database: Database) -> int:
        return await Vault(database).rotate_master() if await database.exists() else 0

    changed = with_database(args, work)
    if args.json:
        print_json({"changed": changed})
    else:
        say(f"{changed} keys are encrypted with the new master key.")
    return 0
