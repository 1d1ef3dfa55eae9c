"""How long an endpoint may keep somebody waiting."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from voxwire.engines.remote.endpoint_failures import Failures

_T = TypeVar("_T")


class Patience:
    """Counts the time spent waiting for the endpoint since its last sign of life, and only that: a listener who is slow
    costs the endpoint nothing."""

    def __init__(self, first_s: float, idle_s: float, failures: Failures) -> None:
        """`first_s` holds until the first sign of life, `idle_s` from then on."""
        self._failures = failures
        self._limit = first_s
        self._idle_s = idle_s
        self._waited = 0.0
        self.total_s = 0.0

    async def wait(self, work: Awaitable[_T]) -> _T:
        """Await something of the endpoint. Raises EngineError (`…_timeout`) when it has been silent for too long."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with asyncio.timeout(max(self._limit - self._waited, 0.0)):
                return await work
        except TimeoutError:
            raise self._failures.silent(self._limit) from None
        finally:
            waited = clock.time() - began
            self._waited += waited
            self.total_s += waited

    def renew(self, limit_s: float | None = None) -> None:
        """A sign of life came."""
        self._limit = self._idle_s if limit_s is None else limit_s
        self._waited = 0.0
