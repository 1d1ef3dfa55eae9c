"""Connections on their way from one process to another: descriptors over a Unix socket pair (`SCM_RIGHTS`)."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Final

#: Connections of one look; the loop does other things in between.
_AT_ONCE: Final = 64


def passed(pipe: socket.socket, connection: socket.socket, note: int = 0) -> bool:
    """Whether a connection was passed on, with a note of one byte. False where the other end does not keep up, or is
    gone; then it is still ours. The caller closes its own descriptor in any case."""
    try:
        socket.send_fds(pipe, [bytes([note])], [connection.fileno()])
    except OSError:
        return False
    return True


class Receiving:
    """Takes connections from `pipe` while it is `open`; `take` is told each, with its note."""

    def __init__(self, pipe: socket.socket, take: Callable[[socket.socket, int], None]) -> None:
        pipe.setblocking(False)
        self._pipe = pipe
        self._take = take
        self.received = 0
        """Connections that came, those among them that could not be opened here."""
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        self._loop.add_reader(self._pipe.fileno(), self._look)

    def close(self) -> None:
        """Take no more; what is on its way is closed with the pipe."""
        if self._pipe.fileno() >= 0:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()

    def _look(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            for _ in range(_AT_ONCE):
                try:
                    notes, descriptors, _, _ = socket.recv_fds(self._pipe, _AT_ONCE, _AT_ONCE)
                except ConnectionResetError:
                    notes, descriptors = b"", []
                if not notes:
                    self.close()
                    return
                self.received += len(notes)
                for note, descriptor in zip(notes, descriptors, strict=False):
                    connection = _connection(descriptor)
                    if connection is not None:
                        self._take(connection, note)
                for descriptor in descriptors[len(notes) :]:
                    os.close(descriptor)


def _connection(descriptor: int) -> socket.socket | None:
    """What was received as a socket; None for what is none, and where the system says nothing of it any more."""
    # Unlike others, a descriptor that was received is handed on to processes that are started.
    os.set_inheritable(descriptor, False)
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        return None
