"""The child's side: one thread that reads frames and drives a service.

A service makes one task per stream. Tasks run to completion message by message, so a service with
a capacity above one interleaves its streams at messages. A long-running task learns of cancellation
from its outlet, which looks at the socket each time it is asked.
"""

import ctypes
import select
import signal
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol

import msgspec

from voxwire.engines.worker.frames import Frame, FrameKind, FrameReader, WorkerFailure, encode_body, encode_frame
from voxwire.errors import ConfigurationError, EngineError

_RECEIVE: Final = 256 * 1024
#: `prctl(2)`: the signal that comes when the thread ends that started this process, which runs the host's event loop.
_PR_SET_PDEATHSIG: Final = 1


class Task(Protocol):
    """The work of one stream."""

    def receive(self, request: Any) -> None:
        """Handle one message of the host. May send to the outlet and end it."""

    def close(self) -> None:
        """The stream is over, however it ended; called once."""


class WorkerService(Protocol):
    """What a child offers. Loaded by name with the options of the pool."""

    requests: msgspec.msgpack.Decoder[Any]
    """Decodes what tasks receive."""

    def describe(self) -> object:
        """What the host learns when the service is warm; anything msgspec can encode."""

    def open(self, outlet: "Outlet") -> Task: ...


class Outlet:
    """Where a task sends its replies."""

    def __init__(self, wire: "Wire", stream: int, window: int) -> None:
        self._wire = wire
        self._stream = stream
        self._window = window
        self._unacked = 0
        self._cancelled = False
        self.ended = False

    def send(self, reply: object) -> bool:
        """Send one message, waiting while the host is a window behind. False: stop, nobody listens."""
        # In this order: looking for a cancellation may take in the acknowledgement that opens the window.
        while not self.cancelled and self._unacked >= self._window:
            self._wire.wait()
        if self.cancelled:
            return False
        body = encode_body(reply)
        self._unacked += len(body)
        self._wire.send(FrameKind.DATA, self._stream, body)
        return True

    def end(self) -> None:
        """Everything was sent; idempotent."""
        if not self.ended:
            self.ended = True
            self._wire.send(FrameKind.END, self._stream)

    def fail(self, failure: WorkerFailure) -> None:
        if not self.ended:
            self.ended = True
            self._wire.send(FrameKind.FAIL, self._stream, failure)

    @property
    def cancelled(self) -> bool:
        """Whether the host has lost interest or is gone. Looks at the socket without waiting."""
        self._wire.poll()
        return self._cancelled or self._wire.closed

    def acknowledged(self, size: int) -> None:
        self._unacked -= size

    def cancel(self) -> None:
        self._cancelled = True


class Wire:
    """The socket: control frames take effect when read, the rest waits in line for the main loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader = FrameReader()
        self._line: deque[Frame] = deque()
        self.outlets: dict[int, Outlet] = {}
        self.closed = False

    def send(self, kind: FrameKind, stream: int, body: object = None) -> None:
        if self.closed:
            return
        try:
            self._sock.sendall(encode_frame(kind, stream, body))
        except OSError:  # the host is gone: nobody to tell
            self.closed = True

    def poll(self) -> None:
        """Take what has arrived, without waiting."""
        while not self.closed and select.select([self._sock], [], [], 0)[0]:
            self._read()

    def wait(self) -> None:
        """Wait until something arrives."""
        if not self.closed:
            self._read()

    def look_ahead(self, kind: FrameKind) -> Frame | None:
        """The first frame of this kind, left in its place; waits for it. None when a stream ends without one."""
        while not self.closed:
            for frame in self._line:
                if frame.kind is kind:
                    return frame
                if frame.kind is FrameKind.CANCEL:
                    return None
            self._read()
        return None

    def detach(self) -> socket.socket:
        """The socket, for somebody else."""
        return self._sock

    def next(self) -> Frame | None:
        """The next `OPEN`, `DATA` or `CANCEL`; None when the host is gone."""
        while not self._line and not self.closed:
            self._read()
        return self._line.popleft() if self._line and not self.closed else None

    def _read(self) -> None:
        try:
            data = self._sock.recv(_RECEIVE)
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        for frame in self._reader.feed(data):
            if frame.kind is FrameKind.PING:
                self.send(FrameKind.PONG, 0)
                continue
            outlet = self.outlets.get(frame.stream)
            if frame.kind is FrameKind.ACK:
                if outlet:
                    outlet.acknowledged(msgspec.msgpack.decode(frame.body, type=int))
                continue
            if frame.kind is FrameKind.CANCEL and outlet:
                outlet.cancel()
            self._line.append(frame)


class _Loop:
    """Hands each frame to the task of its stream."""

    def __init__(self, wire: Wire, service: WorkerService, window: int) -> None:
        self._wire = wire
        self._service = service
        self._window = window
        self._tasks: dict[int, Task] = {}

    def run(self) -> None:
        while frame := self._wire.next():
            try:
                self._handle(frame)
            except Exception as error:
                self._wire.outlets[frame.stream].fail(describe_failure(error))
            outlet = self._wire.outlets.get(frame.stream)
            if outlet and outlet.ended:
                self._finish(frame.stream)
            if frame.kind is FrameKind.DATA:
                self._wire.send(FrameKind.ACK, frame.stream, len(frame.body))

    def _handle(self, frame: Frame) -> None:
        if frame.kind is FrameKind.OPEN:
            outlet = self._wire.outlets[frame.stream] = Outlet(self._wire, frame.stream, self._window)
            self._tasks[frame.stream] = self._service.open(outlet)
        elif frame.kind is FrameKind.CANCEL:
            self._finish(frame.stream)
        elif (live := self._wire.outlets.get(frame.stream)) and not live.cancelled:
            self._tasks[frame.stream].receive(self._service.requests.decode(frame.body))

    def _finish(self, stream: int) -> None:
        """Close the task, then tell the host that the place is free; nothing if that was done before."""
        outlet = self._wire.outlets.pop(stream, None)
        if outlet is None:
            return
        if task := self._tasks.pop(stream, None):
            task.close()
        outlet.end()


def describe_failure(error: Exception) -> WorkerFailure:
    """The error as the host may show it: only errors made for people keep their text, others may quote speech."""
    if isinstance(error, EngineError):
        return WorkerFailure(error.code, error.message)
    if isinstance(error, ConfigurationError):
        return WorkerFailure("configuration", str(error), configuration=True)
    sys.stderr.write(f"{type(error).__name__} in\n{''.join(traceback.format_tb(error.__traceback__))}")
    place = traceback.extract_tb(error.__traceback__)[-1]
    return WorkerFailure("engine_failed", f"{type(error).__name__} in {place.name}.")


def load_service(service: str) -> Callable[[dict[str, Any]], WorkerService]:
    """The factory named `package.module:callable`."""
    module, _, name = service.partition(":")
    factory: Callable[[dict[str, Any]], WorkerService] = getattr(import_module(module), name)
    return factory


def die_with_parent() -> None:
    """Have the system kill this process when the one that started it is gone, where it can (Linux).

    The end of the socket says so, too, but only to a worker that reads it: one that hangs in native code does not.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(wire: Wire, service: WorkerService, window: int) -> None:
    """Serve the streams of a wire until its other end is closed."""
    _Loop(wire, service, window).run()
