"""What a connection makes of bytes, with the short way of audio and without it: the same, however they are cut."""

import asyncio
import base64
import contextlib
import json
import struct
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_websocket import BINARY, CONT, PING, PONG, TEXT, close, fragments, frame

from voxwire.config import WebSocketSettings
from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.runtime.budget import Budget
from voxwire.server.net.websocket_protocol import WebSocketProtocol
from voxwire.transports.websocket import EXPRESS_EXTENSION

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TYPE = "input_audio_buffer.append"


class Socket:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.closing = True

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write_eof(self) -> None: ...
    def abort(self) -> None: ...


class Application:
    """Notes what comes, in order: events, mistakes, binary frames, the close. It can take `patience` messages at once,
    then one has to wait; `short` says whether there is a short way for audio."""

    def __init__(self, *, short: bool, patience: int) -> None:
        self.came: list[Any] = []
        self.ways: list[str] = []
        self._codec = WireCodec(Variant(dialect=Dialect.GA))
        self.short = short
        self._patience = self._left = patience

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "headers": [], "subprotocol": None})
        scope["extensions"][EXPRESS_EXTENSION].deliver_to(self.append, self.offer, lambda: None)
        while (message := await receive())["type"] != "websocket.disconnect":
            self._left = self._patience
            self.ways.append("queue")
            self._take(message["text"] if "text" in message else len(message["bytes"]))
        self.came.append(message["code"])
        with contextlib.suppress(OSError):  # gone
            await send({"type": "websocket.close", "code": message["code"], "reason": ""})

    def append(self, text: bytes) -> bool:
        event = self._codec.append(text) if self.short and self._left else None
        if event is not None:
            self._left -= 1
            self.ways.append("append")
            self.came.append(event)
        return event is not None

    def offer(self, text: str) -> bool:
        if self._left:
            self._left -= 1
            self.ways.append("offer")
            self._take(text)
            return True
        return False

    def _take(self, message: Any) -> None:
        try:
            self.came.append(message if isinstance(message, int) else self._codec.decode(message))
        except ClientError as error:
            self.came.append((error.code, error.param, error.message, error.event_id))


async def connection(app: Application, *pieces: bytes, limit: int = 2**20) -> tuple[Socket, WebSocketProtocol]:
    socket = Socket()
    state = cast("Any", SimpleNamespace(connections=set(), tasks=set()))
    settings = WebSocketSettings(max_message_bytes=limit)
    protocol = WebSocketProtocol(cast("Any", app), settings, Budget(2**30), server_state=state)
    protocol.connection_made(cast("Any", socket))
    protocol.begin(HANDSHAKE, {"type": "websocket"})
    await turns()
    socket.written.clear()
    if not app.short:
        cast("Any", protocol._cutter).whole = lambda data: None
    for number, piece in enumerate(pieces):
        protocol.data_received(piece)
        while protocol._left is not None or (app._patience and number % 3 == 0 and protocol._inbox.count):  # noqa: ASYNC110
            await asyncio.sleep(0)
    while protocol._inbox.count:  # noqa: ASYNC110 - turns are what is needed
        await asyncio.sleep(0)
    await turns()
    return socket, protocol


async def turns() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def result(
    pieces: list[bytes], *, short: bool = True, patience: int = 2**20
) -> tuple[list[Any], bytes, list[str]]:
    """What the application saw, what was written after the handshake, and by which ways messages came."""
    app = Application(short=short, patience=patience)
    socket, protocol = await connection(app, *pieces)
    protocol.connection_lost(None)
    await turns()
    assert protocol._share.size == 0
    return app.came, bytes(socket.written), app.ways


def outcome(pieces: list[bytes], *, short: bool = True, patience: int = 2**20) -> tuple[list[Any], bytes, list[str]]:
    return asyncio.run(result(pieces, short=short, patience=patience))


def audio(number: int, size: int = 8) -> bytes:
    return frame(TEXT, append_text(number, size))


def append_text(number: int, size: int = 8) -> bytes:
    return json.dumps({"type": TYPE, "audio": base64.b64encode(struct.pack("!I", number) * size).decode()}).encode()


