"""The table of routes in docs/admin-api.md, from the declarations of the running application.

`python tests/server/admin/route_table.py --write` puts it there.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from voxwire.server.rest import RestRoute

PAGE = Path(__file__).parents[3] / "docs" / "admin-api.md"
MARKS = "<!-- routes: made by tests/server/admin/route_table.py -->\n", "<!-- routes: end -->\n"


def table(declared: Iterable[RestRoute]) -> str:
    """The table, as Markdown."""
    rows = [f"| `{one.method} {one.path}` | {one.summary} | {_asked(one)} |\n" for one in declared]
    return "".join(["| route | what it does | permission |\n| --- | --- | --- |\n", *rows])


def _asked(route: RestRoute) -> str:
    return f"`{route.permission.value}`" if route.permission else "whoever is let in"


def with_table(page: str, made: str) -> str:
    """The page with this table."""
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f"{before}{MARKS[0]}{made}{MARKS[1]}{after}"


def main() -> int:
    from voxwire.server.app import create_app
    from voxwire.testing.fake_service import fake_service
    from voxwire.testing.live_server import settings_for_tests

    page = PAGE.read_text(encoding="utf-8")
    made = with_table(page, table(create_app(settings_for_tests(), fake_service()).state.declared))
    if "--write" in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    return int(made != page and "--write" not in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
