"""The parent of the workers: starts them, opens the doors, replaces who dies, and ends all."""

import asyncio
import contextlib
import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from voxwire.auth import IdentitySecrets
from voxwire.config import Settings
from voxwire.errors import ConfigurationError, VoxwireError
from voxwire.server.announcement import Announced
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import silence_s
from voxwire.server.net.stop_signals import means_at_once, stop_signals
from voxwire.server.workers.doors import Doors
from voxwire.server.workers.forwarding import FORWARDED
from voxwire.server.workers.switchboard import Switchboard
from voxwire.server.workers.worker_process import ServerWorker
from voxwire.server.workers.worker_start import BUILD, WorkerStart

logger = logging.getLogger("voxwire.server")

#: Pauses before a worker is replaced, in seconds, for each time in a row that one has not lived long; the last one
#: repeats.
_RETRY_S: Final = (0.0, 0.5, 2.0, 5.0, 15.0, 30.0)
#: A worker that lives so long has got over what its predecessors died of; seconds.
_LONG_S: Final = 60.0
#: So many in a row, and no other one alive: who supervises the server may know better.
_GIVE_UP: Final = 8
#: A signal handler only notes the signal: the loop looks as often as this, in seconds.
_TICK_S: Final = 0.1
#: What workers may need beside the time that sessions are given, and after a second signal, before they are killed;
#: seconds.
_GRACE_S: Final = 45.0
_FORCED_S: Final = 15.0


def run_workers(
    settings: Settings,
    listener: NetworkListener,
    on_listening: Callable[[Announced], None],
    *,
    program: str,
    identity: IdentitySecrets,
    build: str = BUILD,
) -> None:
    """Run `settings.server.workers` workers behind `listener` until a signal ends them; `on_listening` is called once
    clients may come. `program` is the module that a worker runs, `identity` what a development identity signs with.

    To be called in the main thread of a process that ends then: further signals to stop are ignored. Raises what a
    worker says that does not start.
    """
    make = _starts(settings, listener, identity, build)
    noted: list[int] = []
    with stop_signals(lambda number, frame: noted.append(number)):
        asyncio.run(Conductor(settings, listener, make, program, noted).run(on_listening))


def _starts(
    settings: Settings, listener: NetworkListener, identity: IdentitySecrets, build: str
) -> Callable[[int], WorkerStart]:
    began, root = int(time.time()), secrets.token_bytes(32)
    return lambda number: WorkerStart(
        number=number,
        settings=settings,
        host=listener.host,
        port=listener.port,
        began=began,
        identity=identity,
        signing_root=root,
        build=build,
    )


