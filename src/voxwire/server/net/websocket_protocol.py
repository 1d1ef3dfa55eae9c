"""uvicorn's WebSocket connection, with the bounds and manners that a public endpoint needs.

`tests/server/test_connections.py`, `test_endings.py` and `test_handshake.py` hold each difference over real
sockets, so that a new uvicorn or websockets which moves what is overridden here is noticed.
"""

import asyncio
import codecs
from collections import deque
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame
from websockets.http11 import Request as Handshake
from websockets.protocol import State

from voxwire.errors import RequestRefused
from voxwire.runtime import TRY_AGAIN, TRY_AGAIN_LATER, Budget
from voxwire.server.net.http_protocol import raw_response
from voxwire.server.net.websocket_frames import FrameCutter, payload, text_frames
from voxwire.transports.websocket import EXPRESS_EXTENSION, Offer

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
    _deaf = False
    #: The close frame that ends the connection once the application has said all, and whether the peer
    #: still sends.
    _farewell: bytes | None = None
    _broken = False
    _utf8: codecs.IncrementalDecoder | None = None
    _cutter: FrameCutter | None = None
    _left: Iterator[tuple[bytes | bytearray, int]] | None = None
    _offer: Offer | None = None
    _turn_away: Callable[[], None] | None = None
    _extensions: dict[str, Any] | None = None

    def __init__(self, *args: Any, budget: Budget, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._share = budget.share()
        self._queued: deque[int] = deque()  # bytes of the messages in `queue`
        self._queued_bytes = 0

    def handle_connect(self, event: Handshake) -> None:
        # Keys among the subprotocols may hold characters that the parser would refuse, so it does not get to see
        # them; the application does (protocol: connecting, Subprotocols).
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
        try:
            await super().run_asgi()
        finally:
            self._deaf = True
            self.queue = asyncio.Queue()
            self._queued_bytes = 0
            self._weigh()
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

    def deliver_to(self, offer: Offer, turn_away: Callable[[], None]) -> None:
        self._offer = offer
        self._turn_away = turn_away

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

    def _take(self, frames: Iterator[tuple[bytes | bytearray, int]], *, at_most: int | None) -> None:
        """So many frames now, the others turn by turn; nothing is read until then."""
        self._left = None
        taken = list(islice(frames, at_most))
        for frame, start in taken:
            if self._dropping:
                return
            if start and not self.close_sent:
                self._message(payload(frame, start))
            else:
                super().data_received(bytes(frame))
                self._forget(len(frame))
        self._weigh()
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

    def _weigh(self) -> None:
        """Count what is held here; take no more of a large message once all clients hold too much together."""
        unfinished = self._cutter.waiting if self._cutter is not None else 0
        if self.frames:
            unfinished += len(self.frames[0])
        size = unfinished + self._queued_bytes
        if size != self._share.size:
            self._share.hold(size)
            if unfinished > _LARGE_MESSAGE_BYTES and self._share.spent and not (self._dropping or self.close_sent):
                self._refuse_large()

    def _refuse_large(self) -> None:
        if self._turn_away is not None:
            self._turn_away()
        self.conn.fail(TRY_AGAIN_LATER, TRY_AGAIN)
        self.handle_parser_exception()

    def _take_more(self) -> None:
        if self._left is not None:
            self._take(self._left, at_most=_TURN_FRAMES)

    async def receive(self) -> Any:
        message = await self.queue.get()
        if message["type"] == "websocket.receive":
            self._queued_bytes -= self._queued.popleft()
            self._weigh()
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
        """A peer that says goodbye and shuts down sending may still read."""
        return self._farewell is not None and self.scheme == "ws"

    def connection_lost(self, exc: Exception | None) -> None:
        self._offer = self._turn_away = self._left = self._farewell = self._cutter = None
        self.frames = []
        self._weigh()
        # The two cycles through this object: with them, all that it still holds would wait for a full collection.
        if self._extensions is not None:
            self._extensions.clear()
        self.conn.parser_exc = None
        if self._timer is not None:
            self._timer.cancel()
        # A peer that sent a close frame is in the queue already. For all others uvicorn would say 1005, which is
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
        if len(data) > _LARGE_MESSAGE_BYTES and data.isascii():  # so it is text, and its reader has time
            self._enqueue({"type": "websocket.receive", "text": data}, len(data))
            return
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
        if self._deaf:  # the application has ended
            return
        self.queue.put_nowait(message)
        self._queued.append(size)
        self._queued_bytes += size
        if self.queue.qsize() >= _READ_AHEAD or size > _LARGE_MESSAGE_BYTES:
            self._pause()

    def schedule_ping(self) -> None:
        """In an even pace. uvicorn takes the last round trip off it, and a pong just before the next ping
        would leave a stream of pings."""
        assert self.ping_interval is not None
        self.ping_timer = self.loop.call_later(self.ping_interval, self.send_keepalive_ping)

    def send_keepalive_ping(self) -> None:
        """A peer that does not read gets none: they would pile up here."""
        if self.writable.is_set():
            super().send_keepalive_ping()
        else:
            self.schedule_ping()

    def handle_ping(self) -> None:
        """A peer that does not read gets no pongs, which would pile up here: not every ping needs one
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
        self._left = self._cutter = None
        self.frames = []
        self._weigh()
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
