"""A worker: serves the connections that the parent accepts."""

import asyncio
import dataclasses
import os
import socket
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

from voxwire import log_context
from voxwire.config import Settings
from voxwire.engines.worker.child import die_with_parent
from voxwire.engines.worker.pool import divide_processes
from voxwire.errors import ConfigurationError, VoxwireError
from voxwire.runtime import Service, worker_ids
from voxwire.server.allocator import return_large_blocks
from voxwire.server.announcement import announced
from voxwire.server.app import create_app
from voxwire.server.build import DeploymentHost, build_service
from voxwire.server.logs import configure_logging
from voxwire.server.net.descriptors import make_room
from voxwire.server.net.listen import NetworkListener, tls_context
from voxwire.server.net.run import Server, new_event_loop
from voxwire.server.workers.forwarding import socket_to_holder
from voxwire.server.workers.in_worker import OtherWorkers, SharedSeats, in_common
from voxwire.server.workers.line import WorkerLine
from voxwire.server.workers.passing import Receiving
from voxwire.server.workers.worker_start import WorkerStart

#: How often the parent is told how many connections are open, in seconds.
_TELL_S: Final = 0.05
#: What makes the parts: of the settings, and of what makes ids.
_Build = Callable[[Settings, Callable[[str], str]], tuple[Service, DeploymentHost | None]]


def build_parts(settings: Settings, ids: Callable[[str], str]) -> tuple[Service, DeploymentHost]:
    """The service, and what its deployments were made by. Raises ConfigurationError."""
    host = DeploymentHost(settings)
    return build_service(settings, host, ids), host


def run_worker(line: socket.socket, pipe: socket.socket) -> int:
    """Serve until the parent says that it is enough; the exit status. Signals to stop are ignored
    already."""
    die_with_parent()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_Worker(pipe).run(line))


class _Worker:
    """The process."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._server: Server | None = None
        self._signals: list[int] = []
        self._questions: Callable[[str], Any] | None = None
        self._seats: SharedSeats | None = None

    async def run(self, connected: socket.socket) -> int:
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[bytes] = loop.create_future()
        line = WorkerLine(
            {
                "begin": begun.set_result,
                "signal": self._signalled,
                "full": self._full,
                "question": lambda question: None if self._questions is None else self._questions(question),
            },
            # Nobody accepts for it any more, and its sessions are no server's.
            on_lost=lambda: os._exit(1),
        )
        await loop.create_unix_connection(lambda: line, sock=connected)
        start = WorkerStart.unpacked(await begun)
        configure_logging(start.settings.logging)
        log_context.process_is(worker=str(start.number))
        divide_processes(start.settings.server.workers)
        try:
            await self._serve(start, line)
        except VoxwireError as error:
            await line.ask("failed", (isinstance(error, ConfigurationError), str(error)))
            return 1
        return 0

    async def _serve(self, start: WorkerStart, line: WorkerLine) -> None:
        settings = start.settings
        make_room(settings.server.max_sessions)
        return_large_blocks()
        module, _, name = start.build.partition(":")
        build: _Build = getattr(import_module(module), name)
        service, host = build(settings, worker_ids(start.number))
        seats, others = SharedSeats(line, settings.server.max_sessions), OtherWorkers(line)
        self._questions, self._seats = others.answered, seats
        app = create_app(settings, service, host, in_common(start, line, seats, others))
        listener = NetworkListener(start.host, start.port, [], tls_context(settings.server))
        self._server = server = Server(app, settings, listener)
        for number in self._signals:
            server.handle_exit(number, None)
        elsewhere = partial(socket_to_holder, self._pipe, start)
        # What another worker has sent here stays here.
        receiving = Receiving(
            self._pipe, lambda connection, note: server.adopt(connection, None if note else elsewhere)
        )
        beside = [
            asyncio.create_task(self._open(server, receiving, line, lambda: announced(service, app.state.access))),
            asyncio.create_task(self._tell(server, receiving, line, lambda: service.load.full)),
        ]
        try:
            await server.run_until_stopped()
        finally:
            for task in beside:
                task.cancel()

    async def _open(self, server: Server, receiving: Receiving, line: WorkerLine, facts: Callable[[], Any]) -> None:
        """Take connections from when the engines are warm until the sessions have ended."""
        await server.listening.wait()
        server.keep_loop_free()
        receiving.open()
        line.tell("ready", dataclasses.asdict(facts()))
        await server.closing.wait()
        line.tell("closing")
        receiving.close()

    async def _tell(self, server: Server, receiving: Receiving, line: WorkerLine, full: Callable[[], bool]) -> None:
        """What this worker bears, when that has changed."""
        told: tuple[int, int, bool] | None = None
        while True:
            bears = receiving.received, server.open_connections, full()
            if bears != told:
                line.tell("held", bears)
                told = bears
            await asyncio.sleep(_TELL_S)

    def _signalled(self, number: int) -> None:
        if self._server is None:
            self._signals.append(number)
        else:
            self._server.handle_exit(number, None)

    def _full(self, full: bool) -> None:
        if self._seats is not None:
            self._seats.full = full
