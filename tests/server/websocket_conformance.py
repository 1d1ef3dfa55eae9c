"""RFC 6455 as a server has to keep it, in the case groups of Autobahn's fuzzing client.

That program needs Python 2. Its groups 1 to 7 are here in our own words, at their strictest; 9 and 10 with
small messages here and with large ones in `websocket_limits.py`. Groups 12 and 13 are compression, which the
server does not offer. A text comes back as it is, a binary message as its length. Hundreds of connections take their
time: `make autobahn` runs them, and so does continuous integration.
"""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Sequence

import pytest
from echo_service import EchoService, Serve
from raw_websocket import BINARY, CLOSE, CONT, PING, PONG, TEXT, RawWebSocket, close, fragments, frame

Frames = list[tuple[int, bytes]]
HELLO = frame(TEXT, b"Hello")
ECHO: Frames = [(TEXT, b"Hello")]
CHOPS = pytest.mark.parametrize("chop", [None, 1], ids=["at once", "octet by octet"])


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[RawWebSocket]:
    service = EchoService()
    service.verbatim = True
    client = await RawWebSocket.open(await serve(service))
    await client.receive()  # the greeting
    yield client
    client.writer.close()


async def answered(client: RawWebSocket, *sent: bytes, chop: int | None = None) -> Frames:
    """What comes for frames that keep the rules; then the connection is closed in order."""
    client.send(*sent, close(1000), chop=chop)
    *frames, closing = await client.rest()
    assert closing == (CLOSE, struct.pack("!H", 1000))
    return frames


async def refused(client: RawWebSocket, *sent: bytes, code: int = 1002, chop: int | None = None) -> Frames:
    """What comes before the close frame with which the server refuses."""
    client.send(*sent, chop=chop)
    *frames, (opcode, payload) = await client.rest()
    assert opcode == CLOSE
    assert struct.unpack("!H", payload[:2])[0] == code
    return frames


class TestFraming:
    """Group 1."""

    @pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 65535, 65536])
    @pytest.mark.parametrize("chop", [None, 997])
    async def test_text(self, client: RawWebSocket, size: int, chop: int | None) -> None:
        assert await answered(client, frame(TEXT, b"*" * size), chop=chop) == [(TEXT, b"*" * size)]

    @pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 65535, 65536])
    @pytest.mark.parametrize("chop", [None, 997])
    async def test_binary(self, client: RawWebSocket, size: int, chop: int | None) -> None:
        (received,) = await answered(client, frame(BINARY, b"\xfe" * size), chop=chop)
        assert json.loads(received[1]) == {"binary": size}


class TestPingsAndPongs:
    """Group 2."""

    @CHOPS
    @pytest.mark.parametrize("payload", [b"", b"Hello", bytes.fromhex("00fffefdfcfb00ff"), b"\xfe" * 125])
    async def test_a_ping_comes_back(self, client: RawWebSocket, payload: bytes, chop: int | None) -> None:
        assert await answered(client, frame(PING, payload), chop=chop) == [(PONG, payload)]

    @CHOPS
    async def test_many_pings(self, client: RawWebSocket, chop: int | None) -> None:
        payloads = [b"payload-%d" % number for number in range(10)]
        pongs = await answered(client, *(frame(PING, payload) for payload in payloads), chop=chop)
        assert pongs == [(PONG, payload) for payload in payloads]

    async def test_a_ping_too_long(self, client: RawWebSocket) -> None:
        assert await refused(client, frame(PING, b"\xfe" * 126)) == []

    @pytest.mark.parametrize("payload", [b"", b"unsolicited"])
    async def test_pongs_that_nobody_asked_for(self, client: RawWebSocket, payload: bytes) -> None:
        assert await answered(client, frame(PONG, payload), frame(PING, b"p")) == [(PONG, b"p")]


class TestReservedBits:
    """Group 3."""

    @CHOPS
    @pytest.mark.parametrize("rsv", range(1, 8))
    @pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
    async def test_are_refused(self, client: RawWebSocket, rsv: int, opcode: int, chop: int | None) -> None:
        bad = frame(opcode, b"\x03\xe8", rsv=rsv)
        assert await refused(client, HELLO, bad, frame(PING), chop=chop) == ECHO


class TestOpcodes:
    """Group 4."""

    @CHOPS
    @pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    @pytest.mark.parametrize("payload", [b"", b"reserved"])
    async def test_unknown_ones(self, client: RawWebSocket, opcode: int, payload: bytes, chop: int | None) -> None:
        assert await refused(client, HELLO, frame(opcode, payload), frame(PING), chop=chop) == ECHO

    @pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
    async def test_what_is_not_masked(self, client: RawWebSocket, opcode: int) -> None:
        assert await refused(client, HELLO, frame(opcode, b"\x03\xe8", masked=False)) == ECHO


