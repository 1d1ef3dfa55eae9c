"""Our own `rt-client` for JavaScript: its package's suites, with the quickstarts as their users install them."""

from collections.abc import Callable

import pytest
from client_environment import ROOT
from node_environment import package_version, packages, run_script

PACKAGE = ROOT / "clients" / "javascript"
JAVASCRIPT, TYPESCRIPT = (ROOT / "examples" / "quickstart" / language for language in ("javascript", "typescript"))

CLIENT = "`rt-client` for JavaScript (ours)"
#: What `test/live/conversation.test.js` does in either dialect at Azure's address; at OpenAI's it does the first.
EXERCISED = ("text_turn", "spoken_turn", "spoken turn without VAD", "tool_round_trip", "cancel", "barge-in")

# Whole suites: they take 15 and 90 seconds on two cores at rest. Node ends a file that takes much longer.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_package() -> None:
    await run_script("test", PACKAGE)


async def test_conversations_and_quickstarts(exercised: Callable[..., None]) -> None:
    version = package_version("rt-client", JAVASCRIPT)
    for dialect in ("GA", "preview"):
        exercised(CLIENT, version, dialect, "text_turn")
        for flow in EXERCISED:
            exercised(CLIENT, version, f"{dialect}, Azure's address", flow)
    packages(TYPESCRIPT)
    await run_script("test:live", PACKAGE)
