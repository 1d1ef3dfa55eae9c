"""What the contract tests of all engine kinds share: real engines, real processes."""

import wave
from pathlib import Path

import numpy as np
import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"


def load_16k(name):
    """A fixture as PCM16 at 16 kHz, the rate of recognisers."""
    with wave.open(str(FIXTURES / name)) as clip:
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(float)
        size = len(samples) * 16_000 // clip.getframerate()
    spectrum = np.fft.rfft(samples)[: size // 2 + 1]
    resampled = np.fft.irfft(spectrum, size) * (size / len(samples))
    return np.clip(np.rint(resampled), -32768, 32767).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def speech():
    """Fixture name (without `_24k.wav`) to PCM16 at 16 kHz."""
    return lambda name: load_16k(f"{name}_24k.wav")
