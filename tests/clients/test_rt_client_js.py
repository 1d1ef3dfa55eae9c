"""Our own `rt-client` for JavaScript: its package's suites, with the quickstarts as their users install them."""

import pytest
from client_environment import ROOT
from node_environment import packages, run_script

PACKAGE = ROOT / "clients" / "javascript"
QUICKSTARTS = [ROOT / "examples" / "quickstart" / language for language in ("javascript", "typescript")]


# A suite whose tests have a minute each: together they take about 70 seconds on two cores at rest.
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("suite", ["test", "test:live"])
async def test_suite(suite: str) -> None:
    for folder in QUICKSTARTS:
        packages(folder)
    await run_script(suite, PACKAGE)
