"""The logarithm of the energy in bands of pitch, a hundred times a second: what Whisper's encoder hears.

The same numbers as OpenAI's `whisper.audio`, in NumPy. Models that hear with such an encoder prepare the sound, and say
how much of it they want; this is the rest.
"""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from voxwire.audio.pcm import SPEECH_RATE

#: Frames a second, samples from one to the next, and samples that a frame looks at.
FRAMES_PER_SECOND: Final = 100
HOP: Final = SPEECH_RATE // FRAMES_PER_SECOND
FRAME: Final = 400
#: Slaney's scale: even up to 1,000 Hz (band 15), and 27 bands for each further factor of 6.4.
_LINEAR_HZ: Final = 200 / 3
_LOG_FROM: Final = 15.0
_LOG_STEP: Final = np.log(6.4) / 27
_FLOOR: Final = 1e-10
#: The logarithm of nothing at all.
NOTHING_HEARD: Final = -10.0
#: What is quieter than the loudest value by more than this is as good as silent; powers of ten.
_RANGE: Final = 8.0


def log_energies(samples: NDArray[Any], frames: int, bands: int) -> NDArray[Any]:
    """Samples from -1 to 1 at 16 kHz as (bands, frames), in the precision of the samples.

    The first frame looks at the first `FRAME` samples: half a frame of them belongs before the sound.
    """
    cut = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[: frames * HOP : HOP]
    spectra = np.fft.rfft(cut * _window(samples.dtype))
    energy = spectra.real**2 + spectra.imag**2
    energies: NDArray[Any] = np.log10(np.maximum(_filters(bands, samples.dtype) @ energy.T, _FLOOR))
    return energies


def compress(features: NDArray[Any]) -> None:
    """Bring logarithms into the range that the model was trained on, in place."""
    np.maximum(features, features.max() - _RANGE, out=features)
    features += 4
    features /= 4


@lru_cache(maxsize=2)
def _window(precision: DTypeLike) -> NDArray[Any]:
    return np.hanning(FRAME + 1)[:-1].astype(precision)


@lru_cache(maxsize=4)
def _filters(bands: int, precision: DTypeLike) -> NDArray[Any]:
    """(bands, 201): how much each frequency adds to each band. Bands are triangles that overlap by half."""
    edges = _hertz(np.linspace(0, _mel(SPEECH_RATE / 2), bands + 2))
    frequencies = np.fft.rfftfreq(FRAME, 1 / SPEECH_RATE)
    rising = (frequencies - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - frequencies) / np.diff(edges)[1:, np.newaxis]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, np.newaxis]).astype(precision)


def _mel(hertz: float) -> float:
    return float(_LOG_FROM + np.log(hertz / (_LOG_FROM * _LINEAR_HZ)) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = _LOG_FROM * _LINEAR_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM))
    return np.where(mels < _LOG_FROM, mels * _LINEAR_HZ, beyond)