@pytest.mark.parametrize("in_a_read", [1, 3, 20])
def test_audio_takes_the_short_way(in_a_read: int) -> None:
    frames = [audio(number, 300) for number in range(20)]
    came, _, ways = outcome([b"".join(frames[at : at + in_a_read]) for at in range(0, 20, in_a_read)])
    assert ways == ["append"] * 20
    assert [event.audio[:4] for event in came[:-1]] == [struct.pack("!I", number) for number in range(20)]


def test_other_events_do_not() -> None:
    commit = frame(TEXT, b'{"type":"input_audio_buffer.commit"}')
    _, _, ways = outcome([audio(1), commit, audio(2), frame(TEXT, b"{"), audio(3)])
    assert ways == ["append", "offer", "append", "offer", "append"]


def test_nothing_passes_what_waits() -> None:
    """Four are taken at once; the others wait their turn, audio that could take the short way among them."""
    stream = [audio(number) for number in range(12)]

    async def run() -> Application:
        app = Application(short=True, patience=4)
        _, protocol = await connection(app)
        for piece in stream:
            protocol.data_received(piece)
        await turns()
        await turns()
        protocol.connection_lost(None)
        await turns()
        return app

    app = asyncio.run(run())
    assert app.ways == ["append"] * 4 + ["queue"] * 8
    assert [event.audio[:4] for event in app.came[:12]] == [struct.pack("!I", number) for number in range(12)]


def test_nothing_passes_what_is_left_of_a_large_read() -> None:
    """Of a read with forty frames some are taken in later turns; what comes before then stays behind them."""

    async def run() -> Application:
        app = Application(short=True, patience=2**20)
        _, protocol = await connection(app)
        protocol.data_received(b"".join(audio(number) for number in range(40)))
        assert len(app.came) < 40
        protocol.data_received(audio(40))
        for _ in range(3):
            await turns()
        protocol.connection_lost(None)
        await turns()
        return app

    app = asyncio.run(run())
    assert [event.audio[:4] for event in app.came[:41]] == [struct.pack("!I", number) for number in range(41)]


def test_what_waits_is_weighed() -> None:
    async def run() -> list[int]:
        _, protocol = await connection(Application(short=True, patience=0))
        sizes = []
        for number in range(2):
            protocol.data_received(audio(number))
            sizes.append(protocol._share.size)
        await turns()
        sizes.append(protocol._share.size)
        return sizes

    size = len(append_text(1))
    assert asyncio.run(run()) == [size, 2 * size, 0]


STREAMS: dict[str, list[bytes]] = {
    "audio and other events": [audio(1), frame(TEXT, b'{"type":"input_audio_buffer.commit"}'), audio(2), audio(3)],
    "pings between": [audio(1), frame(PING, b"p"), audio(2), frame(PONG), audio(3)],
    "fragments": [*fragments(TEXT, append_text(1)[:20], b"", append_text(1)[20:]), audio(2)],
    "pings between fragments": [
        frame(TEXT, append_text(1)[:9], fin=False),
        frame(PING),
        frame(CONT, append_text(1)[9:]),
    ],
    "a text between fragments": [frame(TEXT, b"a", fin=False), audio(1), frame(CONT, b"b")],
    "binary": [audio(1), frame(BINARY, append_text(2)), audio(3)],
    "mistakes": [
        *(
            frame(TEXT, append_text(number).replace(b'"}', tail))
            for number, tail in enumerate([b'*"}', b"}", b'","x":1}'])
        ),
        frame(TEXT, b'{"type":"input_audio_buffer.append","audio":null,"event_id":"mine"}'),
        frame(TEXT, b'{"type":"input_audio_buffer.append","audio":["A"]}'),
        audio(4),
    ],
    "spellings": [
        frame(TEXT, b'{"event_id":"mine","type":"input_audio_buffer.append","audio":"AQI="}'),
        frame(TEXT, '{"event_id":"é","type":"input_audio_buffer.append","audio":"AQI"}'.encode()),
        frame(TEXT, b'{"audio":"AAAA","type":"input_audio_buffer.append","audio":"A_I="}'),
    ],
    "no utf-8": [audio(1), frame(TEXT, append_text(2)[:60] + b"\xff" + append_text(2)[61:]), audio(3)],
    "no utf-8 in a name": [frame(TEXT, b'{"type":"input_audio_buffer.append","audio":"AQI=","\xff":1}'), audio(3)],
    "half a character at the end": [frame(TEXT, append_text(2) + b"\xe2\x82"), audio(3)],
    "unmasked": [audio(1), frame(TEXT, append_text(2), masked=False), audio(3)],
    "reserved bits": [audio(1), frame(TEXT, append_text(2), rsv=4), audio(3)],
    "a claim beyond the limit": [audio(1), frame(TEXT, append_text(2), length=2**40), audio(3)],
    "a claim of 20 bytes more": [audio(1), frame(TEXT, append_text(2), length=len(append_text(2)) + 20), audio(3)],
    "a close": [audio(1), close(1000), audio(2)],
}


