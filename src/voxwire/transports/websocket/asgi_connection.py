"""A WebSocket of any ASGI server but our own: every frame by ASGI, one at a time."""

from collections.abc import Callable

from voxwire.transports.asgi import AsgiMessage, Receive, Send
from voxwire.transports.websocket.express import Offer, TakeAppend


class AsgiConnection:
    """Stands in for the `Express` of our own server, made of ASGI's `receive` and `send`.

    It is slower: each frame goes through the server's full parser, a queue and a task. How much a client may send at
    once, and how much memory all clients may take together, is then up to that server.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._gone = False

    async def receive(self) -> AsgiMessage:
        """ASGI's, noting the end of the connection."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._gone = True
        return message

    async def send(self, message: AsgiMessage) -> None:
        """ASGI's. Raises OSError for a client that is gone: some servers would ignore it, others call it a mistake."""
        if self._gone:
            raise ConnectionResetError
        await self._send(message)

    def deliver_to(self, append: TakeAppend, offer: Offer, turn_away: Callable[[], None]) -> None:
        """Nothing is offered: all messages come by `receive`."""

    async def send_texts(self, frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            await self.send({"type": "websocket.send", "text": frame.decode()})

    def send_texts_now(self, frames: tuple[bytes, ...]) -> bool:
        """Never: ASGI's `send` may wait."""
        return False

    def abort(self) -> None:
        """ASGI cannot cut a connection. The server ends it when the application returns, which is next."""
