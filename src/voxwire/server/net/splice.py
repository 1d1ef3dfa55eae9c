"""A client's connection and a socket to another process, made one: what comes on either goes out on the other.

Below HTTP, so that it is the same for requests, for WebSockets and under TLS, which ends here.
"""

import asyncio
import socket
from typing import Any, Final, cast

from voxwire.errors import SERVER_ERROR, RequestRefused
from voxwire.server.net.raw_response import raw_refusal

_GONE: Final = RequestRefused(
    503,
    "The part of the server that holds this session is not there now. Try again in a moment.",
    code="service_unavailable",
    type=SERVER_ERROR,
    headers=(("retry-after", "5"),),
)


class SplicedSide(asyncio.Protocol):
    """One of both sides. What comes before the other side is there waits, and no more is read then.

    The side of a client is in `places` while it is open, such as among the connections that a server closes when it
    stops. The other one is in none.
    """

    def __init__(self, *places: "set[Any]") -> None:
        self.transport: asyncio.Transport | None = None
        self._places = places
        self._other: SplicedSide | None = None
        self._early = bytearray()
        self._sent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        for place in self._places:
            place.add(self)
        if self._other is None:
            self.transport.pause_reading()

    def join(self, other: "SplicedSide") -> None:
        """Make both one; the connections of both are there."""
        assert self.transport is not None
        self._other, other._other = other, self
        for side, early in ((other, self._early), (self, other._early)):
            side.send(bytes(early))
            early.clear()
        for side in (self, other):
            assert side.transport is not None
            side.transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Write what came on the other side."""
        if data and self.transport is not None and not self.transport.is_closing():
            self._sent = True
            self.transport.write(data)

    def shutdown(self) -> None:
        """The server stops."""
        if self.transport is not None:
            self.transport.close()

    # --- asyncio.Protocol ---

    def data_received(self, data: bytes) -> None:
        if self._other is None:
            self._early += data
        else:
            self._other.send(data)

    def connection_lost(self, exc: Exception | None) -> None:
        for place in self._places:
            place.discard(self)
        if self._other is not None:
            self._other.end()

    def end(self) -> None:
        """The other side is gone. A client that got no word gets one."""
        if self.transport is None or self.transport.is_closing():
            return
        if self._places and not self._sent:
            self.transport.write(raw_refusal(_GONE))
        self.transport.close()

    def pause_writing(self) -> None:
        if self._other is not None and self._other.transport is not None:
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._other is not None and self._other.transport is not None and not self._other.transport.is_closing():
            self._other.transport.resume_reading()


async def splice(side: SplicedSide, far: socket.socket) -> None:
    """Join a client's side, which is connected, with a socket."""
    _, other = await asyncio.get_running_loop().create_unix_connection(SplicedSide, sock=far)
    if side.transport is None or side.transport.is_closing():
        other.shutdown()
    else:
        side.join(other)
