"""docs/admin-api.md has every route that the server has."""

from echo_service import EchoService
from route_table import PAGE, table, with_table

from voxwire.server.app import create_app
from voxwire.testing.live_server import settings_for_tests


def test_the_page_has_the_routes_of_the_server() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = with_table(page, table(create_app(settings_for_tests(), EchoService()).state.declared))
    assert made == page, "docs/admin-api.md: python tests/server/admin/route_table.py --write"
