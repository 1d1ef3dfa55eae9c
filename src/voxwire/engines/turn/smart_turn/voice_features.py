"""What the network hears: the logarithm of the energy in 80 bands of pitch, as Whisper's encoder gets it.

The same numbers as the makers' own features, to 1e-5 (`tests/true_weights/test_smart_turn.py`).
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]

_RATE: Final = 16_000
#: The network hears the last 8 seconds, in 800 frames. What is shorter has silence before it.
_SAMPLES: Final = 8 * _RATE
_HOP: Final = 160
_FRAME: Final = 400
BANDS: Final = 80
FRAMES: Final = _SAMPLES // _HOP
_FLOOR: Final = 1e-10
#: What is quieter than the loudest value by more than this is as good as silent; powers of ten.
_RANGE: Final = 8.0
#: Slaney's scale of pitch: 3 steps for 200 Hz below 1,000 Hz, 27 for each further factor of 6.4.
_STEP_HZ: Final = 200 / 3
_LINEAR_TO_HZ: Final = 1000.0


def voice_features(pcm: bytes) -> Features:
    """PCM16 mono at 16 kHz as (BANDS, FRAMES)."""
    samples = np.zeros(_SAMPLES, np.float32)
    last = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")[-_SAMPLES:]
    samples[_SAMPLES - len(last) :] = last / np.float32(32_768)
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    around = np.pad(samples, _FRAME // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, _FRAME)[::_HOP][:FRAMES]
    spectra = np.fft.rfft(frames * _window())
    energy = spectra.real**2 + spectra.imag**2
    features = np.log10(np.maximum(_bands() @ energy.T, _FLOOR))
    features = (np.maximum(features, features.max() - _RANGE) + 4) / 4
    return np.ascontiguousarray(features, np.float32)


@cache
def _window() -> NDArray[np.float64]:
    return np.hanning(_FRAME + 1)[:-1]


@cache
def _bands() -> NDArray[np.float64]:
    """(BANDS, frequencies): how much each frequency adds to each band. Bands are triangles that overlap by half."""
    steps = np.linspace(0, _step_of(_RATE / 2), BANDS + 2)
    linear = _LINEAR_TO_HZ / _STEP_HZ
    edges = np.where(steps < linear, steps * _STEP_HZ, _LINEAR_TO_HZ * 6.4 ** ((steps - linear) / 27))
    frequencies = np.fft.rfftfreq(_FRAME, 1 / _RATE)
    widths = np.diff(edges)
    rising = (frequencies - edges[:-2, np.newaxis]) / widths[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - frequencies) / widths[1:, np.newaxis]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, np.newaxis])


def _step_of(hertz: float) -> float:
    """Of a frequency above the linear part."""
    return float(_LINEAR_TO_HZ / _STEP_HZ + 27 * np.log(hertz / _LINEAR_TO_HZ) / np.log(6.4))