@pytest.mark.parametrize("name", STREAMS)
class TestIsTheSame:
    def test_in_one_read(self, name: str) -> None:
        whole = [b"".join(STREAMS[name])]
        assert outcome(whole)[:2] == outcome(STREAMS[name], short=False)[:2]

    def test_frame_by_frame(self, name: str) -> None:
        assert outcome(STREAMS[name])[:2] == outcome(STREAMS[name], short=False)[:2]

    def test_byte_by_byte(self, name: str) -> None:
        pieces = [bytes([byte]) for byte in b"".join(STREAMS[name])]
        assert outcome(pieces)[:2] == outcome(STREAMS[name], short=False)[:2]

    async def test_cut_in_two_at_every_byte(self, name: str) -> None:
        stream = b"".join(STREAMS[name])
        expected = (await result(STREAMS[name], short=False))[:2]
        for at in range(1, len(stream)):
            assert (await result([stream[:at], stream[at:]]))[:2] == expected


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([piece for stream in STREAMS.values() for piece in stream]), min_size=1, max_size=8),
    st.lists(st.integers(0, 2000), max_size=6),
    st.integers(0, 3) | st.just(2**20),
)
def test_whatever_comes_however_it_is_cut(frames: list[bytes], cuts: list[int], patience: int) -> None:
    stream = b"".join(frames)
    ends = sorted({min(at, len(stream)) for at in cuts} | {len(stream)})
    pieces = [stream[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]
    # What has a false length and stands where no text may is refused for the one or the other, as it is cut.
    assert outcome(pieces, patience=patience)[:2] == outcome(pieces, short=False, patience=patience)[:2]


@pytest.mark.parametrize("place", range(0, len(append_text(1, 30)), 3))
@pytest.mark.parametrize("bad", [b"\xff", b"\xc0", b"\xed\xa0\x80"])
def test_what_is_no_utf_8_ends_with_1007_wherever_it_stands(place: int, bad: bytes) -> None:
    text = append_text(1, 30)
    broken = frame(TEXT, text[:place] + bad + text[place + 1 :])
    came, written, _ = outcome([audio(1, 30), broken, audio(2, 30)])
    assert came[1:] == [1007]
    assert written.endswith(
        b"\x88" + bytes([len(b"text frames are UTF-8") + 2]) + struct.pack("!H", 1007) + b"text frames are UTF-8"
    )


def test_audio_that_comes_while_the_connection_closes_is_dropped() -> None:
    async def run() -> Application:
        app = Application(short=True, patience=9)
        _, protocol = await connection(app, audio(1))
        await protocol.send({"type": "websocket.close", "code": 1001, "reason": ""})
        protocol.data_received(audio(2))
        await turns()  # the application has ended
        protocol.data_received(audio(2))
        protocol.connection_lost(None)
        protocol.data_received(audio(3))
        await asyncio.sleep(0)
        return app

    app = asyncio.run(run())
    assert [event.audio[:4] for event in app.came if not isinstance(event, int)] == [struct.pack("!I", 1)]
