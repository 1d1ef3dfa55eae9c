"""The end of a task that writes what still waits."""

import asyncio
import contextlib
from typing import Final

#: How long the last writes may take when the server stops, in seconds.
_FAREWELL_S: Final = 5.0


async def last_writes(task: asyncio.Task[None]) -> None:
    """Let the task come to its end, and cancel it where the database takes too long."""
    done, _ = await asyncio.wait([task], timeout=_FAREWELL_S)
    if not done:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
