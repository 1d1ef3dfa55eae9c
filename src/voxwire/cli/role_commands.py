"""`voxwire keys roles`: roles of those who sign in by tokens of an identity provider."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

from voxwire.auth.management import RoleBook
from voxwire.cli.store_options import BY, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.printing import complain, say
from voxwire.runtime import AccessRole
from voxwire.storage.database import Database
from voxwire.storage.role_assignments import AssigneeKind, RoleAssignment

_HEADINGS: Final = ("id", "kind", "subject", "role")
_SUBJECT: Final = re.compile(r"[!-~]{1,256}", re.ASCII)

#: Adds an action of this name and summary, with the options that all have.
AddAction = Callable[..., argparse.ArgumentParser]


def add_roles(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    add_action: AddAction,
    role: Callable[[str], AccessRole],
) -> None:
    """Add `roles` and its actions; `role` reads the name of one."""
    parser = actions.add_parser("roles", help="roles of those who sign in with tokens (docs/keyless.md)")
    roles = parser.add_subparsers(dest="roles_action", metavar="ACTION", required=True)

    add_action(roles, "list", _list, "who has which role")

    giving = add_action(roles, "give", _give, "give a role to a user, a group or an application")
    giving.add_argument("kind", choices=get_args(AssigneeKind))
    giving.add_argument("subject", metavar="ID", type=_subject, help="its id at the identity provider")
    giving.add_argument("role", metavar="ROLE", type=role)

    taking = add_action(roles, "take", _take, "take roles away")
    taking.add_argument("ids", nargs="+", metavar="ID", help="as `list` shows it")


def _list(args: argparse.Namespace) -> int:
    async def work(database: Database) -> Sequence[RoleAssignment]:
        return await RoleBook(database).assignments.all(args.project)

    found = with_database(args, work)
    if args.json:
        print_json([_fields(assignment) for assignment in found])
    elif not found:
        complain(f"The project {args.project!r} has none.")
    else:
        print_table(_HEADINGS, [(one.id, one.kind, one.subject, one.role) for one in found], wraps=("subject",))
    return 0


def _give(args: argparse.Namespace) -> int:
    async def work(database: Database) -> RoleAssignment:
        return await RoleBook(database).give(
            project=args.project, kind=args.kind, subject=args.subject, role=args.role, by=BY
        )

    given = with_database(args, work)
    if args.json:
        print_json(_fields(given))
    else:
        say(f"{given.id}: {given.kind} {given.subject} is {given.role} of {given.project}")
    return 0


def _take(args: argparse.Namespace) -> int:
    async def work(database: Database) -> None:
        book = RoleBook(database)
        for id in dict.fromkeys(args.ids):
            await book.take(args.project, id, by=BY)
            complain(f"{id} was taken away.")

    with_database(args, work)
    return 0


def _fields(assignment: RoleAssignment) -> dict[str, Any]:
    """As REST shows it."""
    return {
        "id": assignment.id,
        "project": assignment.project,
        "kind": assignment.kind,
        "subject": assignment.subject,
        "role": assignment.role,
        "created_at": assignment.created_at // 1000,
        "created_by": assignment.created_by,
    }


def _subject(text: str) -> str:
    if not _SUBJECT.fullmatch(text):
        raise argparse.ArgumentTypeError("an id has 1 to 256 printable characters of ASCII, without spaces")
    return text
