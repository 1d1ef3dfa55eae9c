"""All worker processes of one kind: leases, replacement, end."""

import asyncio
import itertools
import logging
import os
from typing import Any, Final, Generic

import msgspec

from voxwire.awake import Deadline
from voxwire.engines.worker.process import WorkerProcess, WorkerSpec
from voxwire.engines.worker.stream import ReplyT, Stream
from voxwire.engines.worker.turns import Turns
from voxwire.errors import ConfigurationError, EngineBusy, EngineDied, EngineError
from voxwire.interfaces.engine import ANYBODY, Claim
from voxwire.log_context import nobodys

_log = logging.getLogger(__name__)
#: Pauses before each attempt to replace a worker, in seconds; the last one repeats.
_RETRY_S: Final = (0.0, 0.2, 1.0, 5.0)


def default_size() -> int:
    """Processes in a pool unless told otherwise: one a core, at least 1, at most 4 (ADR 4)."""
    return max(1, min(4, os.cpu_count() or 1))


#: How many processes like this one the server has.
_sharing = 1


def divide_processes(sharing: int) -> None:
    """This process is one of so many of a server, which all have the same pools: each gets its part of the worker
    processes of a pool, at least one. To be called before pools are made."""
    global _sharing
    _sharing = sharing


class WorkerPool(Generic[ReplyT]):
    """Worker processes of one kind.

    `start()` returns when all are warm. A worker that dies is replaced; its streams fail at once with
    EngineDied. Those who wait for a lease take turns (`Turns`).
    """

    def __init__(self, spec: WorkerSpec, decoder: msgspec.msgpack.Decoder[ReplyT], *, size: int | None = None) -> None:
        self.spec = spec
        self._decoder = decoder
        self._size = -(-(size or default_size()) // _sharing)
        self._workers: list[WorkerProcess[ReplyT]] = []
        self._waiting: Turns[asyncio.Future[Stream[ReplyT]]] = Turns()
        self._replacing: set[asyncio.Task[None]] = set()
        self._trouble: str | None = None
        self._running = False

    @property
    def size(self) -> int:
        """How many workers there should be, in this process."""
        return self._size

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the warm workers."""
        return tuple(worker.pid for worker in self._workers if worker.warm)

    @property
    def description(self) -> Any:
        """What the service says about itself; None before `start()`."""
        return next((worker.description for worker in self._workers if worker.warm), None)

    async def start(self) -> None:
        """Start every worker. Raises ConfigurationError or EngineError; then nothing is left running."""
        if self._running:
            return
        self._running = True
        try:
            # One first: what is missing shows once, and the others find the model files in the page cache.
            await self._add()
            await asyncio.gather(*(self._add() for _ in range(self._size - 1)))
        except BaseException:
            await self.close()
            raise

    async def lease(self, deadline_s: float | None, claim: Claim = ANYBODY) -> Stream[ReplyT]:
        """A stream of its own. Drain it or cancel it: then its place is free again.

        None waits as long as it takes. Raises EngineBusy when every place stayed taken until the
        deadline, EngineDied when no worker lived at the end of it or the pool is closed.
        """
        if not self._running:
            raise EngineDied(self.spec.stage, f"{self.spec.name}, not running")
        place: asyncio.Future[Stream[ReplyT]] = asyncio.get_running_loop().create_future()
        self._waiting.add(claim, place)
        self._grant()
        try:
            async with Deadline(deadline_s):
                return await place
        except BaseException as error:
            self._waiting.remove(claim, place)
            if place.done() and not place.cancelled() and not place.exception():
                place.result().cancel()  # granted in the very moment in which we gave up
            if isinstance(error, TimeoutError):
                raise self.refusal(deadline_s or 0.0) from None
            raise

    def refusal(self, waited_s: float) -> EngineError:
        """Why there was no place: all taken, or no worker alive."""
        if self.pids:
            return EngineBusy(self.spec.stage, waited_s)
        return EngineDied(self.spec.stage, f"{self.spec.name} does not start, {self._trouble}")

    async def close(self) -> None:
        """End every process; returns when they are gone. Idempotent."""
        self._running = False
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        while self._waiting:
            place = self._waiting.take()
            if not place.done():
                place.set_exception(EngineDied(self.spec.stage, f"{self.spec.name}, closed"))
        await asyncio.gather(*(worker.close() for worker in list(self._workers)))

    # --- inside ---

    def _grant(self) -> None:
        """Give free places to those who wait, the least loaded worker first.

        Of several places the last free one is not for work in the background: a synthesiser needs some tenths
        of a second for a long sentence, and who waits for a first sound should find a place.
        """
        while self._waiting:
            worker = max(self._workers, key=lambda worker: worker.free, default=None)
            if worker is None or not worker.free:
                return
            if not self._waiting.urgent and self._is_last_place():
                return
            place = self._waiting.take()
            if not place.done():
                place.set_result(worker.open())

    def _is_last_place(self) -> bool:
        """Whether one place alone is free, of several."""
        warm = [worker for worker in self._workers if worker.warm]
        return len(warm) * self.spec.capacity > 1 and sum(worker.free for worker in warm) == 1

    def _wanted(self) -> bool:
        return any(not place.done() for place in self._waiting)

    async def _add(self) -> None:
        worker = WorkerProcess(self.spec, self._decoder, freed=self._grant, ended=self._lost, wanted=self._wanted)
        self._workers.append(worker)
        try:
            await worker.start()
        except BaseException:
            await worker.close()
            if worker in self._workers:
                self._workers.remove(worker)
            raise

    def _lost(self, worker: WorkerProcess[ReplyT]) -> None:
        """A child ended. One that never became warm is the business of `_add`."""
        if not worker.warm:
            return
        self._workers.remove(worker)
        if self._running:
            task = asyncio.get_running_loop().create_task(self._replace(), context=nobodys())
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    async def _replace(self) -> None:
        for attempt in itertools.count():
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            try:
                await self._add()
            except (EngineError, ConfigurationError) as error:
                self._trouble = str(error)
                _log.error("worker %s cannot be replaced: %s", self.spec.name, error)
            else:
                return