class TestFragmentation:
    """Group 5."""

    @pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
    async def test_of_control_frames(self, client: RawWebSocket, opcode: int) -> None:
        assert await refused(client, *fragments(opcode, b"\x03", b"\xe8")) == []

    @CHOPS
    async def test_of_a_text(self, client: RawWebSocket, chop: int | None) -> None:
        assert await answered(client, *fragments(TEXT, b"Hel", b"lo"), chop=chop) == ECHO

    @CHOPS
    async def test_with_pings_between(self, client: RawWebSocket, chop: int | None) -> None:
        first, second, third = fragments(TEXT, b"He", b"ll", b"o")
        sent = first, frame(PING, b"1"), second, frame(PING, b"2"), third
        assert await answered(client, *sent, chop=chop) == [(PONG, b"1"), (PONG, b"2"), *ECHO]

    @CHOPS
    @pytest.mark.parametrize("fin", [True, False])
    @pytest.mark.parametrize("before", [[], [HELLO], fragments(TEXT, b"Hel", b"lo")])
    async def test_a_continuation_of_nothing(
        self, client: RawWebSocket, fin: bool, before: Sequence[bytes], chop: int | None
    ) -> None:
        sent = *before, frame(CONT, b"more", fin=fin), frame(TEXT, b"after")
        assert await refused(client, *sent, chop=chop) == ECHO[: len(before)]

    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    @pytest.mark.parametrize("fin", [True, False])
    async def test_a_message_inside_of_another(self, client: RawWebSocket, opcode: int, fin: bool) -> None:
        assert await refused(client, frame(TEXT, b"Hel", fin=False), frame(opcode, b"lo", fin=fin)) == []

    async def test_several_after_each_other(self, client: RawWebSocket) -> None:
        sent = *fragments(TEXT, b"Hel", b"lo"), *fragments(BINARY, b"ab", b"c"), HELLO
        assert await answered(client, *sent) == [*ECHO, (TEXT, b'{"binary": 3}'), *ECHO]


#: The limits of what UTF-8 and Unicode can say, noncharacters among them (groups 6.5, 6.8, 6.11, 6.13, 6.22, 6.23).
VALID = [
    "κόσμε",
    *map(chr, (0x00, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10FFFF)),
    *(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF)),
]
INVALID = {
    "cut in a character": "κόσμε".encode()[:-1],
    "lone continuation": b"\x80",
    "many continuations": b"\x80\xbf" * 3,
    "every lone start of two": b"".join(bytes([start, 0x20]) for start in range(0xC0, 0xE0)),
    "every lone start of three": b"".join(bytes([start, 0x20]) for start in range(0xE0, 0xF0)),
    "every lone start of four": b"".join(bytes([start, 0x20]) for start in range(0xF0, 0xF8)),
    "two without the last": b"\xdf",
    "three without the last": b"\xef\xbf",
    "four without the last": b"\xf7\xbf\xbf",
    "five octets": b"\xf8\x88\x80\x80\x80",
    "six octets": b"\xfc\x84\x80\x80\x80\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "no UTF-8 octet": b"\xfe",
    "nor this": b"\xff",
    "overlong slash of two": b"\xc0\xaf",
    "overlong slash of three": b"\xe0\x80\xaf",
    "overlong slash of four": b"\xf0\x80\x80\xaf",
    "overlong zero": b"\xc0\x80",
    "overlong limit": b"\xf0\x8f\xbf\xbf",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}


