"""The parent accepts every connection, and hands it to the worker that has the fewest.

Workers that listen on one socket get very unequal shares, since whoever is awake takes all that is there; and
SO_REUSEPORT counts connections of long ago as little as the kernel does (ADR 41). What is handed on is the socket: the
parent reads nothing, and TLS begins in the worker.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

logger = logging.getLogger("voxwire.server")

#: Connections of one look.
_AT_ONCE: Final = 128
#: Connections that may wait to be accepted; that of uvicorn.
_BACKLOG: Final = 2048
#: How long nobody is accepted when there are no descriptors left, or nobody takes a connection; seconds.
_REST_S: Final = 0.2
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Host(Protocol):
    """Who may take a connection. `burden` is how much there is already, less is better."""

    @property
    def burden(self) -> tuple[bool, int]: ...

    def take(self, connection: socket.socket) -> bool:
        """False where it cannot. The caller closes its own descriptor in any case."""


class Doors:
    """Listening sockets while they are open; `hosts` are those that are ready."""

    def __init__(self, sockets: Sequence[socket.socket], hosts: Callable[[], Iterable[Host]]) -> None:
        self._sockets = sockets
        self._hosts = hosts
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.TimerHandle | None = None
        #: Accepted, and taken by nobody yet.
        self._waiting: socket.socket | None = None
        self._open = False

    def open(self) -> None:
        """Listen. Raises OSError."""
        for one in self._sockets:
            one.listen(_BACKLOG)
        self._open = True
        self._watch()

    def close(self) -> None:
        """Accept nobody any more; idempotent."""
        self._unwatch()
        self._open = False
        if self._waiting is not None:
            self._waiting.close()

    def _watch(self) -> None:
        self._resting = None
        if self._open:
            for one in self._sockets:
                self._loop.add_reader(one.fileno(), self._look, one)
            if self._waiting is not None:
                self._look(self._sockets[0])

    def _unwatch(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if self._open:
            for one in self._sockets:
                self._loop.remove_reader(one.fileno())

    def _rest(self) -> None:
        """Leave those who come in the line of the system for a while."""
        self._unwatch()
        self._resting = self._loop.call_later(_REST_S, self._watch)

    def _look(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            hosts = sorted(self._hosts(), key=lambda host: host.burden)
            if not hosts:
                self._rest()
                return
            try:
                accepted = self._waiting or listening.accept()[0]
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                logger.error("no connection can be accepted: %s", error.strerror)
                self._rest()
                return
            if not any(host.take(accepted) for host in hosts):
                self._waiting = accepted
                self._rest()
                return
            self._waiting = None
            accepted.close()
