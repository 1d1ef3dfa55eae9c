"""uvicorn's two connection classes, with the bounds and manners that a public endpoint needs.

Everything that touches uvicorn's insides is in this file; `tests/server/test_connections.py`,
`test_plain_connections.py` and `test_handshake.py` hold each difference over real sockets, so that a
new uvicorn which moves them is noticed.
"""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request as Handshake

from voxwire.errors import RequestRefused
from voxwire.server.frames import FrameCutter, payload, text_frames
from voxwire.transports.refusal import refusal_body, refusal_headers
from voxwire.transports.websocket import EXPRESS_EXTENSION, Offer

#: Request line and headers together; h11 and nginx stop between 32 and 64 KiB.
MAX_HEAD_BYTES: Final = 64 * 1024
#: How long they may take; Apache gives 20 to 40 s.
HEAD_TIMEOUT_S: Final = 20.0
#: How long the peer may take to read an answer, of 16 KB at most; nginx waits 60 s for each piece.
_WRITE_TIMEOUT_S: Final = 60.0
#: Received messages that may wait for the application before reading pauses. uvicorn pauses after
#: each one, which costs two system calls: 43 us a message against 35 at 4,000 messages a second.
_READ_AHEAD: Final = 16
#: Frames taken in one turn of the loop. A read of 256 KiB may hold 40,000 of them, and a third of a second.
_TURN_FRAMES: Final = 16
#: A message of this size pauses reading at once.
_LARGE_MESSAGE_BYTES: Final = 64 * 1024
#: How long a connection may linger after its end: twice the closing handshake's own 10 s.
_LINGER_S: Final = 20.0
#: How long a message that was refused is still read, and dropped.
_DROP_S: Final = 2.0


