"""Times in which nobody waits for an answer, and what is done in them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: Work that was pushed aside so often is left: there is too much to do.
_TRIES: Final = 3


class Lulls:
    """Work that gives way: it is done while there is no answer in the making, one piece at a time, and begun anew when
    an answer came between."""

    def __init__(self) -> None:
        self.answers = 0
        """In the making now."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._turn = asyncio.Lock()
        self._working: asyncio.Task[None] | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """An answer is in the making: work stops at once."""
        self.answers += 1
        self._quiet.clear()
        if self._working is not None:
            self._working.cancel()
        try:
            yield
        finally:
            self.answers -= 1
            if not self.answers:
                self._quiet.set()

    async def work(self, piece: Callable[[], Awaitable[None]]) -> None:
        """Do it in the next lull. Cancelling whoever waits stops it. Raises what it raises."""
        for _ in range(_TRIES):
            async with self._turn:
                await self._quiet.wait()
                if await self._done(piece):
                    return

    async def _done(self, piece: Callable[[], Awaitable[None]]) -> bool:
        """Whether it came to its end."""
        working = self._working = asyncio.ensure_future(_run(piece))
        try:
            await asyncio.wait({working})
        finally:
            self._working = None
            if not working.done():  # we are cancelled ourselves
                working.cancel()
                await asyncio.wait({working})
        if working.cancelled():
            return False
        working.result()
        return True


async def _run(piece: Callable[[], Awaitable[None]]) -> None:
    await piece()
