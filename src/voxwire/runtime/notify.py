"""Waking those who wait for a condition to change.

Each session has some of these, and most never have anybody who waits. They weigh less than 200 bytes each: an
`asyncio.Event` weighs 800, for an empty deque takes as much as one with sixty.
"""

import asyncio


class Notify:
    """A condition variable without a lock, for one event loop.

    Waiters test their own condition in a loop: `while not ready(): await notify.wait()`. `wake` costs
    nothing while nobody waits, so it may be called for every piece of work done.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

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
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:  # cancelled
                self._waiters.remove(waiter)


class Flag:
    """What is so or is not, and can be waited for: an `asyncio.Event`, apart from its weight."""

    __slots__ = ("_changed", "_set")

    def __init__(self, *, is_set: bool = False) -> None:
        self._set = is_set
        self._changed = Notify()

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        self._changed.wake()

    def clear(self) -> None:
        self._set = False

    async def wait(self) -> None:
        """Return once it is set, and still is."""
        while not self._set:
            await self._changed.wait()
