"""What Whisper hears: the logarithm of the energy in bands of pitch, a hundred times a second.

The same numbers as the model was trained on (OpenAI's `whisper.audio`), in NumPy. A window of them is as long as one
wants, not always 30 s: that is where the time of a decode goes.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.pcm import SPEECH_RATE

FloatArray = NDArray[np.float32]


#: Frames a second, samples from one to the next, and samples that a frame looks at.
FRAMES_PER_SECOND: Final = 100
HOP: Final = SPEECH_RATE // FRAMES_PER_SECOND
_LENGTH: Final = 400
#: Slaney's scale: even up to 1,000 Hz (band 15), and 27 bands for each further factor of 6.4.
_LINEAR_HZ: Final = 200 / 3
_LOG_FROM: Final = 15.0
_LOG_STEP: Final = np.log(6.4) / 27
_FLOOR: Final = np.float32(1e-10)
#: What is quieter than the loudest value by more than this is as good as silent; powers of ten.
_RANGE: Final = 8.0


def log_mel(pcm: bytes, frames: int, bands: int = 80) -> FloatArray:
    """PCM16 mono at 16 kHz as (bands, frames): what there is, then silence; what is longer is cut off."""
    features = np.empty((bands, frames), np.float32)
    samples = np.frombuffer(pcm, "<i2")[: frames * HOP].astype(np.float32)
    samples /= 32_768
    # Silence after the sound is part of what is heard: the last frames look half beyond the end.
    heard = min(frames, -(-len(samples) // HOP) + 2)
    stretch = np.zeros(heard * HOP + _LENGTH, np.float32)
    half = _LENGTH // 2
    stretch[half : half + len(samples)] = samples
    stretch[:half] = stretch[2 * half : half : -1]  # mirrored before the start, as the model's makers did
    cut = np.lib.stride_tricks.sliding_window_view(stretch, _LENGTH)[: heard * HOP : HOP]
    spectra = np.fft.rfft(cut * _window())
    energy = spectra.real**2 + spectra.imag**2
    features[:, :heard] = np.log10(np.maximum(_filters(bands) @ energy.T, _FLOOR))
    features[:, heard:] = np.log10(_FLOOR)
    np.maximum(features, features.max() - _RANGE, out=features)
    features += 4
    features /= 4
    return features


@lru_cache(maxsize=1)
def _window() -> FloatArray:
    return np.hanning(_LENGTH + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=2)
def _filters(bands: int) -> FloatArray:
    """(bands, 201): how much each frequency adds to each band. Bands are triangles that overlap by half."""
    edges = _hertz(np.linspace(0, _mel(SPEECH_RATE / 2), bands + 2))
    frequencies = np.fft.rfftfreq(_LENGTH, 1 / SPEECH_RATE)
    rising = (frequencies - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - frequencies) / np.diff(edges)[1:, np.newaxis]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, np.newaxis]).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(_LOG_FROM + np.log(hertz / (_LOG_FROM * _LINEAR_HZ)) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = _LOG_FROM * _LINEAR_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM))
    return np.where(mels < _LOG_FROM, mels * _LINEAR_HZ, beyond)
