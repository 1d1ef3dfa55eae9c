"""uvicorn's HTTP connection, with the bounds and manners that a public endpoint needs.

`tests/server/test_plain_connections.py` and `test_handshake.py` hold each difference over real sockets, so that
a new uvicorn which moves what is overridden here is noticed.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from voxwire.errors import RequestRefused
from voxwire.server.net.raw_response import raw_refusal
from voxwire.server.net.splice import SplicedSide
from voxwire.server.net.websocket_protocol import WebSocketProtocol

#: Where keys and tokens may stand, the query apart. The WebSocket parser has no use for them, and takes no line of more
#: than 8 KiB: a token of Entra ID that names 200 groups has 10 KB.
_CREDENTIALS: Final = frozenset({b"authorization", b"api-key", b"x-api-key", b"sec-websocket-protocol"})
#: Request line and headers together; h11 and nginx stop between 32 and 64 KiB.
MAX_HEAD_BYTES: Final = 64 * 1024
#: How long they may take; Apache gives 20 to 40 s.
HEAD_TIMEOUT_S: Final = 20.0
#: How long the peer may take to read an answer, of 16 KB at most; nginx waits 60 s for each piece.
_WRITE_TIMEOUT_S: Final = 60.0


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
    #: Where there are several processes: told the query of a request, it has the connection go on in another one, of
    #: which it returns this side, or None for a request that is served here.
    elsewhere: Callable[[bytes], SplicedSide | None] | None = None
    #: What came of a request until its headers are complete, and with them; None where it began within what belongs to
    #: another one.
    _head: bytes | None = None
    _in_request = False
    _moved: SplicedSide | None = None

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
        # No more of a head than it may hold. Otherwise a larger one that comes at once would be taken whole.
        while data and not self.transport.is_closing() and self.transport.get_protocol() is self:
            piece = data if self._head_timer is None else data[: MAX_HEAD_BYTES - self._head_bytes]
            data = self._parse(piece) + data[len(piece) :]
        if data and self._moved is not None:
            self._moved.data_received(data)
        elif data and isinstance(upgraded := self.transport.get_protocol(), WebSocketProtocol):
            upgraded.data_received(data)

    def _parse(self, data: bytes) -> bytes:
        """Returns what follows a WebSocket handshake: it is for the connection that it makes."""
        if self._head_timer is not None:
            self._head_bytes += len(data)
        if self.elsewhere is not None:
            if not self._in_request:
                self._head = data
            elif self._head is not None:
                self._head += data
        self._unset_keepalive_if_required()
        rest = b""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._moved is None and self._should_upgrade() and not self.transport.is_closing():
                rest = data[upgrade.args[0] :]
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            if self._moved is None:
                self.send_400_response("Invalid HTTP request received.")
        if self._moved is not None:
            self._move(self._moved)
        elif self._head_timer is not None and self._head_bytes >= MAX_HEAD_BYTES:
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
        rests = self.cycle is not None and self._all_answered and self._head_timer is None
        return rests and self.transport.get_protocol() is self

    @property
    def _all_answered(self) -> bool:
        """Whether nothing waits for an answer of those requests whose heads have come."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_request = True
        if self._head_timer is None:  # the next request on a connection that is kept alive
            self._start_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        if self.elsewhere is not None and self._head is not None and self._all_answered:
            self._moved = self.elsewhere(self.url.partition(b"?")[2])
            if self._moved is not None:
                return
        self._head = None
        super().on_headers_complete()
        if self.parser.should_upgrade() and self._should_upgrade() and (refusal := self._cannot_upgrade()):
            self._refuse(refusal)

    def on_body(self, body: bytes) -> None:
        if self._moved is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_request = False
        if self._moved is None:
            super().on_message_complete()

    def _move(self, side: SplicedSide) -> None:
        """Everything that came of this request, and all that follows, is for another process."""
        self.connections.discard(self)
        self.transport.set_write_buffer_limits()
        self.transport.set_protocol(side)
        side.connection_made(self.transport)
        if self._head is not None:
            side.data_received(self._head)
        self._head = None
        self._read_no_more()

    def _read_no_more(self) -> None:
        """The socket is another's. This object and its parser hold each other: both would stay until a collection."""
        del self.parser

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
        """Hand the socket over."""
        self._end_write()
        self.transport.set_write_buffer_limits()
        self.connections.discard(self)
        path, _, query = self.url.partition(b"?")
        scope = {
            **self.scope,
            "type": "websocket",
            "scheme": "wss" if self.scheme == "https" else "ws",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "subprotocols": [],  # `voxwire.transports.request` reads the header: keys are no tokens
        }
        lines = [self.scope["method"].encode() + b" " + path + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in self.headers if name not in _CREDENTIALS]
        upgraded: WebSocketProtocol = cast("Any", self.ws_protocol_class)(server_state=self.server_state)
        self.transport.set_protocol(upgraded)
        upgraded.connection_made(self.transport)
        upgraded.begin(b"\r\n".join([*lines, b"", b""]), scope)
        self._read_no_more()

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
        self.transport.write(raw_refusal(refusal))
        self.transport.close()