class Conductor:
    """`make` gives what a worker of a number starts with; `signals` are those that came, and are taken out."""

    def __init__(
        self,
        settings: Settings,
        listener: NetworkListener,
        make: Callable[[int], WorkerStart],
        program: str,
        signals: list[int],
    ) -> None:
        self._settings = settings.server
        self._listener = listener
        self._make = make
        self._program = program
        self._signals = signals
        self._workers: dict[int, ServerWorker] = {}
        self._switchboard = Switchboard(self._settings.max_sessions, self._settings.workers, self._all)
        self._born: dict[str, float] = {}
        self._short_lives: dict[int, int] = {}
        self._replacing: set[asyncio.Task[None]] = set()
        self._failure: VoxwireError | None = None
        self._listening = False
        self._stopped_by: int | None = None
        self._stopped_at = 0.0
        listener.bound_silence(silence_s(settings))

    async def run(self, on_listening: Callable[[Announced], None]) -> None:
        """Until all workers have ended. Raises what keeps them from starting."""
        doors = Doors(self._listener.sockets, self._ready)
        try:
            await asyncio.gather(*map(self._launch, range(1, self._settings.workers + 1)))
            while not self._over():
                while self._signals:
                    self._signalled(self._signals.pop(0))
                if self._may_listen():
                    self._listen(doors, on_listening)
                await asyncio.sleep(_TICK_S)
        finally:
            doors.close()
            self._listener.close()
            await self._end()
        if self._failure is not None:
            raise self._failure

    def _over(self) -> bool:
        return self._failure is not None or (self._stopped_by is not None and not self._workers)

    def _may_listen(self) -> bool:
        waits = not self._listening and self._stopped_by is None
        return waits and len(list(self._ready())) == self._settings.workers

    def _listen(self, doors: Doors, on_listening: Callable[[Announced], None]) -> None:
        try:
            doors.open()
        except OSError as error:
            raise self._listener.refusal(error) from None
        self._listening = True
        on_listening(Announced(**self._workers[1].facts))

    def _all(self) -> Iterator[ServerWorker]:
        return iter(tuple(self._workers.values()))

    def _ready(self) -> Iterator[ServerWorker]:
        return (worker for worker in self._all() if worker.ready)

    # --- life of a worker ---------------------------------------------------------------------------

    async def _launch(self, number: int) -> None:
        worker = self._workers[number] = ServerWorker(self._make(number))
        self._born[worker.name] = asyncio.get_running_loop().time()
        await worker.launch(
            self._program, self._switchboard.handlers(worker.name, worker), self._changed, self._forward
        )
        if self._stopped_by is not None:
            worker.tell("signal", self._stopped_by)

    def _changed(self, worker: ServerWorker) -> None:
        """A worker is ready, or gone."""
        if not worker.ended.done():
            logger.info("worker %d (pid %d) is ready", worker.number, worker.pid)
            if self._switchboard.full:
                worker.tell("full", True)
            return
        del self._workers[worker.number]
        self._switchboard.gone(worker.name)
        lived = asyncio.get_running_loop().time() - self._born.pop(worker.name)
        if self._stopped_by is not None or self._failure is not None:
            return
        how = worker.ended.result() if worker.failure is None else worker.failure[1]
        if not self._listening:
            self._failure = _why_not(worker, how)
            return
        short = 1 if lived >= _LONG_S else self._short_lives.get(worker.number, 0) + 1
        self._short_lives[worker.number] = short
        if short > _GIVE_UP and not self._workers:
            self._failure = VoxwireError(f"No worker stays alive; the last one ended after {lived:.0f} s: {how}")
            return
        pause_s = _RETRY_S[min(short, len(_RETRY_S)) - 1]
        logger.error("worker %d ended, and its sessions with it: %s; replaced in %.1f s", worker.number, how, pause_s)
        task = asyncio.create_task(self._replace(worker.number, pause_s), name=f"replace worker {worker.number}")
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, number: int, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        await self._launch(number)

    def _forward(self, connection: socket.socket, number: int) -> None:
        """A connection that a worker has, for the worker of this number."""
        with contextlib.closing(connection):
            worker = self._workers.get(number)
            if worker is not None and worker.ready:
                worker.take(connection, FORWARDED)

    # --- the end ------------------------------------------------------------------------------------

    def _signalled(self, number: int) -> None:
        """What a signal means each worker knows; those that do not end in time are killed."""
        loop = asyncio.get_running_loop()
        if self._stopped_by is None:
            self._stopped_at = loop.time()
            patience_s = self._settings.drain_s + self._settings.drain_spread_s if number == signal.SIGTERM else 0.0
            loop.call_later(patience_s + _GRACE_S, self._kill)
        elif means_at_once(number, loop.time() - self._stopped_at):
            loop.call_later(_FORCED_S, self._kill)
        self._stopped_by = number
        for task in self._replacing:
            task.cancel()
        for worker in self._all():
            worker.tell("signal", number)

    def _kill(self) -> None:
        for worker in self._all():
            logger.error("worker %d (pid %d) does not end; it is killed", worker.number, worker.pid)
            worker.kill()

    async def _end(self) -> None:
        """Nobody is left behind, however this came."""
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        left = list(self._all())
        for worker in left:
            worker.tell("signal", signal.SIGINT)
        if left:
            await asyncio.wait([worker.ended for worker in left], timeout=_FORCED_S)
        for worker in self._all():
            worker.kill()
            await worker.ended


def _why_not(worker: ServerWorker, how: str) -> VoxwireError:
    """Why the server does not start."""
    if worker.failure is None:
        return VoxwireError(f"Worker {worker.number} ended while it started ({how}); its lines above say why.")
    return ConfigurationError(how) if worker.failure[0] else VoxwireError(how)
