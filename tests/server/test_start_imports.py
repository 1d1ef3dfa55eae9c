"""What a server without state does not import: it takes a moment, and is not needed."""

import subprocess
import sys

PROGRAM = """
import asyncio, sys
from voxwire.server.app import create_app
from voxwire.server.net.run import running
from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import settings_for_tests

async def main():
    settings = settings_for_tests()
    async with running(create_app(settings, fake_service()), settings):
        pass

asyncio.run(main())
print(*sorted({"sqlalchemy", "alembic", "joserfc", "aiosqlite"} & set(sys.modules)))
"""


def test_a_server_without_state_brings_no_database_and_no_tokens() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr
