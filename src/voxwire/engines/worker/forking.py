"""A worker that forks: one process loads the models, and each stream is served by a copy of it.

A decoder holds the state of one utterance, and another decoder costs another hundred megabytes. A copy made by
`fork` shares all that was loaded and costs 3 ms and what it changes: some twenty megabytes for an utterance.

    host ── relay ──┬── template: loads the service, learns what all may use, forks
                    └── one process for each stream

The relay moves frames and nothing else, so a template that is learning holds up nobody who speaks. A copy that dies
fails its own stream alone. All end with the relay.
"""

import os
import selectors
import signal
import socket
import sys
from typing import Any, Final, Protocol

import msgspec

from voxwire.engines.worker.child import Wire, WorkerService, describe_failure, die_with_parent, load_service, serve
from voxwire.engines.worker.frames import Frame, FrameKind, FrameReader, Start, WorkerFailure, encode_frame

_RECEIVE: Final = 256 * 1024
_DIED: Final = WorkerFailure("engine_died", "The process of this stream ended.")


class ForkingService(WorkerService, Protocol):
    def is_shared(self, request: Any) -> bool:
        """Whether a stream that begins with this request changes what later streams find: then none is forked."""


def serve_by_forks(host: socket.socket, start: Start, window: int) -> None:
    """Serve the host until it closes the socket."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        host.close()
        ours.close()
        _run_and_exit(lambda: _Template(theirs, window).run(start))
    theirs.close()
    _Relay(host, ours).run()


def _run_and_exit(work: Any) -> None:
    """In a fork: end without what the original registered for its own end."""
    die_with_parent()
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


class _Template:
    """Holds the service; forks itself for each stream."""

    def __init__(self, control: socket.socket, window: int) -> None:
        self._control = control
        self._window = window

    def run(self, start: Start) -> None:
        try:
            service: Any = load_service(start.service)(msgspec.msgpack.decode(start.options))
            ready = encode_frame(FrameKind.READY, 0, service.describe())
        except Exception as error:
            self._control.sendall(encode_frame(FrameKind.FAIL, 0, describe_failure(error)))
            return
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
        self._control.sendall(ready)
        while True:
            _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            if not descriptors:
                return
            self._serve(service, socket.socket(fileno=descriptors[0]))

    def _serve(self, service: ForkingService, sock: socket.socket) -> None:
        wire = Wire(sock)
        first = wire.look_ahead(FrameKind.DATA)
        if first is None or service.is_shared(service.requests.decode(first.body)):
            serve(wire, service, self._window)
        elif os.fork() == 0:
            self._control.close()
            _run_and_exit(lambda: serve(wire, service, self._window))
        sock.close()


class _Channel:
    """One socket of the relay, which never waits for it."""

    def __init__(self, sock: socket.socket, selector: selectors.BaseSelector, stream: int) -> None:
        self.stream = stream
        self.sock = sock
        self._selector = selector
        self._reader = FrameReader()
        self._out = bytearray()
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self)

    def send(self, frame: bytes) -> None:
        self._out += frame
        self.flush()

    def flush(self) -> None:
        try:
            while self._out:
                del self._out[: self.sock.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()  # the other side is gone; reading says so
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        self._selector.modify(self.sock, wanted, self)

    def read(self) -> list[Frame] | None:
        """The frames that have come; None at the end."""
        try:
            data = self.sock.recv(_RECEIVE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        return list(self._reader.feed(data)) if data else None

    def close(self) -> None:
        self._selector.unregister(self.sock)
        self.sock.close()


class _Relay:
    """Moves frames between the host and the processes of its streams."""

    def __init__(self, host: socket.socket, template: socket.socket) -> None:
        self._selector = selectors.DefaultSelector()
        self._host = _Channel(host, self._selector, 0)
        self._template = template
        self._news = _Channel(template.dup(), self._selector, 0)
        template.setblocking(True)
        self._opened: set[int] = set()
        self._streams: dict[int, _Channel] = {}

    def run(self) -> None:
        """Until the host or the template is gone."""
        while True:
            for key, events in self._selector.select():
                channel: _Channel = key.data
                if key.fileobj is not channel.sock or channel.sock.fileno() < 0:
                    continue  # closed by an event before it
                if events & selectors.EVENT_WRITE:
                    channel.flush()
                if events & selectors.EVENT_READ and not self._read(channel):
                    return

    def _read(self, channel: _Channel) -> bool:
        frames = channel.read()
        if channel is self._host:
            for frame in frames or ():
                self._to_stream(frame)
        elif channel is self._news:
            for frame in frames or ():
                self._host.send(encode_frame(frame.kind, 0, frame.body))
        else:
            self._to_host(channel, frames)
            return True
        return frames is not None

    def _to_stream(self, frame: Frame) -> None:
        number = frame.stream
        if frame.kind is FrameKind.PING:
            self._host.send(encode_frame(FrameKind.PONG, 0))
        elif frame.kind is FrameKind.OPEN:
            self._opened.add(number)
        elif number in self._opened and frame.kind is FrameKind.CANCEL:
            self._opened.discard(number)
            self._host.send(encode_frame(FrameKind.END, number))
        else:
            if number in self._opened:
                self._opened.discard(number)
                self._begin(number)
            if channel := self._streams.get(number):
                channel.send(encode_frame(frame.kind, number, frame.body))

    def _begin(self, number: int) -> None:
        ours, theirs = socket.socketpair()
        socket.send_fds(self._template, [b"\0"], [theirs.fileno()])
        theirs.close()
        channel = self._streams[number] = _Channel(ours, self._selector, number)
        channel.send(encode_frame(FrameKind.OPEN, number))

    def _to_host(self, channel: _Channel, frames: list[Frame] | None) -> None:
        for frame in frames or ():
            self._host.send(encode_frame(frame.kind, channel.stream, frame.body))
            if frame.kind in (FrameKind.END, FrameKind.FAIL):
                frames = []
                break
        else:
            if frames is not None:
                return
            self._host.send(encode_frame(FrameKind.FAIL, channel.stream, _DIED))
        del self._streams[channel.stream]
        channel.close()
