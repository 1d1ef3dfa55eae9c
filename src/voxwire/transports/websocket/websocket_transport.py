"""One WebSocket as the runtime sees it."""

from voxwire.interfaces.transport import TransportClosed
from voxwire.transports.asgi import Send
from voxwire.transports.websocket.express import Express

#: A close frame carries at most 125 bytes, two of them the code (RFC 6455 section 5.5).
MAX_REASON_BYTES = 123


class WebSocketTransport:
    """Implements `voxwire.interfaces.transport.Transport` over a connection of our server.

    The audio of an answer waits at the client, so nothing can be discarded here.
    """

    def __init__(self, send: Send, express: Express) -> None:
        """`send` is ASGI's, for the close."""
        self._send = send
        self._express = express
        self.close_code: int | None = None
        """The code that we closed with, None while open or when the client closed."""

    async def send(self, *frames: bytes) -> None:
        """Send text frames; waits while the socket is full. Raises TransportClosed."""
        if self.close_code is not None:
            raise TransportClosed
        try:
            await self._express.send_texts(frames)
        except OSError:
            raise TransportClosed from None

    def discard_pending_audio(self, response_id: str) -> None:
        """Nothing is held here."""

    async def close(self, code: int, reason: str) -> None:
        """Send the close frame. When that is cancelled, because the peer does not read, cut the connection."""
        if self.close_code is not None:
            return
        self.close_code = code
        sent = False
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": fit_reason(reason)})
            sent = True
        except OSError:  # what ASGI raises for a client that is gone
            sent = True  # already gone: nothing to cut
        finally:
            if not sent:
                self._express.abort()


def fit_reason(reason: str) -> str:
    """`reason`, cut to what a close frame holds, at a character."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
