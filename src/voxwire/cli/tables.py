"""Tables: on a terminal they wrap to its width, elsewhere they are plain lines of columns, which are not cut."""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from voxwire.printing import say


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, wraps: Collection[str] = ()) -> None:
    """Print rows below their headings. Only columns named in `wraps` are broken into lines: all else may be copied from
    here, and is never cut."""
    if sys.stdout.isatty():
        try:
            from rich.console import Console
            from rich.table import Table
        except ImportError:
            pass
        else:
            table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
            for heading in headings:
                broken = heading in wraps
                table.add_column(heading, no_wrap=not broken, min_width=12 if broken else None)
            for row in rows:
                table.add_row(*row)
            Console().print(table)
            return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for line in [headings, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_json(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print a value for programs."""
    say(json.dumps(value, indent=2))
