"""One utterance that a worker process recognises: what every native recogniser does in the server's process."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Generic

from voxwire.awake import Deadline
from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe
from voxwire.engines.stt.hearing import Hearing
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.stream import ReplyT, Stream
from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal

#: How long a complete utterance waits for a free worker (ADR 4).
LEASE_S: Final = 10.0
#: Audio decoded in one go: so long waits who has just finished speaking. A rest below half of it goes along: audio
#: comes in little more than this, and to hand over 16 ms costs as much as 240.
_STEP_MS: Final = 240
#: Audio that waits for a worker.
_WAITING_S: Final = 60


class WorkerSttStream(Generic[ReplyT]):
    """An `SttStream`, and a `ProbedSttStream` where the worker answers probes.

    Audio waits here until a worker is free, and goes there in steps, when it is this owner's turn (`Hearing.gate`).
    Errors come out of the iteration alone.
    """

    def __init__(self, pool: WorkerPool[ReplyT], hearing: Hearing, config: SttConfig) -> None:
        loop = asyncio.get_running_loop()
        self._pool = pool
        self._hearing = hearing
        self._config = config
        self._rate = config.rate
        self._claim = config.claim
        self._step = _STEP_MS * config.rate // 1000 * 2
        self._most_waiting = _WAITING_S * 2 * config.rate
        self._waiting = bytearray()
        self._pushed = 0
        self._probes: deque[int] = deque()  # bytes before each
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._committed = False
        self._over = False
        self._limit: Deadline | None = None
        self._lease: asyncio.Future[Stream[ReplyT] | None] = loop.create_future()
        hearing.streams.add(self)
        self._feeder = loop.create_task(self._feed())

    # --- what an engine of its own says ---

    async def opening(self) -> object:
        """The first message to the worker."""
        raise NotImplementedError

    async def answer(self, reply: ReplyT, lease: Stream[ReplyT]) -> SttEvent | None:
        """What a message of the worker is to the listener; None for what is between engine and worker alone."""
        raise NotImplementedError

    # --- SttStream ---

    @property
    def over(self) -> bool:
        """Whether nothing more is to be heard."""
        return self._over or self._feeder.done()

    async def push(self, pcm: bytes) -> None:
        """Hear PCM16 mono. Waits while a minute of audio is waiting for a worker."""
        self._waiting += pcm
        self._pushed += len(pcm)
        self._changed.set()
        while len(self._waiting) > self._most_waiting and not self._over:
            self._taken.clear()
            await self._taken.wait()

    async def probe(self) -> None:
        self._probes.append(self._pushed)
        self._changed.set()

    async def commit(self) -> None:
        self._committed = True
        self._changed.set()
        if self._limit:
            self._limit.restart(LEASE_S)

    async def cancel(self) -> None:
        self._over = True
        self._taken.set()
        self._feeder.cancel()
        if not self._lease.done():
            self._lease.set_result(None)
        elif not self._lease.exception() and (lease := self._lease.result()):
            lease.cancel()

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        lease = await asyncio.shield(self._lease)
        if lease is None:
            return
        try:
            async for reply in lease:
                event = await self.answer(reply, lease)
                if event is not None:
                    yield event
                if isinstance(event, SttFinal) or self._over:
                    return
        finally:
            lease.cancel()
        if not self._over:
            raise EngineError("stt", "engine_failed", "The recogniser ended without a result.")

    # --- inside ---

    async def _feed(self) -> None:
        """Lease a worker, hand it the audio as it comes, then commit."""
        opening = await self.opening()
        try:
            lease = await self._leased()
        except EngineError as error:
            self._over = True
            self._taken.set()
            self._lease.set_exception(error)
            self._lease.exception()  # the iteration raises it, where there is one
            return
        self._lease.set_result(lease)
        await lease.send(opening)
        while self._waiting or self._probes or not self._committed:
            self._changed.clear()
            if self._waiting or self._probes:
                await self._work(lease)
            else:
                await self._changed.wait()
        await self._work(lease)

    async def _work(self, lease: Stream[ReplyT]) -> None:
        """Have a step of the waiting audio decoded, or what was heard read, when it is our turn."""
        gate = self._hearing.gate
        urgent = self._committed or bool(self._probes)
        await gate.enter(self._claim.aside(not urgent))
        began = time.monotonic()
        try:
            request = self._next()
            await lease.send(request)
            await lease.taken()
            if isinstance(request, Audio):
                self._hearing.worked(len(request.pcm) / 2 / self._rate, time.monotonic() - began)
        finally:
            gate.leave()

    def _next(self) -> Audio | Probe | EndOfAudio:
        """The step of audio up to the next probe, then the probe; at the end the commit."""
        size = len(self._waiting)
        if self._probes:
            size -= self._pushed - self._probes[0]
            if not size:
                self._probes.popleft()
                return Probe()
        if 2 * size >= 3 * self._step:
            size = self._step
        if not size:
            return EndOfAudio()
        pcm = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._taken.set()
        return Audio(pcm)

    async def _leased(self) -> Stream[ReplyT]:
        """A worker: before the commit however long it takes, then within a deadline."""
        try:
            async with Deadline(LEASE_S if self._committed else None) as self._limit:
                return await self._pool.lease(None, self._claim)
        except TimeoutError:
            raise self._pool.refusal(LEASE_S) from None
        finally:
            self._limit = None
