"""What the network hears of a turn: its last 8 seconds, at an even loudness."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.pcm import SPEECH_RATE
from voxwire.engines.log_mel import FRAME, HOP, compress, log_energies

Features = NDArray[np.float32]

#: 8 seconds, in 800 frames. What is shorter has silence before it.
_SAMPLES: Final = 8 * SPEECH_RATE
BANDS: Final = 80
FRAMES: Final = _SAMPLES // HOP


def voice_features(pcm: bytes) -> Features:
    """PCM16 mono at 16 kHz as (BANDS, FRAMES)."""
    samples = np.zeros(_SAMPLES)
    last = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")[-_SAMPLES:]
    samples[_SAMPLES - len(last) :] = last / 32_768
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    features = log_energies(np.pad(samples, FRAME // 2, mode="reflect"), FRAMES, BANDS)
    compress(features)
    return np.ascontiguousarray(features, np.float32)
