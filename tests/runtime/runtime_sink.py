"""A session's side of one piece of work: what was delivered, and a client that may be slow."""

import asyncio
from collections.abc import Callable
from typing import Any

from voxwire.interfaces.inputs import EngineResult, TurnJudged
from voxwire.runtime.revocable_sink import RevocableSink


class RecordingSink:
    """Implements `voxwire.runtime.contracts.ResultSink`; `results` are without their number."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.numbers: set[int] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.reliefs = 0
        self._arrived = asyncio.Event()
        self.delivery = RevocableSink(self)

    def submit(self, result: EngineResult) -> None:
        self.results.append(result if isinstance(result, TurnJudged) else result.event)
        self.numbers.add(result.number)
        self._arrived.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a result after which this holds."""
        async with asyncio.timeout(10):
            while not holds():
                self._arrived.clear()
                await self._arrived.wait()

    def crash(self, bug: BaseException) -> None:
        raise bug

    async def writable(self) -> None:
        await self.open.wait()

    def relieve(self) -> None:
        self.reliefs += 1

    def all(self, kind: type) -> list[Any]:
        return [result for result in self.results if type(result) is kind]

    @property
    def kinds(self) -> list[str]:
        """Names of the kinds of results, without repeats in a row."""
        names = [type(result).__name__ for result in self.results]
        return [name for name, before in zip(names, [None, *names], strict=False) if name != before]
