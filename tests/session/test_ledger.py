"""Which audio carries which characters (protocol: conversation, Truncation)."""

import pytest

from voxwire.interfaces.engine import Word
from voxwire.session.ledger import Ledger

MS = 48  # bytes of PCM16 at 24 kHz


def word(text: str, start: int, start_ms: float, end_ms: float) -> Word:
    return Word(text=text, start=start, end=start + len(text), start_ms=start_ms, end_ms=end_ms)


class TestInterpolation:
    """Without word times, characters are spread evenly over their chunk."""

    @pytest.mark.parametrize(
        ("ms", "chars"), [(0, 0), (50, 5), (99.9, 9), (100, 10), (150, 15), (300, 30), (400, 40), (1000, 40)]
    )
    def test_inside_a_chunk(self, ms: float, chars: int) -> None:
        ledger = Ledger(24_000)
        ledger.add(100 * MS, 10, ())
        ledger.add(300 * MS, 40, ())
        assert ledger.chars_at(ms) == chars

    def test_audio_that_carries_no_new_characters(self) -> None:
        ledger = Ledger(24_000)
        ledger.add(100 * MS, 10, ())
        ledger.add(100 * MS, 0, ())
        assert ledger.chars == 10
        assert ledger.chars_at(150) == 10

    def test_an_empty_ledger_has_nothing(self) -> None:
        ledger = Ledger(24_000)
        assert (ledger.chars_at(0), ledger.size_at(100), ledger.duration_ms) == (0, 0, 0)


class TestWords:
    """With word times the cut falls between words; a word counts once half of it was heard."""

    @pytest.mark.parametrize(("ms", "chars"), [(0, 0), (99, 0), (100, 5), (250, 5), (300, 11), (399, 11), (400, 12)])
    def test_cut(self, ms: float, chars: int) -> None:
        ledger = Ledger(24_000)
        ledger.add(400 * MS, 12, (word("Hello", 0, 0, 200), word("there", 6, 200, 400)))
        assert ledger.chars_at(ms) == chars


class TestSize:
    @pytest.mark.parametrize(("rate", "ms", "size"), [(24_000, 10, 480), (8_000, 10, 160), (8_000, 0.1, 0)])
    def test_bytes_are_whole_samples(self, rate: int, ms: float, size: int) -> None:
        ledger = Ledger(rate)
        ledger.add(10_000, 1, ())
        assert ledger.size_at(ms) == size

    def test_never_more_than_there_is(self) -> None:
        ledger = Ledger(24_000)
        ledger.add(10 * MS, 1, ())
        assert ledger.size_at(1e9) == 10 * MS
