"""`voxwire usage`: what was used, summed up by day, deployment or principal."""

import argparse
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, TypeVar

from voxwire.cli.store_options import add_store_options, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.errors import ConfigurationError
from voxwire.printing import complain, say
from voxwire.runtime import LOCAL
from voxwire.storage.database import Database
from voxwire.storage.usage import UsageStore, UsageTotals
from voxwire.storage.usage_report import report_span, usage_csv, usage_fields, usage_groups

_Value = TypeVar("_Value")

#: Column and field of the table, which fits 80 columns with all three groups.
_COLUMNS: Final = (
    ("answers", "num_model_requests"),
    ("tokens in", "input_tokens"),
    ("out", "output_tokens"),
    ("audio in", "input_audio_seconds"),
    ("out", "output_audio_seconds"),
)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `usage` to the command line."""
    parser = subparsers.add_parser(
        "usage",
        help="show what was used",
        description="What was used: answers, tokens and seconds of audio. Days are those of UTC.",
        epilog="It is counted while a database exists (docs/storage.md). --json and --csv have all sums, and the "
        "ids of keys.",
    )
    add = parser.add_argument
    add("--from", dest="start", type=_argument(date.fromisoformat, "a day is YYYY-MM-DD"), metavar="DAY")
    add("--to", dest="end", type=_argument(date.fromisoformat, "a day is YYYY-MM-DD"), metavar="DAY")
    add(
        "--by",
        type=_argument(usage_groups, "groups are day, deployment, principal"),
        default=("day",),
        metavar="GROUPS",
        help="day, deployment, principal, separated by commas (day)",
    )
    add("--deployment", metavar="NAME", help="of this deployment alone")
    add("--principal", metavar="ID", help="of this principal alone")
    add("--project", default=LOCAL, metavar="NAME", help=f"of this project ({LOCAL})")
    add("--csv", action="store_true", help="print a table for spreadsheets")
    add_store_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the sums. Raises ConfigurationError, StorageError."""
    since, until = report_span(args.start, args.end)

    async def work(database: Database) -> list[UsageTotals]:
        return await UsageStore(database).totals(
            args.project, since=since, until=until, by=args.by, deployment=args.deployment, principal=args.principal
        )

    found = with_database(args, work)
    if args.json:
        print_json([usage_fields(totals) for totals in found])
    elif args.csv:
        say(usage_csv(found, args.by).rstrip("\r\n"))
    elif not found:
        complain("Nothing was used.")
    else:
        _print(found)
    return 0


def _print(found: Sequence[UsageTotals]) -> None:
    rows = [usage_fields(totals) for totals in found]
    for row in rows:
        if name := row.get("principal_name"):
            row["principal"] = f"{name} (ended)" if row["principal_ended"] else name
    groups = [name for name in ("date", "deployment", "principal") if name in rows[0]]
    lines = [[*(row[name] for name in groups), *(_number(row[field]) for _, field in _COLUMNS)] for row in rows]
    print_table([*groups, *(heading for heading, _ in _COLUMNS)], lines, wraps=("deployment", "principal"))


def _number(value: float) -> str:
    """Tokens as they are, seconds of audio without fractions."""
    return f"{value:,.0f} s" if isinstance(value, float) else f"{value:,}"


def _argument(read: Callable[[str], _Value], complaint: str) -> Callable[[str], _Value]:
    """`read` as argparse wants it."""

    def typed(text: str) -> _Value:
        try:
            return read(text)
        except (ValueError, ConfigurationError):
            raise argparse.ArgumentTypeError(complaint) from None

    return typed
