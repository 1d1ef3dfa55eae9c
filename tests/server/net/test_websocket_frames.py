"""Cutting a client's bytes into frames: the same however they arrive."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from voxwire.server.net.websocket_frames import FrameCutter, payload, text_frames

LIMIT = 1 << 20


def masked(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """A client's frame as the full library writes it."""
    return Frame(opcode, data, fin=fin).serialize(mask=True)


def cut(pieces: list[bytes], limit: int = LIMIT) -> list[tuple[bytes, int]]:
    cutter = FrameCutter(limit)
    return [frame for piece in pieces for frame in cutter.feed(piece)]


@given(
    sizes=st.lists(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
)
def test_texts_come_out_whole_however_they_arrive(sizes: list[int], seed: int) -> None:
    chance = random.Random(seed)
    texts = [chance.randbytes(size) for size in sizes]
    stream = b"".join(masked(Opcode.TEXT, text) for text in texts)
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.randrange(8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [payload(frame, start) for frame, start in cut(pieces)] == texts


def test_byte_by_byte() -> None:
    stream = masked(Opcode.TEXT, b"{}") + masked(Opcode.PING, b"p") + masked(Opcode.TEXT, b"x" * 200)
    frames = cut([bytes([byte]) for byte in stream])
    assert [bool(start) for _, start in frames] == [True, False, True]
    assert b"".join(frame for frame, _ in frames) == stream


@pytest.mark.parametrize("opcode", [Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE])
def test_other_frames_are_passed_on_as_they_are(opcode: Opcode) -> None:
    frame = masked(opcode, b"\x03\xe8")
    assert cut([frame]) == [(frame, 0)]


def test_fragments_and_what_stands_between_them() -> None:
    frames = [
        masked(Opcode.TEXT, b"a", fin=False),
        masked(Opcode.PING, b""),
        masked(Opcode.CONT, b"b", fin=False),
        masked(Opcode.CONT, b"c"),
        masked(Opcode.TEXT, b"whole"),
    ]
    assert [(frame, start) for frame, start in cut([b"".join(frames)]) if start] == [(frames[-1], 6)]


def test_a_text_in_the_middle_of_fragments_is_for_the_full_parser_to_refuse() -> None:
    frames = [masked(Opcode.TEXT, b"a", fin=False), masked(Opcode.TEXT, b"b")]
    assert cut(frames) == [(frames[0], 0), (frames[1], 0)]


@pytest.mark.parametrize(
    "head",
    [
        b"\x81\x02{}",  # not masked
        b"\xc1\x82" + bytes(4),  # reserved bit
        b"\x81\xff" + struct.pack("!Q", LIMIT + 1),  # larger than allowed
        b"\x81\xff" + struct.pack("!Q", 2**63),
    ],
    ids=["unmasked", "reserved", "too large", "absurd"],
)
def test_from_a_broken_frame_on_everything_is_passed_on(head: bytes) -> None:
    good, later = masked(Opcode.TEXT, b"{}"), masked(Opcode.TEXT, b"later")
    cutter = FrameCutter(LIMIT)
    assert list(cutter.feed(good + head)) == [(good, 6), (head, 0)]
    assert list(cutter.feed(later)) == [(later, 0)]


@given(st.lists(st.binary(max_size=70_000), max_size=3))
def test_texts_are_written_as_the_full_library_writes_them(texts: list[bytes]) -> None:
    expected = b"".join(Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts)
    assert text_frames(texts) == expected


@given(st.text(min_size=1), st.integers(1, 5))
def test_a_text_on_its_way_is_not_refused_for_where_it_was_cut(text: str, step: int) -> None:
    cutter, data = FrameCutter(LIMIT), masked(Opcode.TEXT, text.encode() + b"!")
    for at in range(0, len(data), step):
        for _ in cutter.feed(data[at : at + step]):
            pass
        assert not cutter.hopeless


@given(st.text(), st.integers(1, 5), st.sampled_from([b"\xff", b"\xc0", b"\xed\xa0\x80", b"\xf4\x90"]))
def test_a_text_that_cannot_become_one_is_known_before_it_ends(text: str, step: int, bad: bytes) -> None:
    cutter, data = FrameCutter(LIMIT), masked(Opcode.TEXT, text.encode() + bad + bytes(100))
    for at in range(0, len(data) - 100, step):
        assert list(cutter.feed(data[at : min(at + step, len(data) - 100)])) == []
    assert cutter.hopeless


@given(
    st.lists(
        st.builds(
            masked,
            st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.CONT, Opcode.BINARY]),
            st.sampled_from([0, 1, 125, 126, 127, 128, 200]).map(lambda size: b"x" * size),
            fin=st.booleans(),
        )
        | st.just(masked(Opcode.PING, b"p")),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(0, 500), max_size=4),
)
def test_one_whole_text_in_one_read_is_what_would_have_been_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frames)
    ends = sorted({min(at, len(stream)) for at in cuts} | {len(stream)})
    short, long = FrameCutter(LIMIT), FrameCutter(LIMIT)
    for start, end in zip([0, *ends], ends, strict=False):
        piece = stream[start:end]
        between = not long.waiting
        cut_out = list(long.feed(piece))
        text = short.whole(piece)
        if text is None:
            assert list(short.feed(piece)) == cut_out
            assert not (between and len(cut_out) == 1 and cut_out[0][1] and cut_out[0][0] == piece)
        else:
            assert [(payload(frame, place), frame) for frame, place in cut_out] == [(text, piece)]
            assert cut_out[0][1]


@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 127, 128, 131, 132, 133, 134, 139, 65_535])
def test_texts_of_every_form_of_length_below_64_kib_are_whole(size: int) -> None:
    text = bytes(range(97, 123)) * (size // 26) + b"x" * (size % 26)
    assert FrameCutter(LIMIT).whole(masked(Opcode.TEXT, text)) == text


@pytest.mark.parametrize("second", range(256))
@pytest.mark.parametrize("size", [2, 5, 6, 7, 8, 131, 132, 133, 134, 260])
def test_no_other_length_is_whole(second: int, size: int) -> None:
    data = bytes([0x81, second]) + bytes(size - 2)
    cut_out = list(FrameCutter(LIMIT).feed(data))
    whole = len(cut_out) == 1 and cut_out[0] == (data, 8 if second == 0xFE else 6)
    assert (FrameCutter(LIMIT).whole(data) is not None) == (whole and second != 0xFF)


def test_large_texts_and_those_beyond_the_limit_are_cut() -> None:
    assert FrameCutter(LIMIT).whole(masked(Opcode.TEXT, b"x" * 65_536)) is None
    assert FrameCutter(1000).whole(masked(Opcode.TEXT, b"x" * 1000)) is not None
    assert FrameCutter(1000).whole(masked(Opcode.TEXT, b"x" * 1001)) is None
    assert FrameCutter(100).whole(masked(Opcode.TEXT, b"x" * 101)) is None


def test_nothing_is_whole_while_something_else_is_not() -> None:
    text = masked(Opcode.TEXT, b"{}")
    begun, fragment, broken = FrameCutter(LIMIT), FrameCutter(LIMIT), FrameCutter(LIMIT)
    list(begun.feed(text[:5]))
    list(fragment.feed(masked(Opcode.TEXT, b"a", fin=False)))
    list(broken.feed(b"\x81\x02{}"))
    assert [cutter.whole(text) for cutter in (begun, fragment, broken)] == [None, None, None]
    list(begun.feed(text[5:]))
    list(fragment.feed(masked(Opcode.CONT, b"b")))
    assert [cutter.whole(text) for cutter in (begun, fragment, broken)] == [b"{}", b"{}", None]
