"""A program for a test: puts a record every few milliseconds, says so, and goes on until it is killed."""

import asyncio
import sys
import time

from voxwire.config import load_settings
from voxwire.storage.database import Database
from voxwire.storage.usage import UsageStore
from voxwire.storage.usage_row import UsageRow
from voxwire.storage.usage_writer import UsageWriter


async def main() -> None:
    database = Database(load_settings().storage)
    # A server has opened it when its first session begins.
    await UsageStore(database).totals("local", since=0, until=1)
    writer = UsageWriter(database)
    async with writer.running():
        number = 0
        while True:
            number += 1
            at = int(time.time() * 1000)
            row = UsageRow(
                at=at, project="local", principal="p", deployment="d", session="s", response=f"resp_{number}"
            )
            writer.put(row)
            # What is said was put: the line may be lost with the process, the record not before it.
            sys.stdout.write(f"{number} {at}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.005)


asyncio.run(main())
