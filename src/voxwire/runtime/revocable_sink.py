"""The way of one piece of work's results to its session."""

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

    async def writable(self) -> None:
        """Wait until every speaker can take more."""
        await self._sink.writable()

    def relieve(self) -> None:
        """Some audio was worked off: readers that wait may look again."""
        self._sink.relieve()
