"""Engine speech to audio deltas: sizes, rates, and how far into the text each one speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import SpokenAudio
from voxwire.interfaces.tts import TtsAudio
from voxwire.runtime.chunker import Chunker


def pcm(ms: float, rate: int = 24_000) -> bytes:
    return bytes(2 * int(ms * rate / 1000))


def chunk_all(stretches: list[TtsAudio], rate_in: int = 24_000, rate_out: int = 24_000) -> list[SpokenAudio]:
    chunker = Chunker(rate_in, rate_out)
    chunks = [chunk for stretch in stretches for chunk in chunker.push(stretch)]
    return chunks + list(chunker.flush())


def lengths_ms(chunks: list[SpokenAudio], rate: int = 24_000) -> list[float]:
    return [len(chunk.pcm) * 500 / rate for chunk in chunks]


def test_a_long_stretch_is_cut_small_first() -> None:
    chunks = chunk_all([TtsAudio(pcm=pcm(650), chars_from=0, chars_to=65)])
    assert lengths_ms(chunks) == [100, 200, 200, 150]
    assert [chunk.chars_to for chunk in chunks] == [10, 30, 50, 65]


def test_dribs_are_gathered() -> None:
    stretches = [TtsAudio(pcm=pcm(20), chars_from=2 * i, chars_to=2 * i + 2) for i in range(20)]
    chunks = chunk_all(stretches)
    assert lengths_ms(chunks) == [60, 100, 100, 100, 40]
    assert [chunk.chars_to for chunk in chunks] == [6, 16, 26, 36, 40]


def test_a_short_answer_comes_out_at_the_end() -> None:
    chunker = Chunker(24_000, 24_000)
    assert list(chunker.push(TtsAudio(pcm=pcm(30), chars_from=0, chars_to=2))) == []
    assert [chunk.chars_to for chunk in chunker.flush()] == [2]
    assert list(chunker.flush()) == []


def test_silence_alone_gives_nothing() -> None:
    assert chunk_all([]) == []
    assert chunk_all([TtsAudio(pcm=b"", chars_from=0, chars_to=3)]) == []


@pytest.mark.parametrize("rate_in", [8_000, 16_000, 22_050, 24_000])
@pytest.mark.parametrize("rate_out", [8_000, 24_000])
def test_rates_are_changed_once_and_nothing_is_lost(rate_in: int, rate_out: int) -> None:
    stretches = [TtsAudio(pcm=pcm(100, rate_in), chars_from=i, chars_to=i + 1) for i in range(10)]
    chunks = chunk_all(stretches, rate_in, rate_out)
    assert sum(lengths_ms(chunks, rate_out)) == pytest.approx(1000, abs=1)
    assert 50 <= lengths_ms(chunks, rate_out)[0] <= 100
    assert max(lengths_ms(chunks, rate_out)) <= 200
    assert chunks[-1].chars_to == 10


def test_word_times_decide_where_they_are_known() -> None:
    words = (
        Word(text="slowly", start=0, end=6, start_ms=0, end_ms=400),
        Word(text="no", start=7, end=9, start_ms=450, end_ms=500),
    )
    chunks = chunk_all([TtsAudio(pcm=pcm(500), chars_from=0, chars_to=9, words=words)])
    assert lengths_ms(chunks) == [100, 200, 200]
    assert [chunk.chars_to for chunk in chunks] == [1, 4, 9]
    assert [[word.text for word in chunk.words] for chunk in chunks] == [["slowly"], [], ["no"]]


def test_words_told_ahead_of_their_audio_wait_for_it() -> None:
    words = tuple(Word(text="w", start=2 * i, end=2 * i + 1, start_ms=100 * i, end_ms=100 * i + 90) for i in range(6))
    first = TtsAudio(pcm=pcm(200), chars_from=0, chars_to=4, words=words)
    second = TtsAudio(pcm=pcm(400), chars_from=4, chars_to=12)
    chunks = chunk_all([first, second])
    assert [len(chunk.words) for chunk in chunks] == [1, 1, 2, 2]
    assert [word for chunk in chunks for word in chunk.words] == list(words)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), max_size=12))
def test_chunks_hold_all_audio_and_never_go_back(pieces: list[tuple[int, int]]) -> None:
    at = 0
    stretches = []
    for ms, chars in pieces:
        stretches.append(TtsAudio(pcm=pcm(ms), chars_from=at, chars_to=at + chars))
        at += chars
    chunks = chunk_all(stretches)
    assert b"".join(chunk.pcm for chunk in chunks) == b"".join(stretch.pcm for stretch in stretches)
    ends = [chunk.chars_to for chunk in chunks]
    assert ends == sorted(ends)
    assert not ends or ends[-1] <= at
    if chunks and pieces[-1][0]:
        assert ends[-1] == at
