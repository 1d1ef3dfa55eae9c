"""Detection windows: the batch equals each stream alone, and both equal the plain resampler."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.audio.windows import WindowResampler

every_format = pytest.mark.parametrize("format", AudioFormat)


def speechlike(windows: int, format: AudioFormat, seed: int) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 6_000, windows * format.rate * 32 // 1000)
    return from_pcm(noise.clip(-32768, 32767).astype("<i2").tobytes(), format)


def samples(windows: list[bytes]) -> NDArray[np.int64]:
    return np.frombuffer(b"".join(windows), "<i2").astype(np.int64)


def stretches(audio: bytes, resampler: WindowResampler, format: AudioFormat) -> list[bytes]:
    padded = resampler.silence + audio
    starts = range(0, len(audio), format.window_bytes)
    return [padded[start : start + resampler.stretch_bytes] for start in starts]


@every_format
@settings(max_examples=20)
@given(windows=st.integers(1, 40), seed=st.integers(0, 1_000))
def test_windows_equal_the_stream(format: AudioFormat, windows: int, seed: int) -> None:
    """The stream sums exactly, the batch in float32, so a value may round the other way."""
    audio = speechlike(windows, format, seed)
    resampler = WindowResampler(format)
    batch = samples(resampler(stretches(audio, resampler, format)))
    assert batch.shape == (windows * 512,)
    stream = np.frombuffer(Resampler(format.rate, SPEECH_RATE).push(to_pcm(audio, format)), "<i2")
    # A-law has no zero: its silence before the stream is 8, so the first millisecond may differ by that.
    start = 32 if format is AudioFormat.ALAW else 0
    assert np.abs(batch - stream)[start:].max() <= 1
    assert np.abs(batch - stream).max() <= 16


@every_format
def test_conversations_in_a_batch_do_not_touch_each_other(format: AudioFormat) -> None:
    resampler = WindowResampler(format)
    each = [stretches(speechlike(1, format, seed), resampler, format)[0] for seed in range(32)]
    batch = samples(resampler(each))
    alone = samples([window for one in each for window in resampler([one])])
    assert np.abs(batch - alone).max() <= 1


@every_format
def test_silence_stays_silence(format: AudioFormat) -> None:
    resampler = WindowResampler(format)
    quiet = resampler.silence + from_pcm(bytes(format.rate * 32 // 1000 * 2), format)
    assert len(quiet) == resampler.stretch_bytes
    expected = 8 if format is AudioFormat.ALAW else 0
    assert set(samples(resampler([quiet])).tolist()) == {expected}


@every_format
def test_silence_among_sound_keeps_its_place(format: AudioFormat) -> None:
    resampler = WindowResampler(format)
    quiet = resampler.silence + from_pcm(bytes(format.rate * 32 // 1000 * 2), format)
    loud = stretches(speechlike(1, format, 7), resampler, format)[0]
    first, second, third = resampler([quiet, loud, quiet])
    assert first == third == resampler([quiet])[0]
    assert second == resampler([loud])[0]
