"""Sound to try engines with: PCM16 mono at 16 kHz, made by arithmetic and always the same."""

import numpy as np

_RATE = 16_000


def hush(ms: float) -> bytes:
    return bytes(2 * int(ms * _RATE / 1000))


def hum(ms: float) -> bytes:
    """As loud and as rich as a voice, and no words: 120 Hz with its overtones, in syllables of 250 ms."""
    time = np.arange(int(ms * _RATE / 1000)) / _RATE
    voice = sum(np.sin(2 * np.pi * 120 * overtone * time) / overtone for overtone in range(1, 20))
    syllables = np.abs(np.sin(2 * np.pi * 2 * time))
    samples = np.asarray(6_000 * voice * syllables / 3)
    return np.clip(samples, -32_768, 32_767).astype("<i2").tobytes()


def noise(ms: float) -> bytes:
    """A faint hiss."""
    samples = np.random.default_rng(1).normal(0, 60, int(ms * _RATE / 1000))
    return samples.astype("<i2").tobytes()
