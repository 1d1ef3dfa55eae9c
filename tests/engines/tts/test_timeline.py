"""Which words are in which piece of audio."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.tts.messages import SpokenWord
from voxwire.engines.tts.timeline import Timeline


def test_words_come_with_the_piece_that_completes_them() -> None:
    timeline = Timeline(11)
    timeline.word(0, 5, 30.0, 140.0)
    timeline.word(6, 10, 140.0, 250.0)
    pieces = [timeline.piece(b"", at, last=at == 300.0) for at in (100.0, 200.0, 300.0)]
    assert [piece.chars_to for piece in pieces] == [5, 10, 11]
    assert [piece.words for piece in pieces] == [
        [],
        [SpokenWord(0, 5, 30.0, 140.0)],
        [SpokenWord(6, 10, 140.0, 250.0)],
    ]


def test_a_word_without_an_end_lasts_until_the_next_or_the_last_piece() -> None:
    timeline = Timeline(9)
    timeline.word(0, 4, 0.0)
    assert timeline.piece(b"", 100.0).words == []
    timeline.word(5, 9, 150.0)
    assert timeline.piece(b"", 200.0).words == [SpokenWord(0, 4, 0.0, 150.0)]
    assert timeline.piece(b"", 400.0, last=True).words == [SpokenWord(5, 9, 150.0, 400.0)]


@given(
    st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30), st.floats(0, 1000), st.floats(0, 1000))),
    st.lists(st.floats(0, 1000), min_size=1),
)
def test_times_and_characters_only_grow(words: list[tuple[int, int, float, float]], ends: list[float]) -> None:
    timeline = Timeline(20)
    for word in words:
        timeline.word(*word)
    ends = sorted(ends)
    pieces = [timeline.piece(b"", end, last=index == len(ends) - 1) for index, end in enumerate(ends)]
    heard = [word for piece in pieces for word in piece.words]
    assert all(word.start < word.end <= 20 and word.start_ms <= word.end_ms <= ends[-1] for word in heard)
    assert all((a.end <= b.start and a.end_ms <= b.start_ms) or a.end_ms == b.end_ms for a, b in pairwise(heard))
    assert [piece.chars_to for piece in pieces] == sorted(piece.chars_to for piece in pieces)
    assert pieces[-1].chars_to == 20
