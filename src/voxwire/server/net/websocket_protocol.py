"""A WebSocket connection, from its handshake to the end of its socket.

The bytes are those of `websockets.server.ServerProtocol`, which does no I/O. This module has the socket, the task of
the application, and what stands between them: pauses, bounds, and the order in which both sides say goodbye.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import islice
from typing import Any, Final, cast

from uvicorn.server import ServerState
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from voxwire.config import WebSocketSettings
from voxwire.errors import SERVER_ERROR, RequestRefused
from voxwire.runtime import TRY_AGAIN, TRY_AGAIN_LATER, Budget, Flag
from voxwire.server.net.fragments import Fragments
from voxwire.server.net.handshake import complete, read_handshake
from voxwire.server.net.inbox import Inbox
from voxwire.server.net.raw_response import raw_refusal, raw_response
from voxwire.server.net.websocket_frames import FrameCutter, payload, text_frames
from voxwire.transports.asgi import App, AsgiMessage
from voxwire.transports.websocket import EXPRESS_EXTENSION, Offer, TakeAppend

#: Received messages that may wait for the application before reading pauses. A pause after each one
#: costs two system calls: 43 us a message against 35 at 4,000 messages a second.
_READ_AHEAD: Final = 16
#: Frames taken in one turn of the loop. A read of 256 KiB may hold 40,000 of them, and a third of a second.
_TURN_FRAMES: Final = 16
#: A message of this size pauses reading at once.
_LARGE_MESSAGE_BYTES: Final = 64 * 1024
#: How long the peer may take to answer our close frame.
_CLOSE_S: Final = 10.0
#: How long a connection may linger after its end: twice the closing handshake.
_LINGER_S: Final = 2 * _CLOSE_S
#: How long a message that was refused is still read, and dropped.
_DROP_S: Final = 2.0
_NO_CLOSE_FRAME: Final = 1006
_SERVICE_RESTART: Final = 1012

logger = logging.getLogger(__name__)
#: The parser prints frames, and keys with them; `voxwire.server.logs` keeps it silent.
_parser_logger = logging.getLogger("websockets.server")


class _Phase(Enum):
    """What has been said to the peer, and what may still be."""

    HANDSHAKE = auto()
    """Its handshake is not answered yet; frames that come early wait for that."""
    OPEN = auto()
    PARTING = auto()
    """It closed or broke the rules: nothing more is taken from it. What the application has answered before
    leaves, then our close frame."""
    CLOSING = auto()
    """We sent our close frame first, and its own is awaited."""
    OVER = auto()
    """Nothing more leaves, and what comes is dropped."""


#: On the path of every frame: looking a member up takes as long as everything else that a comparison does.
_HANDSHAKE, _OPEN, _PARTING, _CLOSING, _OVER = _Phase


class WebSocketProtocol(asyncio.Protocol):
    """One connection, for an application that speaks ASGI and uses `Express`.

    `HttpProtocol` reads the handshake and hands over here. Keys may be offered as subprotocols. A peer that does not
    read goes away soon after its application has ended. Pings leave in an even pace, and like pongs only while the
    peer reads. Many small frames leave the others their turns. Reading is ahead of the application by some messages.
    A peer that sent too much gets to see close code 1009.
    """

    _phase = _HANDSHAKE
    _transport: asyncio.Transport
    _early = b""
    _read_paused = False
    #: The close frame that ends the connection once the application has said all, and whether the peer still sends.
    _farewell = b""
    _broken = False
    _left: Iterator[tuple[bytes | bytearray, int]] | None = None
    _append: TakeAppend | None = None
    _offer: Offer | None = None
    _turn_away: Callable[[], None] | None = None
    _extensions: dict[str, Any] | None = None
    _accepted: Response | None = None
    _refusal: AsgiMessage | None = None
    _ping_timer: asyncio.TimerHandle | None = None
    _close_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None

    def __init__(self, app: App, settings: WebSocketSettings, budget: Budget, *, server_state: ServerState) -> None:
        self._app = app
        self._connections = cast("set[Any]", server_state.connections)
        self._tasks = server_state.tasks
        self._loop = asyncio.get_running_loop()
        self._ping_interval_s = settings.ping_interval_s
        # Without compression: a quarter of base64 is not worth 20 us in and 100 us out (docs/adr/0003-web-stack.md).
        self._conn = ServerProtocol(max_size=settings.max_message_bytes, logger=_parser_logger)
        self._cutter = FrameCutter(settings.max_message_bytes)
        self._fragments = Fragments()
        self._inbox = Inbox()
        self._share = budget.share()
        self._writable = Flag(is_set=True)

    @property
    def transport(self) -> asyncio.Transport:
        """As `HttpProtocol` has one: who stops the server ends what stays open."""
        return self._transport

    # --- the handshake, called by `HttpProtocol` --------------------------------------------------------

    def begin(self, head: bytes, scope: dict[str, Any]) -> None:
        """Answer a handshake: `head` is its request line and headers without those that may carry keys, which may be
        longer than the parser allows, and hold characters that it refuses. The application gets them in the `scope`."""
        try:
            self._accepted = read_handshake(self._conn, head)
        except RequestRefused as refusal:
            self._refuse(refusal)
            return
        self._extensions = {"websocket.http.response": {}, EXPRESS_EXTENSION: self}
        self._inbox.put({"type": "websocket.connect"})
        task = self._loop.create_task(self._run({**scope, "extensions": self._extensions}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refuse(self, refusal: RequestRefused) -> None:
        self._phase = _OVER
        self._transport.write(raw_refusal(refusal))
        self._transport.close()

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self.receive, self.send)
        except Exception:
            logger.exception("the application failed")
        finally:
            self._application_ended()

    def _application_ended(self) -> None:
        self._inbox.close()
        self._weigh()
        if self._phase is _HANDSHAKE:
            self._refuse(
                RequestRefused(500, "The server had an internal error.", code="internal_error", type=SERVER_ERROR)
            )
        elif self._close_timer is None:
            self._transport.close()
        if self in self._connections:
            self._end_in_time()

    # --- ASGI -------------------------------------------------------------------------------------------

    async def receive(self) -> AsgiMessage:
        message = await self._inbox.take()
        self._weigh()
        self._resume()
        return message

    async def send(self, message: AsgiMessage) -> None:
        """The answer to the handshake, and the close; frames leave by `send_texts`.

        Raises OSError for a client that is gone.
        """
        await self._writable.wait()
        if self._phase in (_CLOSING, _OVER) or self._transport.is_closing():
            raise ConnectionResetError
        match message["type"], self._phase:
            case "websocket.accept", _Phase.HANDSHAKE:
                self._accept(message)
            case "websocket.http.response.start", _Phase.HANDSHAKE:
                self._refusal = message
            case "websocket.http.response.body", _Phase.HANDSHAKE if self._refusal is not None:
                self._phase = _OVER
                self._transport.write(raw_response(self._refusal["status"], self._refusal["headers"], message["body"]))
                self._transport.close()
            case "websocket.close", _Phase.OPEN:
                self._close(message["code"], message["reason"])
            case "websocket.close", _Phase.PARTING:
                self._say_farewell()
            case kind, phase:
                raise RuntimeError(f"{kind} cannot be sent in the phase {phase.name}")

    def _accept(self, message: AsgiMessage) -> None:
        assert self._accepted is not None
        self._conn.send_response(complete(self._accepted, message["headers"], message["subprotocol"]))
        self._flush()
        self._accepted = None
        self._begin_parser_afresh()
        self._phase = _OPEN
        self._ping_later()
        if self._early:
            early, self._early = self._early, b""
            self.data_received(early)

    def _close(self, code: int, reason: str) -> None:
        self._phase = _CLOSING
        self._conn.send_close(code, reason)
        self._flush()
        self._fragments.clear()
        self._inbox.put({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._read_on()
        self._close_timer = self._loop.call_later(_CLOSE_S, self._transport.close)

    # --- voxwire.transports.websocket.Express -----------------------------------------------------------

    def deliver_to(self, append: TakeAppend, offer: Offer, turn_away: Callable[[], None]) -> None:
        self._append = append
        self._offer = offer
        self._turn_away = turn_away

    async def send_texts(self, frames: tuple[bytes, ...]) -> None:
        if not self._writable.is_set():
            await self._writable.wait()
        if not self._send_texts(frames):
            raise ConnectionResetError

    def send_texts_now(self, frames: tuple[bytes, ...]) -> bool:
        return self._writable.is_set() and self._send_texts(frames)

    def _send_texts(self, frames: tuple[bytes, ...]) -> bool:
        if (self._phase is not _OPEN and self._phase is not _PARTING) or self._transport.is_closing():
            return False
        self._transport.write(text_frames(frames))
        return True

    def abort(self) -> None:
        self._transport.abort()

    # --- asyncio.Protocol -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._phase = _OVER
        self._connections.discard(self)
        # A peer that sent a close frame is in the inbox already. That there was none is 1006 (RFC 6455 section 7.1.5).
        self._inbox.put({"type": "websocket.disconnect", "code": _NO_CLOSE_FRAME})
        self._forget_all()
        # The two cycles through this object: with them, all that it still holds would wait for a full collection.
        self._append = self._offer = self._turn_away = None
        if self._extensions is not None:
            self._extensions.clear()
        self._conn.parser_exc = None
        for timer in (self._ping_timer, self._close_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        self._writable.set()  # no transport resumes writing once it is lost

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def eof_received(self) -> bool:
        """A peer that says goodbye and shuts down sending may still read."""
        return self._phase is _PARTING and self._transport.can_write_eof()

    def data_received(self, data: bytes) -> None:
        if self._phase is _OPEN and self._left is None and (text := self._cutter.whole(data)) is not None:
            self._message(text)  # nearly always
            if self._inbox.count:  # it has to wait; else nothing changes in what is held here
                self._weigh()
            return
        if self._phase is _HANDSHAKE:
            self._early += data
            self._pause()
            return
        if self._phase is _PARTING or self._phase is _OVER:
            return
        if self._left is not None:  # our close resumed reading: what was left must not pile up
            self._take(self._left, at_most=None)
        self._take(self._cutter.feed(data), at_most=_TURN_FRAMES)

    # --- what the peer sends ----------------------------------------------------------------------------

    def _take(self, frames: Iterator[tuple[bytes | bytearray, int]], *, at_most: int | None) -> None:
        """So many frames now, the others turn by turn; nothing is read until then."""
        self._left = None
        taken = list(islice(frames, at_most))
        for frame, start in taken:
            if start and self._phase is _OPEN:
                self._message(payload(frame, start))
            elif self._phase is _OPEN or self._phase is _CLOSING:
                self._parse(frame)
            else:
                return
        if self._phase is not _OPEN and self._phase is not _CLOSING:
            return
        if self._cutter.hopeless and self._phase is _OPEN:
            self._refuse_text()
            return
        self._weigh()
        if len(taken) == at_most and not self._transport.is_closing():
            self._left = frames
            self._pause()
            self._loop.call_soon(self._take_more)
        else:
            self._resume()

    def _take_more(self) -> None:
        if self._left is not None:
            self._take(self._left, at_most=_TURN_FRAMES)

    def _parse(self, data: bytes | bytearray) -> None:
        """By the full parser: everything but whole text messages, and all that comes after a rule was broken."""
        conn = self._conn
        conn.receive_data(bytes(data))
        if conn.parser_exc is not None:
            self._break_off()
            return
        for event in conn.events_received():
            self._handle(cast("Frame", event))
        if len(data) > _LARGE_MESSAGE_BYTES and conn.state is State.OPEN and not conn.reader.buffer:
            self._begin_parser_afresh()

    def _begin_parser_afresh(self) -> None:
        """The parser keeps in variables what it has read last until the next frame, which may never come: the
        handshake, a large frame. Between two frames it has no other memory than what its connection knows."""
        self._conn.parser = self._conn.parse()
        next(self._conn.parser)

    def _handle(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                if self._phase is _OPEN:
                    self._join(frame)
            case Opcode.PING:
                # A peer that does not read gets no pongs, which would pile up here: not every ping needs one
                # (RFC 6455 section 5.5.3).
                pong = self._conn.data_to_send()
                if self._writable.is_set():
                    self._transport.write(b"".join(pong))
            case Opcode.CLOSE if self._phase is _CLOSING:
                self._transport.close()
            case Opcode.CLOSE:
                assert self._conn.close_rcvd is not None
                self._part(self._conn.close_rcvd)
            case Opcode.PONG:
                pass

    def _join(self, frame: Frame) -> None:
        try:
            message = self._fragments.add(frame)
        except UnicodeDecodeError:
            self._refuse_text()
            return
        if message is None:
            return
        if message.is_text:
            self._message(message.data)
        else:
            self._enqueue({"type": "websocket.receive", "bytes": message.data}, len(message.data))

    def _message(self, data: bytes) -> None:
        """A text message: to the application at once where it can take it, else into the inbox. Audio first."""
        if self._append is None or self._inbox.count or len(data) >= _LARGE_MESSAGE_BYTES or not self._append(data):
            self._text(data)

    def _text(self, data: bytes) -> None:
        if len(data) > _LARGE_MESSAGE_BYTES and data.isascii():  # so it is text, and its reader has time
            self._enqueue({"type": "websocket.receive", "text": data}, len(data))
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._refuse_text()
            return
        if not (self._offer is not None and not self._inbox.count and self._offer(text)):
            self._enqueue({"type": "websocket.receive", "text": text}, len(data))

    def _enqueue(self, message: AsgiMessage, size: int) -> None:
        self._inbox.put(message, size)
        if self._inbox.count >= _READ_AHEAD or size > _LARGE_MESSAGE_BYTES:
            self._pause()

    def _refuse_text(self) -> None:
        self._conn.fail(1007, "text frames are UTF-8")
        self._break_off()

    def _weigh(self) -> None:
        """Count what is held here; take no more of a large message once all clients hold too much together."""
        unfinished = self._cutter.waiting + self._fragments.waiting
        size = unfinished + self._inbox.bytes
        if size != self._share.size:
            self._share.hold(size)
            if unfinished > _LARGE_MESSAGE_BYTES and self._share.spent and self._phase is _OPEN:
                if self._turn_away is not None:
                    self._turn_away()
                self._conn.fail(TRY_AGAIN_LATER, TRY_AGAIN)
                self._break_off()

    def _forget_all(self) -> None:
        """Nothing more is taken."""
        self._left = None
        self._early = b""
        self._cutter = FrameCutter(0)
        self._fragments.clear()
        self._weigh()

    def _pause(self) -> None:
        if not self._read_paused:
            self._read_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Read on, once nothing waits."""
        if self._read_paused and self._left is None and not self._early and not self._inbox.count:
            self._read_on()

    def _read_on(self) -> None:
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()

    # --- pings ------------------------------------------------------------------------------------------

    def _ping_later(self) -> None:
        self._ping_timer = self._loop.call_later(self._ping_interval_s, self._ping)

    def _ping(self) -> None:
        """A peer that does not read gets none: they would pile up here. No answer is waited for, because a peer that
        reads seldom answers late; the write deadline finds one that is gone."""
        if self._phase is not _OPEN or self._transport.is_closing():
            return
        if self._writable.is_set():
            self._conn.send_ping(b"")
            self._flush()
        self._ping_later()

    # --- the end ----------------------------------------------------------------------------------------

    def _break_off(self) -> None:
        """The parser has given up on the peer."""
        if self._conn.close_sent is None:  # it is gone
            self._transport.close()
        elif self._phase is _OPEN:
            self._broken = True
            self._part(self._conn.close_sent)

    def _part(self, close: Close) -> None:
        """The peer closed or broke the rules: nothing more is taken, and the application learns it after the
        messages before. What it answers to those leaves, then the close frame that is kept here."""
        self._phase = _PARTING
        self._inbox.put({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self._farewell = b"".join(self._conn.data_to_send())
        self._forget_all()
        self._read_on()
        self._end_in_time()

    def _say_farewell(self) -> None:
        """Then read on for a moment: closing with unread data resets the connection, and what was said last would
        be lost with it. A peer that said goodbye sees the end at once; one that broke the rules may still send much."""
        self._phase = _OVER
        self._transport.write(self._farewell)
        if not self._broken and not self._transport.can_write_eof():  # TLS ends both ways together
            self._transport.close()
            return
        if not self._broken:
            self._transport.write_eof()
        self._close_timer = self._loop.call_later(_DROP_S, self._transport.close)

    def shutdown(self) -> None:
        """The server stops: called by uvicorn for every connection that is left."""
        match self._phase:
            case _Phase.HANDSHAKE:
                self._refuse(
                    RequestRefused(503, "The server is shutting down.", code="service_unavailable", type=SERVER_ERROR)
                )
            case _Phase.OPEN:
                self._close(_SERVICE_RESTART, "")
            case _Phase.PARTING:
                self._say_farewell()
        self._transport.close()

    def _end_in_time(self) -> None:
        """Closing flushes first, and a peer that does not read would hold its socket for ever."""
        if self._linger_timer is None:
            self._linger_timer = self._loop.call_later(_LINGER_S, self._transport.abort)

    def _flush(self) -> None:
        self._transport.write(b"".join(self._conn.data_to_send()))
