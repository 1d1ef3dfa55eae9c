"""`voxwire keys`: keys of a server, and roles of those who sign in without one."""

import argparse
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from voxwire.auth.management import IssuedKey, KeyBook
from voxwire.cli.role_commands import add_roles
from voxwire.cli.store_options import BY, add_store_options, store_settings, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.config import checked_name
from voxwire.printing import complain, say
from voxwire.runtime import LOCAL, AccessRole
from voxwire.storage.api_keys import StoredKey
from voxwire.storage.database import Database
from voxwire.storage.known_deployments import KnownDeployments

_HEADINGS: Final = ("name", "roles", "deployments", "key", "made", "expires", "last used")
_SPAN: Final = re.compile(r"(\d{1,4})([hdw])", re.ASCII)
_SECONDS: Final = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys` to the command line."""
    parser = subparsers.add_parser(
        "keys",
        help="make, list, rotate and revoke keys",
        description="Keys that clients present. Only hashes of them are stored: a key is shown once, when it is made. "
        "A server that runs knows of a change within a second.",
        epilog="Once there is a key, the server asks everybody for one. docs/keys.md has the roles.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    making = _action(actions, "create", _create, "make a key")
    making.add_argument("name", nargs="?", metavar="NAME", type=_name, help="left out: key1, or key2")
    making.add_argument(
        "--role",
        action="append",
        type=_role,
        metavar="ROLE",
        help="user (as long as nothing else is said), reader, contributor or owner; may be repeated",
    )
    making.add_argument(
        "--deployment", action="append", metavar="NAME", help="the only deployment it may use; may be repeated"
    )
    _expires(making)

    listing = _action(actions, "list", _list, "which keys there are")
    listing.add_argument("--revoked", action="store_true", help="also those that are no longer in force")

    rotating = _action(actions, "rotate", _rotate, "make a key anew; the old one ends at once")
    rotating.add_argument("name", metavar="NAME", type=_name)
    _expires(rotating)

    revoking = _action(actions, "revoke", _revoke, "end keys at once")
    revoking.add_argument("names", nargs="+", metavar="NAME", type=_name)

    add_roles(actions, _action, _role)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", type=_name, default=LOCAL, help=f"whose keys they are ({LOCAL})")
    add_store_options(parser)
    return parser


def _expires(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expires", type=_moment, metavar="WHEN", help="90d, 12h, 4w, or a day in UTC such as 2030-01-31"
    )


def _create(args: argparse.Namespace) -> int:
    settings = store_settings(args)

    async def work(database: Database) -> IssuedKey:
        book = KeyBook(database, known=KnownDeployments(settings.deployments, database))
        return await book.create(
            project=args.project,
            name=args.name,
            roles=args.role or (AccessRole.USER,),
            deployments=args.deployment,
            expires_at=args.expires,
            by=BY,
        )

    _show_issued(args, with_database(args, work))
    return 0


def _rotate(args: argparse.Namespace) -> int:
    async def work(database: Database) -> IssuedKey:
        return await KeyBook(database).rotate(args.project, args.name, by=BY, expires_at=args.expires)

    _show_issued(args, with_database(args, work))
    return 0


def _show_issued(args: argparse.Namespace, issued: IssuedKey) -> None:
    if args.json:
        print_json({**_fields(issued.stored), "secret": issued.secret})
        return
    key = issued.stored
    say(issued.secret)  # alone on stdout: KEY=$(voxwire keys create)
    complain(f"This is {key.name} of the project {key.project!r}, {_roles(key)}. It is shown this once: keep it now.")


def _list(args: argparse.Namespace) -> int:
    async def work(database: Database) -> Sequence[StoredKey]:
        return await KeyBook(database).keys.of_project(args.project, revoked=args.revoked)

    keys = with_database(args, work)
    if args.json:
        print_json([_fields(key) for key in keys])
    elif not keys:
        complain(f"The project {args.project!r} has none.")
    else:
        print_table(_HEADINGS, list(map(_row, keys)), wraps=("roles", "deployments"))
    return 0


def _revoke(args: argparse.Namespace) -> int:
    async def work(database: Database) -> None:
        book = KeyBook(database)
        for name in dict.fromkeys(args.names):
            await book.revoke(args.project, name, by=BY)
            complain(f"{name} has ended.")

    with_database(args, work)
    return 0


def _row(key: StoredKey) -> tuple[str, ...]:
    now = int(time.time() * 1000)
    ends = "revoked" if key.revoked_at else "expired" if key.expired(now) else _day(key.expires_at)
    allowed = "all" if key.deployments is None else ", ".join(key.deployments)
    return key.name, _roles(key), allowed, f"…{key.hint}", _day(key.created_at), ends, _day(key.last_used_at)


def _roles(key: StoredKey) -> str:
    return ", ".join(key.roles)


def _fields(key: StoredKey) -> dict[str, Any]:
    """As REST shows it."""
    return {
        "id": key.id,
        "project": key.project,
        "name": key.name,
        "kind": key.kind,
        "hint": key.hint,
        "roles": list(key.roles),
        "deployments": None if key.deployments is None else list(key.deployments),
        "created_at": key.created_at // 1000,
        "created_by": key.created_by,
        "expires_at": key.expires_at and key.expires_at // 1000,
        "last_used_at": key.last_used_at and key.last_used_at // 1000,
        "revoked_at": key.revoked_at and key.revoked_at // 1000,
    }


def _day(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _role(text: str) -> AccessRole:
    role = AccessRole.named(text)
    if role is None:
        raise argparse.ArgumentTypeError(f"there is no role {text[:40]!r}; there are {', '.join(AccessRole)}")
    return role


def _moment(text: str) -> int:
    """Milliseconds since 1970 of a span from now, or of the beginning of a day."""
    if span := _SPAN.fullmatch(text):
        return int(time.time() + int(span[1]) * _SECONDS[span[2]]) * 1000
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no time; write 90d, 12h, 4w or 2030-01-31") from None
