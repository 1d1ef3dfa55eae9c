"""The tasks that one session owns.

`asyncio.TaskGroup` would cancel the transport's reader when a child fails and wrap its exceptions;
here a failing child ends the session in words (close code 1011) and the reader leaves by itself.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Final

logger = logging.getLogger(__name__)

#: Engines stop within 100 ms by contract; past this, one is broken and is left behind, loudly.
CLEANUP_SECONDS: Final = 5.0


def release(error: BaseException) -> None:
    """Empty the functions that this exception has ended, those in the exceptions of a group too.

    Their variables hold audio and sessions. `asyncio.TaskGroup` keeps the exception itself in one of its own
    until Python 3.13, so that without this only a full collection would free them.
    """
    traceback.clear_frames(error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            release(inner)


class Tasks:
    """Spawn, cancel, and wait; an exception that escapes a task goes to `on_crash`."""

    def __init__(self, on_crash: Callable[[BaseException], None]) -> None:
        self._on_crash = on_crash
        # An input may come from anywhere, such as the speech detection of all: the work it sets off is the owner's.
        self._context = copy_context()
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def context(self) -> Context:
        """A copy of the context in which the owner was made; each task runs in one."""
        return self._context.copy()

    def spawn(self, work: Coroutine[Any, Any, None], name: str, context: Context | None = None) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name, context=context or self.context)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        try:
            task.result()
        except asyncio.CancelledError as end:
            release(end)
        except BaseException as bug:
            self._on_crash(bug)
            release(bug)

    async def close(self) -> None:
        """Cancel what runs and wait for its cleanup, for at most `CLEANUP_SECONDS`."""
        running = tuple(self._running)
        for task in running:
            if not task.cancelling():  # a second cancel would interrupt the cleanup of the first
                task.cancel()
        if running:
            _, stuck = await asyncio.wait(running, timeout=CLEANUP_SECONDS)
            for task in stuck:
                logger.error("task %s did not end within %.0f s of being cancelled", task.get_name(), CLEANUP_SECONDS)
