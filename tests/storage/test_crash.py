"""A process that is killed, with nothing left to do for it, loses a quarter of a second of usage and no more."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from voxwire.storage.database import Database
from voxwire.storage.schema import usage_table
from voxwire.storage.usage_writer import FLUSH_S

#: What a busy machine may take to write a batch.
_SLACK_MS = 1000


def records_until_killed() -> list[tuple[int, int]]:
    """Numbers and times (in milliseconds) of the records that a process has put before it was killed."""
    program = Path(__file__).with_name("usage_until_killed.py")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        began = time.monotonic()
        while time.monotonic() < began + 2:
            lines.append(process.stdout.readline())
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(number), int(at)) for number, at in whole]


async def test_a_kill_loses_the_last_moment_of_usage_alone(database: Database) -> None:
    async with database.write():
        pass
    await database.close()
    said = await asyncio.to_thread(records_until_killed)
    due = [number for number, at in said if at < said[-1][1] - FLUSH_S * 1000 - _SLACK_MS]
    assert len(due) > 20
    async with database.read() as connection:
        stored = (await connection.scalars(select(usage_table.c.number).order_by(usage_table.c.number))).all()
        responses = await connection.scalar(select(func.count(usage_table.c.response.distinct())))
    assert stored[-1] >= due[-1]
    # All of them, each once, without a gap.
    assert list(stored) == list(range(1, len(stored) + 1))
    assert responses == len(stored)
