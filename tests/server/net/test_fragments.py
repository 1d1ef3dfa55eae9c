"""Messages in pieces: joined at their weight, and checked as they come."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from voxwire.server.net.fragments import Fragments, WholeMessage


def pieces(opcode: Opcode, *data: bytes) -> list[Frame]:
    last = len(data) - 1
    return [Frame(Opcode.CONT if at else opcode, piece, fin=at == last) for at, piece in enumerate(data)]


@given(st.text(), st.lists(st.integers(0, 40), max_size=8), st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
def test_a_message_is_what_its_pieces_are_together(text: str, cuts: list[int], opcode: Opcode) -> None:
    data = text.encode()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    joined = Fragments()
    *first, last = pieces(opcode, *(data[a:b] for a, b in itertools.pairwise(places)))
    for piece in first:
        assert joined.add(piece) is None
    assert joined.add(last) == WholeMessage(data, opcode is Opcode.TEXT)
    assert joined.waiting == 0


def test_they_weigh_what_they_hold() -> None:
    fragments = Fragments()
    for piece in pieces(Opcode.TEXT, b"ab", *[b"", b"xy"] * 500, b"")[:-1]:
        assert fragments.add(piece) is None
    assert fragments.waiting == 1002
    assert sys.getsizeof(fragments._data) < 2000


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_text_that_is_no_utf8_is_found_in_its_piece(at: int) -> None:
    data = [b"a", b"b", b"c"]
    data[at] = b"\xff"
    fragments = Fragments()
    frames = pieces(Opcode.TEXT, *data)
    for piece in frames[:at]:
        fragments.add(piece)
    with pytest.raises(UnicodeDecodeError):
        fragments.add(frames[at])


def test_half_a_character_at_the_end() -> None:
    fragments = Fragments()
    first, last = pieces(Opcode.TEXT, "ü".encode()[:1], b"")
    fragments.add(first)
    with pytest.raises(UnicodeDecodeError):
        fragments.add(last)


def test_binary_data_may_be_anything() -> None:
    fragments = Fragments()
    first, last = pieces(Opcode.BINARY, b"\xff", b"\xfe")
    fragments.add(first)
    assert fragments.add(last) == WholeMessage(b"\xff\xfe", is_text=False)
