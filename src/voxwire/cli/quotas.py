"""`voxwire quotas`: how much a deployment, a key or a principal may use."""

import argparse
from collections.abc import Sequence
from typing import Any, Final, get_args

from voxwire.cli.store_options import BY, add_store_options, store_settings, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.config import QuotaLimits, checked_name
from voxwire.printing import complain
from voxwire.quotas.management import QuotaBook
from voxwire.runtime import LOCAL
from voxwire.storage.database import Database
from voxwire.storage.known_deployments import KnownDeployments
from voxwire.storage.quotas import QuotaKind, StoredQuota

_LIMITS: Final = tuple(QuotaLimits.model_fields)
_HEADINGS: Final = ("kind", "subject", "sessions", "requests/min", "tokens/min", "audio s/day")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `quotas` to the command line."""
    parser = subparsers.add_parser(
        "quotas",
        help="say how much a deployment, a key or a principal may use",
        description="Quotas of single deployments, keys and principals, in place of those of the settings. A server "
        "that runs knows of a change within a second; it holds for running sessions, too.",
        epilog="docs/quotas.md says what counts.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    _action(actions, "list", _list, "which quotas were set")

    setting = _action(actions, "set", _set, "set a quota; a limit that is left out is none")
    _which(setting)
    for name in _LIMITS:
        described = QuotaLimits.model_fields[name].description or ""
        setting.add_argument(
            f"--{name.replace('_', '-')}", type=_number, metavar="N", help=described.rstrip(".").lower()
        )

    removing = _action(actions, "remove", _remove, "remove a quota: the settings hold again")
    _which(removing)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", type=_name, default=LOCAL, help=f"whose quotas they are ({LOCAL})")
    add_store_options(parser)
    return parser


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=get_args(QuotaKind))
    parser.add_argument("subject", metavar="NAME", type=_name, help="of the deployment or key, or id of the principal")


def _book(args: argparse.Namespace, database: Database) -> QuotaBook:
    return QuotaBook(database, KnownDeployments(store_settings(args).deployments, database))


def _list(args: argparse.Namespace) -> int:
    async def work(database: Database) -> Sequence[StoredQuota]:
        return await _book(args, database).quotas.all(args.project)

    found = with_database(args, work)
    if args.json:
        print_json([_fields(quota) for quota in found])
    elif not found:
        complain(f"The project {args.project!r} has none of its own: those of the settings hold.")
    else:
        print_table(_HEADINGS, list(map(_row, found)), wraps=("subject",))
    return 0


def _set(args: argparse.Namespace) -> int:
    limits = QuotaLimits(**{name: getattr(args, name) for name in _LIMITS})

    async def work(database: Database) -> StoredQuota:
        return await _book(args, database).put(args.project, args.kind, args.subject, limits, by=BY)

    quota = with_database(args, work)
    if args.json:
        print_json(_fields(quota))
    else:
        print_table(_HEADINGS, [_row(quota)], wraps=("subject",))
    return 0


def _remove(args: argparse.Namespace) -> int:
    async def work(database: Database) -> None:
        await _book(args, database).remove(args.project, args.kind, args.subject, by=BY)

    with_database(args, work)
    complain(f"The quota of the {args.kind} {args.subject} was removed.")
    return 0


def _row(quota: StoredQuota) -> tuple[str, ...]:
    return quota.kind, quota.subject, *(str(quota.limits.get(name, "-")) for name in _LIMITS)


def _fields(quota: StoredQuota) -> dict[str, Any]:
    """As REST shows it."""
    return {
        **{name: quota.limits.get(name) for name in _LIMITS},
        "project": quota.project,
        "kind": quota.kind,
        "subject": quota.subject,
        "updated_at": quota.updated_at // 1000,
        "updated_by": quota.updated_by,
    }


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:20]) <= 10**12:
        raise argparse.ArgumentTypeError("a limit is a whole number, from 1 on")
    return int(text)
