"""Recordings as recognisers take them."""

import wave
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).parents[2] / "fixtures"


def speech(name: str) -> bytes:
    """A fixture, named without `_24k.wav`, as PCM16 at 16 kHz, the rate of recognisers."""
    with wave.open(str(FIXTURES / f"{name}_24k.wav")) as clip:
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(float)
        size = len(samples) * 16_000 // clip.getframerate()
    spectrum = np.fft.rfft(samples)[: size // 2 + 1]
    resampled = np.fft.irfft(spectrum, size) * (size / len(samples))
    return bytes(np.clip(np.rint(resampled), -32768, 32767).astype("<i2").tobytes())
