"""Each route asks for a permission: a real server is asked each of them with a key of each role."""

import pytest
from permission_matrix import PAGE, ask_all, table, written

from voxwire.testing.live_server import settings_for_tests


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """Keys are made in the loop of the server."""


async def test_the_page_says_who_may_what() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = written(page, table(await ask_all(settings_for_tests())))
    assert made == page, "docs/keys.md: python tests/server/admin/permission_matrix.py --write"