class HttpProtocol(HttpToolsProtocol):
    """An HTTP connection.

    Differences: request line and headers are bounded in size and time, an answer in the time that its
    peer takes to read it, and the rest between requests also when bytes come that begin none.
    """

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _answering: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self.transport.set_write_buffer_limits(high=1, low=0)  # writing pauses while an answer waits for its peer
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        self._end_write()
        self.cycle = self._answering  # uvicorn would tell the last request in line, which has not begun
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Not `close`, which flushes first: a peer that does not read would hold its socket for ever.
        self._write_timer = self.loop.call_later(_WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._end_write()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        # Of a head no more than it may hold, lest a larger one that comes at once be taken whole.
        while data and not self.transport.is_closing() and self.transport.get_protocol() is self:
            piece = data if self._head_timer is None else data[: MAX_HEAD_BYTES - self._head_bytes]
            data = data[len(piece) :]
            self._parse(piece)

    def _parse(self, data: bytes) -> None:
        if self._head_timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes >= MAX_HEAD_BYTES:
            self._refuse(
                RequestRefused(431, f"The headers exceed {MAX_HEAD_BYTES} bytes.", code="request_headers_too_large")
            )
        elif self._rests and self.timeout_keep_alive_task is None:  # uvicorn took the bytes for a request
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @property
    def _rests(self) -> bool:
        """Whether the last request is answered and no other has begun."""
        answered = self.cycle is not None and self.cycle.response_complete
        return answered and self._head_timer is None and self.transport.get_protocol() is self

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:  # the next request on a connection that is kept alive
            self._start_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        self._end_write()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade()
        upgraded = self.transport.get_protocol()
        if isinstance(upgraded, WebSocketsSansIOProtocol) and not upgraded.handshake_initiated:
            # The WebSocket parser has bounds of its own (8 KiB a line, 128 headers) and uvicorn says nothing.
            self._refuse(RequestRefused(431, "A header is too long or malformed.", code="request_headers_too_large"))

    def send_400_response(self, msg: str) -> None:
        self._refuse(RequestRefused(400, msg, code="invalid_request"))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _start_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_write(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _refuse(self, refusal: RequestRefused) -> None:
        self._end_head()
        self.transport.write(raw_response(refusal))
        self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection.

    Differences: keys may be offered as subprotocols; refused handshakes have JSON bodies; the
    application may cut the TCP connection; one whose peer does not read goes away soon after its
    application ended; pings leave in an even pace, and like pongs while the peer reads; fragments
    weigh no more than what they hold; many small frames leave the others their turns; a peer that
    sent too much gets to see close code 1009; reading is ahead of the application by some messages;
    it offers `Express` beside ASGI.
    """

    _timer: asyncio.TimerHandle | None = None
    _dropping = False
    _cutter: FrameCutter | None = None
    _left: Iterator[tuple[bytes, int]] | None = None
    _offer: Offer | None = None

    def handle_connect(self, event: Handshake) -> None:
        # Keys among the subprotocols may hold characters that the parser would refuse (PROTOCOL 1.4), so
        # it does not get to see them; the application does.
        offered = event.headers.get_all("Sec-WebSocket-Protocol")
        event.headers.pop("Sec-WebSocket-Protocol", None)
        response = self.conn.accept(event)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            super().handle_connect(event)
            headers = cast("list[tuple[bytes, bytes]]", self.scope["headers"])
            headers += [(b"sec-websocket-protocol", value.encode("latin-1")) for value in offered]
            return
        refusal = RequestRefused(
            response.status_code,
            "Not a WebSocket handshake (RFC 6455 section 4.2.1).",
            code="invalid_request",
            headers=(("sec-websocket-version", "13"),),
        )
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(raw_response(refusal))
        self.transport.close()

    async def run_asgi(self) -> None:
        cast("dict[str, Any]", self.scope["extensions"])[EXPRESS_EXTENSION] = self
        await super().run_asgi()
        if not self.disconnected:
            self._end_in_time()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # A refusal is an answer to the handshake; uvicorn would log that there was none, as an error.
            self.handshake_complete = True

    # --- voxwire.transports.websocket.Express -----------------------------------------------------------

    def deliver_to(self, offer: Offer) -> None:
        self._offer = offer

    async def send_texts(self, frames: tuple[bytes, ...]) -> None:
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(text_frames(frames))

    def abort(self) -> None:
        self.transport.abort()

    # --- asyncio.Protocol -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._dropping:
            return
        if self._cutter is None:
            super().data_received(data)  # the handshake, which uvicorn passes on whole and alone
            self._cutter = FrameCutter(self.config.ws_max_size)
            return
        if self._left is not None:  # our close resumed reading: what was left must not pile up
            self._take(self._left, at_most=None)
        self._take(self._cutter.feed(data), at_most=_TURN_FRAMES)

    def _take(self, frames: Iterator[tuple[bytes, int]], *, at_most: int | None) -> None:
        """So many frames now, the others turn by turn; nothing is read until then."""
        self._left = None
        taken = list(islice(frames, at_most))
        for frame, start in taken:
            if self._dropping:
                return
            if start and not self.close_sent:
                self._message(payload(frame, start))
            else:
                super().data_received(frame)
        if len(taken) == at_most and not self.transport.is_closing():
            self._left = frames
            self._pause()
            self.loop.call_soon(self._take_more)
        else:
            self._resume()

    def _take_more(self) -> None:
        if self._left is not None:
            self._take(self._left, at_most=_TURN_FRAMES)

    async def receive(self) -> Any:
        message = await self.queue.get()
        self._resume()
        return message

    def _pause(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        """Read on, once nothing waits."""
        if self.read_paused and self._left is None and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._offer = self._left = None
        if self._timer is not None:
            self._timer.cancel()
        # Whoever sent a close frame is in the queue already. For all others uvicorn would say 1005, which is
        # a close frame without a code; that there was none is 1006 (RFC 6455 section 7.1.5).
        self.handshake_complete = False
        super().connection_lost(exc)

    def handle_cont(self, event: Frame) -> None:
        """Joins fragments as they come: a list of tiny ones would weigh many times what they hold, and empty
        ones count for nothing against the limit."""
        frames = cast("list[bytes | bytearray]", self.frames)
        if isinstance(frames[0], bytes):
            frames[0] = bytearray(frames[0])
        frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            self._message(data)
        else:
            self._enqueue({"type": "websocket.receive", "bytes": data}, len(data))

    def _message(self, data: bytes) -> None:
        """A text message: to the application at once where it can take it, else into the queue."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.conn.fail(1007, "text frames are UTF-8")
            self.handle_parser_exception()
            return
        if not (self._offer is not None and self.queue.empty() and self._offer(text)):
            self._enqueue({"type": "websocket.receive", "text": text}, len(data))

    def _enqueue(self, message: Any, size: int) -> None:
        self.queue.put_nowait(message)
        if self.queue.qsize() >= _READ_AHEAD or size > _LARGE_MESSAGE_BYTES:
            self._pause()

    def schedule_ping(self) -> None:
        """In an even pace. uvicorn takes the last round trip off it, and a pong just before the next ping
        would leave a stream of pings."""
        assert self.ping_interval is not None
        self.ping_timer = self.loop.call_later(self.ping_interval, self.send_keepalive_ping)

    def send_keepalive_ping(self) -> None:
        """A peer that does not read gets none, lest they pile up here."""
        if self.writable.is_set():
            super().send_keepalive_ping()
        else:
            self.schedule_ping()

    def handle_ping(self) -> None:
        """A peer that does not read gets no pongs, lest they pile up here: not every ping needs one
        (RFC 6455 section 5.5.3)."""
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(pong)

    def handle_parser_exception(self) -> None:
        """Say why, then read on for a moment: closing with unread data resets the connection, and the
        reason would be lost with it."""
        close = self.conn.close_sent
        if close is None:  # the peer is gone
            self.transport.close()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._dropping = True
        self.disconnected = True  # what the application still sends meets a client that is gone
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_DROP_S, self.transport.close)
        self._end_in_time()

    def _end_in_time(self) -> None:
        """Closing flushes first, and a peer that does not read would hold its socket for ever."""
        if self._timer is None:
            self._timer = self.loop.call_later(_LINGER_S, self.transport.abort)


def raw_response(refusal: RequestRefused) -> bytes:
    """An HTTP/1.1 response that ends the connection, for refusals below ASGI."""
    body = refusal_body(refusal)
    status = HTTPStatus(refusal.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in refusal_headers(refusal, body)]
    return b"\r\n".join([*lines, b"connection: close", b"", body])
