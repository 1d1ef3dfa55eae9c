"""Where the sound begins."""

from array import array

import pytest

from voxwire.engines.stt.pocketsphinx.onset import onset, tail


def tone(ms: int, level: int) -> bytes:
    return array("h", [level, -level] * (8 * ms)).tobytes()


@pytest.mark.parametrize("silence", [bytes(9_600), tone(300, 40)], ids=["digital", "noise"])
def test_silence_before_the_sound_is_left_out_but_60_ms(silence: bytes) -> None:
    assert onset(silence + tone(100, 3_000)) == (300 - 60) * 32


@pytest.mark.parametrize("pcm", [tone(100, 3_000), tone(40, 0) + tone(100, 3_000)])
def test_sound_at_the_beginning_stays_whole(pcm: bytes) -> None:
    assert onset(pcm) == 0


@pytest.mark.parametrize("pcm", [b"", bytes(2), bytes(32_000), tone(500, 30)])
def test_no_sound(pcm: bytes) -> None:
    assert onset(pcm) is None


def test_soft_noise_before_loud_speech_is_no_sound() -> None:
    assert onset(tone(200, 200) + tone(100, 9_000)) == (200 - 60) * 32


def test_the_tail_of_silence_is_what_onset_would_keep() -> None:
    assert len(tail(bytes(32_000))) == 60 * 32
    assert tail(b"ab") == b"ab"
