"""Waiting for what a framework tells in pieces."""

import asyncio
from collections.abc import Callable

from realtime_flows import PATIENCE_S


class News:
    """Whoever learns something says `spread()`; who waits looks again then."""

    def __init__(self) -> None:
        self._spread = asyncio.Event()

    def spread(self) -> None:
        self._spread.set()

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Raises AssertionError when it has not come so far for long."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    self._spread.clear()
                    await self._spread.wait()
        except TimeoutError:
            raise AssertionError(f"Waited in vain for {what}.") from None
