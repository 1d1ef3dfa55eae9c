"""`voxwire reviews`: what checks of the content have found."""

import argparse
from datetime import UTC, datetime
from typing import Any, Final

from voxwire.cli.store_options import BY, add_store_options, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.errors import ConfigurationError
from voxwire.printing import complain, say
from voxwire.runtime import LOCAL
from voxwire.storage.database import Database
from voxwire.storage.reviews import Reviews, StoredReview

_HEADINGS: Final = ("review", "when", "check", "whose", "done", "state")
_STATES: Final = ("open", "confirmed", "dismissed")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `reviews` to the command line."""
    parser = subparsers.add_parser(
        "reviews",
        help="look at what checks of the content have found",
        description="What checks of the content have found, until somebody has looked at it.",
        epilog="docs/monitoring.md says how a server comes to check.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _action(actions, "list", _list, "the newest")
    listing.add_argument("--state", choices=(*_STATES, "all"), default="open", help="open if nothing is said")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="most of them to list (50)")
    showing = _action(actions, "show", _show, "one, with the words around what was found")
    showing.add_argument("id", metavar="ID")
    deciding = _action(actions, "decide", _decide, "say what they were")
    deciding.add_argument("state", choices=("confirmed", "dismissed", "open"))
    deciding.add_argument("ids", nargs="+", metavar="ID")
    deciding.add_argument("--reason", metavar="TEXT", help="why, for the list of decisions")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", default=LOCAL, help=f"of this project ({LOCAL})")
    add_store_options(parser)
    return parser


def _list(args: argparse.Namespace) -> int:
    state = None if args.state == "all" else args.state

    async def work(database: Database) -> list[StoredReview]:
        return await Reviews(database).page(args.project, state=state, limit=max(1, min(args.limit, 1000)))

    found = with_database(args, work)
    if args.json:
        print_json([one.shown() for one in found])
    elif not found:
        complain(f"The project {args.project!r} has none.")
    else:
        rows = [(one.id, _moment(one.created_at), one.check, one.side, one.action, one.state) for one in found]
        print_table(_HEADINGS, rows)
    return 0


def _show(args: argparse.Namespace) -> int:
    async def work(database: Database) -> tuple[StoredReview, str | None] | None:
        return await Reviews(database).find(args.project, args.id)

    found = with_database(args, work)
    if found is None:
        raise _unknown(args.project, args.id)
    review, excerpt = found
    if args.json:
        print_json({**review.shown(), "excerpt": excerpt})
        return 0
    for name, value in review.shown().items():
        if value is not None:
            say(f"{name}: {value}")
    if excerpt is not None:
        say(f"excerpt: {excerpt!r}")
    return 0


def _decide(args: argparse.Namespace) -> int:
    async def work(database: Database) -> None:
        for id in dict.fromkeys(args.ids):
            if not await Reviews(database).decide(args.project, id, args.state, by=BY, reason=args.reason):
                raise _unknown(args.project, id)
            complain(f"{id} is {args.state}.")

    with_database(args, work)
    return 0


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _unknown(project: str, id: str) -> ConfigurationError:
    return ConfigurationError(f"The project {project!r} has no review {id[:80]!r}.")