class TestUtf8:
    """Group 6."""

    @pytest.mark.parametrize("pieces", [[b""], [b""] * 3, [b"", b"middle", b""]])
    async def test_empty_fragments(self, client: RawWebSocket, pieces: list[bytes]) -> None:
        assert await answered(client, *fragments(TEXT, *pieces)) == [(TEXT, b"".join(pieces))]

    async def test_whatever_is_valid(self, client: RawWebSocket) -> None:
        encoded = [text.encode() for text in VALID]
        whole = [frame(TEXT, data) for data in encoded]
        # Fragments may be cut anywhere, also within a character.
        cut = [piece for data in encoded for piece in fragments(TEXT, *(data[n : n + 1] for n in range(len(data))))]
        assert await answered(client, *whole, *cut) == [(TEXT, data) for data in encoded * 2]

    @pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
    async def test_whatever_is_not(self, client: RawWebSocket, data: bytes) -> None:
        assert await refused(client, HELLO, frame(TEXT, b"a" + data), code=1007) == ECHO

    @pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
    async def test_in_fragments_of_an_octet(self, client: RawWebSocket, data: bytes) -> None:
        pieces = [data[n : n + 1] for n in range(len(data))]
        assert await refused(client, HELLO, *fragments(TEXT, b"a", *pieces), code=1007) == ECHO

    @pytest.mark.parametrize("data", [b"\xf4\x90", b"\xff", b"\xce\xba\xc0"])
    async def test_is_refused_before_the_message_ends(self, client: RawWebSocket, data: bytes) -> None:
        """6.4: nothing that could follow makes it valid."""
        assert await refused(client, frame(TEXT, b"valid", fin=False), frame(CONT, data, fin=False), code=1007) == []

    @pytest.mark.parametrize("chop", [None, 1])
    @pytest.mark.parametrize("data", [b"\xf4\x90", b"\xff", b"\xce\xba\xc0"])
    async def test_is_refused_before_the_frame_ends(self, client: RawWebSocket, data: bytes, chop: int | None) -> None:
        unfinished = frame(TEXT, b"valid" + data + bytes(200))[:-200]
        assert await refused(client, HELLO, unfinished, code=1007, chop=chop) == ECHO

    @pytest.mark.parametrize("data", [b"\xff", b"\xed\xa0\x80"])
    async def test_binary_messages_may_hold_anything(self, client: RawWebSocket, data: bytes) -> None:
        assert await answered(client, *fragments(BINARY, data, data)) == [(TEXT, b'{"binary": %d}' % (2 * len(data)))]


class TestClosing:
    """Group 7."""

    @pytest.mark.parametrize(
        "after",
        [close(1000), frame(PING), HELLO, frame(TEXT, b"x", fin=False), frame(TEXT, b"y" * 262_144), b"\xff" * 9],
        ids=["another", "a ping", "a text", "a fragment", "a large text", "noise"],
    )
    async def test_nothing_after_it_counts(self, client: RawWebSocket, after: bytes) -> None:
        client.send(HELLO, close(1000), after)
        assert await client.rest() == [*ECHO, (CLOSE, b"\x03\xe8")]

    async def test_within_a_message(self, client: RawWebSocket) -> None:
        """7.1.5: closed, one way or the other."""
        client.send(frame(TEXT, b"fragment", fin=False), close(1000))
        (closing,) = await client.rest()
        assert closing[0] == CLOSE

    @pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8Hello", b"\x03\xe8" + b"*" * 123])
    async def test_is_answered_by_the_same(self, client: RawWebSocket, payload: bytes) -> None:
        client.send(frame(CLOSE, payload))
        assert await client.rest() == [(CLOSE, payload)]

    @pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe8" + b"*" * 124], ids=["one octet", "too long"])
    async def test_malformed(self, client: RawWebSocket, payload: bytes) -> None:
        assert await refused(client, frame(CLOSE, payload)) == []

    @pytest.mark.parametrize("data", [b"\xce\xba\xe1\xbd", b"\xff", b"\xed\xa0\x80"])
    async def test_a_reason_that_is_not_utf8(self, client: RawWebSocket, data: bytes) -> None:
        assert await refused(client, close(1000, data), code=1007) == []

    @pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1012), 3000, 3999, 4000, 4999])
    async def test_codes_that_may_be_sent(self, client: RawWebSocket, code: int) -> None:
        client.send(close(code, b"reason"))
        assert await client.rest() == [(CLOSE, struct.pack("!H", code) + b"reason")]

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    async def test_codes_that_may_not(self, client: RawWebSocket, code: int) -> None:
        assert await refused(client, close(code, b"reason")) == []


class TestLimits:
    """Groups 9 and 10; `websocket_limits.py` has the rest."""

    @pytest.mark.parametrize("size", [64 * 1024, 256 * 1024, 1024 * 1024])
    async def test_large_messages(self, client: RawWebSocket, size: int) -> None:
        assert await answered(client, frame(TEXT, b"*" * size)) == [(TEXT, b"*" * size)]

    @pytest.mark.parametrize("piece", [64, 1024, 65_536])
    async def test_in_many_fragments(self, client: RawWebSocket, piece: int) -> None:
        data = b"*" * 65_536
        pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
        assert await answered(client, *fragments(TEXT, *pieces)) == [(TEXT, data)]

    @pytest.mark.parametrize("size", [0, 16, 256, 4096])
    async def test_a_hundred_round_trips(self, client: RawWebSocket, size: int) -> None:
        async with asyncio.timeout(20):
            for _ in range(100):
                client.send(frame(TEXT, b"*" * size))
                assert await client.receive() == (TEXT, b"*" * size)
