"""`python -m voxwire.engines.worker DESCRIPTOR WINDOW`: started by the host alone."""

import os
import signal
import socket
import sys

import msgspec

from voxwire.engines.worker.child import Wire, describe_failure, die_with_parent, load_service, serve
from voxwire.engines.worker.forking import serve_by_forks
from voxwire.engines.worker.frames import FrameKind, Start


def run_child(descriptor: int, window: int) -> None:
    """Serve the socket with this descriptor until the host closes it."""
    # Ctrl-C reaches the whole foreground group, and service managers signal every process of a service;
    # the host decides when children end, and that they end when it does (the socket closes).
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent()
    os.dup2(2, 1)  # what a native library prints must not vanish
    wire = Wire(socket.socket(fileno=descriptor))
    first = wire.next()
    if first is None:
        return
    start = msgspec.msgpack.decode(first.body, type=Start)
    if start.forks:
        serve_by_forks(wire.detach(), start, window)
        return
    try:
        service = load_service(start.service)(msgspec.msgpack.decode(start.options))
        description = service.describe()
    except Exception as error:
        wire.send(FrameKind.FAIL, 0, describe_failure(error))
        return
    wire.send(FrameKind.READY, 0, description)
    serve(wire, service, window)


if __name__ == "__main__":
    run_child(int(sys.argv[1]), int(sys.argv[2]))
