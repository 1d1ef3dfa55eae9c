"""The child's side of the wire, without a process."""

import socket

from voxwire.engines.worker.child import Outlet, Wire
from voxwire.engines.worker.frames import FrameKind, encode_body, encode_frame

STREAM = 1


def test_an_outlet_goes_on_when_the_acknowledgement_came_before_it_looked() -> None:
    """It must not wait for a second one: there may be none, and the worker would be killed for its silence."""
    host, child = socket.socketpair()
    with host, child:
        child.settimeout(1)  # a wait for nothing ends in a closed wire
        wire = Wire(child)
        outlet = wire.outlets[STREAM] = Outlet(wire, STREAM, window=1)
        for _ in range(2):
            assert outlet.send("a reply")
            host.sendall(encode_frame(FrameKind.ACK, STREAM, len(encode_body("a reply"))))
