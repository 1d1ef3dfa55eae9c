"""The runtime's side of a WebSocket."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from voxwire.events.closing import CloseReason
from voxwire.interfaces.transport import TransportClosed
from voxwire.transports.websocket import Offer, TakeAppend, WebSocketTransport


class Socket:
    """An ASGI `send` and an `Express` that can be gone or stuck."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.stuck = False
        self.aborted = 0

    async def send(self, message: dict[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        if self.stuck:
            await asyncio.Event().wait()
        self.sent.append(message)

    def deliver_to(self, append: TakeAppend, offer: Offer, turn_away: Callable[[], None]) -> None:
        raise AssertionError("the transport only sends")

    async def send_texts(self, frames: tuple[bytes, ...]) -> None:
        await self.send({"frames": frames})

    def send_texts_now(self, frames: tuple[bytes, ...]) -> bool:
        if self.error is not None or self.stuck:
            return False
        self.sent.append({"frames": frames})
        return True

    def abort(self) -> None:
        self.aborted += 1


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def transport(socket: Socket) -> WebSocketTransport:
    return WebSocketTransport(socket.send, socket)


async def test_frames_go_out_as_text(transport: WebSocketTransport, socket: Socket) -> None:
    await transport.send('{"ü":1}'.encode(), b"{}")
    assert socket.sent == [{"frames": ('{"ü":1}'.encode(), b"{}")}]


async def test_frames_go_out_at_once_where_nothing_has_to_be_waited_for(
    transport: WebSocketTransport, socket: Socket
) -> None:
    assert transport.send_now(b"{}", b"[]")
    socket.stuck = True
    assert not transport.send_now(b"{}")
    socket.stuck = False
    await transport.close(CloseReason.ENDED, "")
    assert not transport.send_now(b"{}")
    assert [message for message in socket.sent if "frames" in message] == [{"frames": (b"{}", b"[]")}]


async def test_a_client_that_is_gone(transport: WebSocketTransport, socket: Socket) -> None:
    socket.error = ConnectionResetError()
    with pytest.raises(TransportClosed):
        await transport.send(b"{}")


async def test_other_errors_are_bugs(transport: WebSocketTransport, socket: Socket) -> None:
    socket.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        await transport.send(b"{}")


class TestClose:
    async def test_once(self, transport: WebSocketTransport, socket: Socket) -> None:
        await transport.close(CloseReason.EXPIRED, "over")
        await transport.close(CloseReason.INTERNAL_ERROR, "again")
        assert socket.sent == [{"type": "websocket.close", "code": 1001, "reason": "over"}]
        assert (transport.close_code, socket.aborted) == (1001, 0)

    async def test_nothing_goes_out_after_it(self, transport: WebSocketTransport) -> None:
        await transport.close(CloseReason.EXPIRED, "")
        with pytest.raises(TransportClosed):
            await transport.send(b"{}")

    async def test_every_reason_has_a_code(self, socket: Socket) -> None:
        for reason in CloseReason:
            await WebSocketTransport(socket.send, socket).close(reason, reason.value)
        assert [message["code"] for message in socket.sent] == [1000, 1000, 1001, 1008, 1011, 1001, 1012]

    async def test_of_a_client_that_has_closed_itself(self, transport: WebSocketTransport, socket: Socket) -> None:
        await transport.close(CloseReason.CLIENT_LEFT, "")
        assert transport.close_code is None, "the code is the client's"
        with pytest.raises(TransportClosed):
            await transport.send(b"{}")

    async def test_of_a_client_that_is_gone(self, transport: WebSocketTransport, socket: Socket) -> None:
        socket.error = ConnectionResetError()
        await transport.close(CloseReason.EXPIRED, "over")
        assert socket.aborted == 0

    async def test_of_a_client_that_does_not_read(self, transport: WebSocketTransport, socket: Socket) -> None:
        socket.stuck = True
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await transport.close(CloseReason.NOT_READING, "reads too slowly")
        assert socket.aborted == 1

    @pytest.mark.parametrize(
        ("message", "kept"),
        [("short", "short"), ("x" * 200, "x" * 123), ("ü" * 100, "ü" * 61), ("☕" * 41 + "x", "☕" * 41)],
    )
    async def test_message_fits_the_frame(
        self, transport: WebSocketTransport, socket: Socket, message: str, kept: str
    ) -> None:
        await transport.close(CloseReason.EXPIRED, message)
        assert socket.sent[0]["reason"] == kept
