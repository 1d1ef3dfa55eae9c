"""One WebSocket as the runtime sees it."""

from typing import Final

from voxwire.events.closing import CloseReason
from voxwire.interfaces.transport import TransportClosed
from voxwire.transports.asgi import Send
from voxwire.transports.websocket.express import Express

#: A close frame carries at most 125 bytes, two of them the code (RFC 6455 section 5.5).
MAX_REASON_BYTES = 123
#: What official clients make of a code decides which one it is: after 1001 and 1012 they come back
#: (protocol: connecting, Close codes).
CLOSE_CODES: Final = {
    CloseReason.CLIENT_LEFT: 1000,
    CloseReason.ENDED: 1000,
    CloseReason.EXPIRED: 1001,
    CloseReason.STOPPING: 1001,
    CloseReason.NOT_READING: 1008,
    CloseReason.INTERNAL_ERROR: 1011,
    CloseReason.RESTARTING: 1012,
}


class WebSocketTransport:
    """Implements `voxwire.interfaces.transport.Transport` over a connection of our server."""

    def __init__(self, send: Send, express: Express) -> None:
        """`send` is ASGI's, for the close."""
        self._send = send
        self._express = express
        self._closed = False
        self.close_code: int | None = None
        """The code that we closed with, None while open or when the client closed."""

    async def send(self, *frames: bytes) -> None:
        """Send text frames; waits while the socket is full. Raises TransportClosed."""
        if self._closed:
            raise TransportClosed
        try:
            await self._express.send_texts(frames)
        except OSError:
            raise TransportClosed from None

    def send_now(self, *frames: bytes) -> bool:
        """Send text frames, where the socket has room."""
        return not self._closed and self._express.send_texts_now(frames)

    async def close(self, reason: CloseReason, message: str) -> None:
        """Send the close frame; a client that sent one gets its own back, whatever ours says.

        When that is cancelled, because the peer does not read, cut the connection.
        """
        if self._closed:
            return
        self._closed = True
        code = CLOSE_CODES[reason]
        if reason is not CloseReason.CLIENT_LEFT:
            self.close_code = code
        sent = False
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": fit_reason(message)})
            sent = True
        except OSError:  # what ASGI raises for a client that is gone
            sent = True  # already gone: nothing to cut
        finally:
            if not sent:
                self._express.abort()


def fit_reason(reason: str) -> str:
    """`reason`, cut to what a close frame holds, at a character."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
