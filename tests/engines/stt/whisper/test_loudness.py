"""Where somebody spoke, where nobody did, where a long utterance is cut."""

import numpy as np
import pytest

from voxwire.engines.stt.whisper.loudness import STEP_BYTES, Loudness, audible, levels
from voxwire.testing.contract.signals import hum, hush, noise


def loudness(*parts: bytes) -> Loudness:
    made = Loudness()
    for at in range(0, len(whole := b"".join(parts)), 998):
        made.add(whole[at : at + 998])
    return made


def bytes_of(ms: int) -> int:
    return 32 * ms


def test_the_level_of_each_step() -> None:
    assert levels(b"").tolist() == []
    assert levels(np.full(320 + 100, 1_000, "<i2").tobytes()).tolist() == [1_000]


@pytest.mark.parametrize("pcm", [b"", hush(500), np.full(3_200, 20, "<i2").tobytes()])
def test_what_nobody_can_hear(pcm: bytes) -> None:
    assert audible(levels(pcm)) is None


def test_where_there_is_sound() -> None:
    assert audible(levels(hush(300) + hum(1_000)[3_200:] + hush(500))) == pytest.approx((300, 1_200), abs=60)


@pytest.mark.parametrize("floor", [hush(500), noise(500)])
def test_a_pause_is_quiet_and_a_word_is_not(floor: bytes) -> None:
    heard = loudness(floor, hum(2_000), floor, floor, hum(300))
    end = bytes_of(2_700)
    assert heard.only_quiet(end, end)
    assert heard.only_quiet(end, bytes_of(3_400))
    assert not heard.only_quiet(end, bytes_of(3_800))


def test_in_doubt_somebody_spoke() -> None:
    """Noise as loud as speech: what comes after may be speech."""
    roar = np.random.default_rng(0).normal(0, 3_000, 32_000).astype("<i2").tobytes()
    assert not loudness(roar).only_quiet(bytes_of(1_000), bytes_of(2_000))
    assert not loudness(hum(500)).only_quiet(0, bytes_of(500))


def test_after_silence_silence_is_quiet() -> None:
    assert loudness(hush(1_000)).only_quiet(bytes_of(500), bytes_of(1_000))


def test_a_cut_is_made_in_a_pause() -> None:
    heard = loudness(hum(4_000), hush(400), hum(4_000))
    assert heard.cut(bytes_of(2_000), bytes_of(8_000)) == pytest.approx(bytes_of(4_200), abs=bytes_of(80))
    assert heard.cut(bytes_of(2_000), bytes_of(8_000)) % STEP_BYTES == 0


def test_what_is_dropped_moves_the_rest_to_the_front() -> None:
    heard = loudness(hum(1_000), hush(1_000), hum(1_000))
    heard.drop(bytes_of(1_000))
    assert heard.cut(0, bytes_of(1_500)) < bytes_of(1_000)
