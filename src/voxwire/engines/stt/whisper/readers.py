"""The worker processes of a model: one reading after the other, whose turn it is, and how many can be followed.

A worker is leased for a reading, not for an utterance: a person who speaks needs one for a tenth of a second, twice a
second. A reading cannot be interrupted. It is short, and one that nobody waits for any more frees its place at its end.
"""

import time
from collections.abc import Callable
from typing import Final
from weakref import WeakSet

import msgspec

from voxwire.engines.stt.hearing import Listening
from voxwire.engines.stt.whisper.messages import Read, SpeechReading, WhisperInfo
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.errors import EngineDied, EngineError
from voxwire.interfaces.engine import Claim

#: How long an utterance that is complete waits for its turn (ADR 4).
_LEASE_S: Final = 10.0
#: The share of the workers that may be spoken for, and the weight of a reading in the measure of what one takes.
_SHARE: Final = 0.8
_LEARNING: Final = 0.1
#: An utterance is taken to last so long: it is read to the end once, and once for a draft.
_UTTERANCE_S: Final = 3.0

_READINGS: Final = msgspec.msgpack.Decoder(SpeechReading)


class Readers:
    """A pool of workers, and who speaks to it. `partial_ms` lie between two readings while somebody speaks."""

    def __init__(self, spec: WorkerSpec, size: int, partial_ms: int) -> None:
        self.pool: WorkerPool[SpeechReading] = WorkerPool(spec, _READINGS, size=size)
        self.streams: WeakSet[Listening] = WeakSet()
        self._size = size
        self._partial_s = partial_ms / 1000
        self._reading_s = 0.1
        self._waiting: dict[object, float] = {}

    async def start(self) -> WhisperInfo:
        """Raises ConfigurationError or EngineError."""
        await self.pool.start()
        info = msgspec.convert(self.pool.description, WhisperInfo)
        self._reading_s = info.reading_s
        return info

    async def close(self) -> None:
        await self.pool.close()

    async def read(self, request: Callable[[], Read], claim: Claim, *, awaited: bool) -> SpeechReading:
        """What a worker makes of the request, which is asked for when there is one.

        `awaited`: somebody waits for it. It comes before what is not, and is given up after some seconds. Where the
        worker dies, another one tries once more. Raises EngineError.
        """
        claim = claim.aside(not awaited)
        try:
            return await self._read(request, claim, awaited)
        except EngineDied:
            return await self._read(request, claim, awaited)

    async def _read(self, request: Callable[[], Read], claim: Claim, awaited: bool) -> SpeechReading:
        ticket = object()
        if awaited and not claim.background:
            self._waiting[ticket] = time.monotonic()
        try:
            lease = await self.pool.lease(_LEASE_S if awaited else None, claim)
        finally:
            self._waiting.pop(ticket, None)
        began = time.monotonic()
        try:
            await lease.send(request())
            async for reading in lease:
                self._reading_s += _LEARNING * (time.monotonic() - began - self._reading_s)
                return reading
        finally:
            lease.cancel()
        raise EngineError("stt", "engine_failed", "The recogniser ended without a result.")

    def hearing(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        # Where many speak at once, what nobody waits for is read half as often.
        a_second = (0.5 / self._partial_s if self._partial_s else 0) + 2 / _UTTERANCE_S
        capacity = self._size * _SHARE / (self._reading_s * a_second)
        late_s = time.monotonic() - min(self._waiting.values()) if self._waiting else 0.0
        return sum(not stream.over for stream in self.streams), max(1.0, capacity), late_s
