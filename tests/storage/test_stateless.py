"""A server without state does without SQLAlchemy, and takes no time to import it."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
from voxwire.testing.live_server import served

async def main():
    async with served():
        {meanwhile}

asyncio.run(main())
print(*(name for name in {heavy} if name in sys.modules))
"""
HEAVY = ("sqlalchemy", "alembic", "aiosqlite", "asyncpg")
#: Answers, and records of what they use.
STORES = """
        from voxwire.config import load_settings
        from voxwire.storage.database import Database
        async with Database(load_settings().storage).write(): pass
"""


@pytest.mark.parametrize(("meanwhile", "loaded"), [("pass", ""), (STORES.strip(), "sqlalchemy alembic aiosqlite")])
def test_what_a_server_imports(meanwhile: str, loaded: str) -> None:
    program = PROGRAM.format(meanwhile=meanwhile, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == loaded
