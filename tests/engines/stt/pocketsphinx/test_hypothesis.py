"""What a decoder understood, and how well it fits the sound."""

import pytest

from voxwire.engines.stt.pocketsphinx.hypothesis import Hypothesis, Segment, fits_as_well, joined


def reading(*segments: tuple[str | None, int, float]) -> Hypothesis:
    """Segments as (word, frames, score a frame)."""
    at = 0
    made = []
    for word, frames, score in segments:
        made.append(Segment(word, at, at + frames, score * frames))
        at += frames
    return Hypothesis(made)


FREE = reading((None, 20, -1.0), ("whatsoever", 60, -5.0), ("in", 20, -5.0), ("boston", 60, -5.0), (None, 20, -1.0))


def test_words_leave_out_silence() -> None:
    assert joined(FREE.words) == "whatsoever in boston"


@pytest.mark.parametrize("score", [-4.0, -5.0, -5.4])
def test_a_reading_that_fits_about_as_well_is_believed(score: float) -> None:
    assert fits_as_well(reading((None, 20, -1.0), ("weather", 140, score), (None, 20, -1.0)), FREE)


def test_a_reading_that_fits_worse_throughout_is_not() -> None:
    assert not fits_as_well(reading((None, 20, -1.0), ("weather", 140, -5.8), (None, 20, -1.0)), FREE)


def test_one_wrong_word_is_enough() -> None:
    wrong = reading((None, 20, -1.0), ("weather", 60, -4.0), ("in", 20, -4.0), ("dallas", 50, -7.6), (None, 30, -1.0))
    assert not fits_as_well(wrong, FREE)


def test_the_same_loss_outside_a_window_is_no_matter() -> None:
    """A short deviation, such as a word boundary that lies elsewhere, is no wrong word."""
    short = reading((None, 20, -1.0), ("weather", 60, -4.0), ("in", 20, -4.0), ("d", 10, -7.6), ("enver", 70, -3.0))
    assert fits_as_well(short, FREE)


def test_nothing_heard_is_no_reading() -> None:
    assert not fits_as_well(Hypothesis([]), FREE)
    assert not fits_as_well(FREE, Hypothesis([]))
    assert not fits_as_well(reading((None, 180, -1.0)), FREE)
