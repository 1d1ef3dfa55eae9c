"""The way of one piece of work's results to its session."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from voxwire.interfaces.inputs import EngineResult
from voxwire.runtime.contracts import ResultSink


class RevocableSink:
    """Open until the work is cancelled; from then on nothing passes, whatever an engine still yields."""

    __slots__ = ("_open", "_sink")

    def __init__(self, sink: ResultSink) -> None:
        self._sink = sink
        self._open = True

    def submit(self, result: EngineResult) -> None:
        if self._open:
            self._sink.submit(result)

    def shut(self) -> None:
        self._open = False

    async def deliver(self, result: EngineResult) -> None:
        """Hand over one of several results, and let the loop go on in between.

        An engine that has all its audio at hand would not let the writer send any of it before the last: with instant
        engines the first delta left 1.7 ms late.
        """
        await self.writable()
        self.submit(result)
        await asyncio.sleep(0)

    def writable(self) -> Coroutine[Any, Any, None]:
        """Wait until every speaker can take more."""
        return self._sink.writable()

    def relieve(self) -> None:
        """Some audio was worked off: readers that wait may look again."""
        self._sink.relieve()
