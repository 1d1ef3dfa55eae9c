"""What stands in for our own server's way past ASGI."""

from typing import Any

import pytest

from voxwire.transports.asgi import AsgiMessage
from voxwire.transports.websocket.asgi_connection import AsgiConnection


class Server:
    """The other side of ASGI."""

    def __init__(self, *messages: AsgiMessage) -> None:
        self.messages = list(messages)
        self.sent: list[AsgiMessage] = []

    async def receive(self) -> AsgiMessage:
        return self.messages.pop(0)

    async def send(self, message: AsgiMessage) -> None:
        self.sent.append(message)


async def test_texts_are_sent_one_by_one() -> None:
    server = Server()
    await AsgiConnection(server.receive, server.send).send_texts(("ü".encode(), b"{}"))
    assert server.sent == [{"type": "websocket.send", "text": "ü"}, {"type": "websocket.send", "text": "{}"}]


async def test_nothing_is_sent_without_waiting() -> None:
    server = Server()
    assert not AsgiConnection(server.receive, server.send).send_texts_now((b"{}",))
    assert server.sent == []


async def test_nothing_is_offered() -> None:
    def offer(frame: str | bytes) -> bool:
        raise AssertionError("it comes by receive")

    message: dict[str, Any] = {"type": "websocket.receive", "text": "{}", "bytes": None}
    server = Server(message)
    connection = AsgiConnection(server.receive, server.send)
    connection.deliver_to(offer, offer, lambda: None)
    assert await connection.receive() == message


async def test_nothing_is_sent_to_a_client_that_is_gone() -> None:
    server = Server({"type": "websocket.disconnect", "code": 1000})
    connection = AsgiConnection(server.receive, server.send)
    await connection.receive()
    with pytest.raises(OSError):  # noqa: PT011  # the kind is all that ASGI says
        await connection.send({"type": "websocket.close"})
    with pytest.raises(OSError):  # noqa: PT011
        await connection.send_texts((b"{}",))
    assert server.sent == []
