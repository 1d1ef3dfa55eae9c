"""A client that is not installed is a failure that says what to do."""

import pytest
from client_environment import PROGRAMS, run_program
from node_environment import run_node


async def test_missing_environment() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"^The environment of the client x is missing\. Run \./test"):
        await run_program("x", "openai_preview.py", variables={})


async def test_missing_packages() -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"^The npm packages of tests/clients/programs are missing\. Run \./test"
    ):
        await run_node(PROGRAMS / "x.js", variables={})
