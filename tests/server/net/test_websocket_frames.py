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
