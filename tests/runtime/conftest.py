"""What holds for every test of the runtime."""

import pytest


@pytest.fixture(autouse=True)
def nothing_blocks(unblocked_loop: None) -> None:
    """Nothing here may block the event loop."""
