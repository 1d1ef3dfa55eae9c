"""uvicorn's two connection classes, with the bounds and manners that a public endpoint needs.

Everything that touches uvicorn's insides is in this file; `tests/server/test_connections.py`,
`test_plain_connections.py` and `test_handshake.py` hold each difference over real sockets, so that a
new uvicorn which moves them is noticed.
"""

import asyncio
import codecs
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame
from websockets.http11 import Request as Handshake
from websockets.protocol import State

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
_Utf8: Final = codecs.getincrementaldecoder("utf-8")


class HttpProtocol(HttpToolsProtocol):
    """An HTTP connection.

    Differences: request line and headers are bounded in size and time, an answer in the time that its
    peer takes to read it, and the rest between requests also when bytes come that begin none; what comes
    together with a handshake is not lost, and one that cannot be is refused in true words.
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
            data = self._parse(piece) + data[len(piece) :]
        upgraded = self.transport.get_protocol()
        if data and upgraded is not self and isinstance(upgraded, asyncio.Protocol):
            upgraded.data_received(data)

    def _parse(self, data: bytes) -> bytes:
        """Returns what follows a WebSocket handshake, which uvicorn would drop."""
        if self._head_timer is not None:
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        rest = b""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade() and not self.transport.is_closing():
                rest = data[upgrade.args[0] :]
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._head_timer is not None and self._head_bytes >= MAX_HEAD_BYTES:
            self._refuse(
                RequestRefused(431, f"The headers exceed {MAX_HEAD_BYTES} bytes.", code="request_headers_too_large")
            )
        elif self._rests and self.timeout_keep_alive_task is None:  # uvicorn took the bytes for a request
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        return rest

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
        if self.parser.should_upgrade() and self._should_upgrade() and (refusal := self._cannot_upgrade()):
            self._refuse(refusal)

    def _cannot_upgrade(self) -> RequestRefused | None:
        """What the WebSocket parser is not asked about: it gets a request line and headers of our making."""
        if self.scope["http_version"] != "1.1":
            return RequestRefused(
                426,
                f"A WebSocket handshake needs HTTP/1.1, and this one is HTTP/{self.scope['http_version']}. "
                "A proxy in between may have to be told: nginx by proxy_http_version 1.1.",
                code="invalid_request",
                headers=(("upgrade", "HTTP/1.1"),),
            )
        if any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        ):
            return RequestRefused(
                400,
                "A WebSocket handshake has no body: leave Content-Length and Transfer-Encoding out.",
                code="invalid_request",
            )
        return None

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

    Differences: keys may be offered as subprotocols; refused handshakes have JSON bodies; frames that
    come before the handshake is answered wait for that; the application may cut the TCP connection; one
    whose peer does not read goes away soon after its application ended; pings leave in an even pace, and
    like pongs while the peer reads; fragments weigh no more than what they hold, and are UTF-8 one by one;
    many small frames leave the others their turns; a peer that sent too much gets to see close code 1009;
    when the peer closes or breaks the rules, the application sends what it has answered before, and the
    close frame leaves after that; reading is ahead of the application by some messages; it offers
    `Express` beside ASGI.
    """

    _timer: asyncio.TimerHandle | None = None
    _early = b""
    _dropping = False
    #: The close frame that ends the connection once the application has said all, and whether the peer
    #: still sends.
    _farewell: bytes | None = None
    _broken = False
    _utf8: codecs.IncrementalDecoder | None = None
    _cutter: FrameCutter | None = None
    _left: Iterator[tuple[bytes, int]] | None = None
    _offer: Offer | None = None
    _extensions: dict[str, Any] | None = None

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
        self._extensions = cast("dict[str, Any]", self.scope["extensions"])
        self._extensions[EXPRESS_EXTENSION] = self
        await super().run_asgi()
        if not self.disconnected:
            self._end_in_time()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and self._farewell is not None:
            await self.writable.wait()
            self._say_farewell()
            return
        await super().send(message)
        if message["type"] == "websocket.accept" and self._early:
            early, self._early = self._early, b""
            self.data_received(early)
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
            super().data_received(data)  # the handshake, which `HttpProtocol` passes on whole and alone
            self._cutter = FrameCutter(self.config.ws_max_size)
            return
        if not self.handshake_complete:
            self._early += data
            self._pause()
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
                self._forget(len(frame))
        if self._dropping:
            return
        if len(taken) == at_most and not self.transport.is_closing():
            self._left = frames
            self._pause()
            self.loop.call_soon(self._take_more)
        else:
            self._resume()

    def _forget(self, size: int) -> None:
        """The full parser keeps the last frame in a variable until the next one, which may never come. Between
        two frames it has no other memory than what its connection knows, so it can begin afresh."""
        conn = self.conn
        if size > _LARGE_MESSAGE_BYTES and conn.state is State.OPEN and not conn.reader.buffer:
            conn.parser = conn.parse()
            next(conn.parser)

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
        if self.read_paused and self._left is None and not self._early and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def eof_received(self) -> bool:  # type: ignore[override]  # as `asyncio.Protocol` has it
        """Whoever says goodbye and shuts down sending may still read."""
        return self._farewell is not None and self.scheme == "ws"

    def connection_lost(self, exc: Exception | None) -> None:
        self._offer = self._left = self._farewell = self._cutter = None
        self.frames = []
        # The two cycles through this object: with them, all that it still holds would wait for a full collection.
        if self._extensions is not None:
            self._extensions.clear()
        self.conn.parser_exc = None
        if self._timer is not None:
            self._timer.cancel()
        # Whoever sent a close frame is in the queue already. For all others uvicorn would say 1005, which is
        # a close frame without a code; that there was none is 1006 (RFC 6455 section 7.1.5).
        self.handshake_complete = False
        super().connection_lost(exc)

    def handle_text(self, event: Frame) -> None:
        super().handle_text(event)
        if not event.fin:
            self._utf8 = _Utf8()
            self._check_fragment(event)

    def handle_cont(self, event: Frame) -> None:
        """Joins fragments as they come: a list of tiny ones would weigh many times what they hold, and empty
        ones count for nothing against the limit."""
        if self.curr_msg_data_type == "text" and not self._check_fragment(event):
            return
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
            self._refuse_text()
            return
        if not (self._offer is not None and self.queue.empty() and self._offer(text)):
            self._enqueue({"type": "websocket.receive", "text": text}, len(data))

    def _check_fragment(self, event: Frame) -> bool:
        """Whether a text is still UTF-8: who sends anything else learns it before the last fragment."""
        assert self._utf8 is not None
        try:
            self._utf8.decode(event.data, event.fin)
        except UnicodeDecodeError:
            self.frames = []
            self._refuse_text()
            return False
        return True

    def _refuse_text(self) -> None:
        self.conn.fail(1007, "text frames are UTF-8")
        self.handle_parser_exception()

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

    def handle_close(self, event: Frame) -> None:
        if self.close_sent:
            super().handle_close(event)
        elif (close := self.conn.close_rcvd) is not None:
            self._part(close)

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:  # the peer is gone
            self.transport.close()
        elif not self.close_sent:
            self._broken = True
            self._part(self.conn.close_sent)

    def _part(self, close: Close) -> None:
        """The peer closed or broke the rules: nothing more is taken, and the application learns it after the
        messages before. What it answers to those leaves, then the close frame that is kept here."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self._farewell = b"".join(self.conn.data_to_send())
        self._dropping = True
        self._left = None
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._end_in_time()

    def _say_farewell(self) -> None:
        """Then read on for a moment: closing with unread data resets the connection, and what was said last would
        be lost with it. Who said goodbye sees the end at once; who broke the rules may still be sending much."""
        if self._farewell is None:
            return
        self.transport.write(self._farewell)
        self._farewell = None
        self.close_sent = self.disconnected = True  # what the application still sends meets a client that is gone
        if not self._broken and not self.transport.can_write_eof():  # TLS ends both ways together
            self.transport.close()
            return
        if not self._broken:
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(_DROP_S, self.transport.close)

    def shutdown(self) -> None:
        if self._farewell is not None and self.handshake_complete:
            self._say_farewell()
        super().shutdown()

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
