"""A client that is not installed is a failure that says what to do."""

import pytest
from client_environment import run_program


async def test_missing_environment() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"^The environment of the client x is missing\. Run \./test"):
        await run_program("x", "openai_preview.py", variables={})
