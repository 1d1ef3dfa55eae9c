"""Waking those who wait for a condition to change."""

import asyncio


class Notify:
    """A condition variable without a lock, for one event loop.

    Waiters test their own condition in a loop: `while not ready(): await notify.wait()`. `wake` costs
    nothing while nobody waits, so it may be called for every piece of work done.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def wake(self) -> None:
        """Let everybody who waits now look again."""
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    async def wait(self) -> None:
        """Return at the next `wake`."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
