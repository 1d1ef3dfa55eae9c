"""Telephone speech for an acoustic model that was trained on more of the spectrum.

Of speech at 8 kHz nothing above 4 kHz is left, and pocketsphinx's model looks at 130 to 6,800 Hz: a third of its
filters hear nothing, and every cepstral coefficient is a sum over all of them. So telephone speech gets a front end of
its own. It measures the spectrum from 200 to 3,500 Hz alone, in frames of the model's own 10 ms, and estimates from
eleven neighbouring frames the cepstrum that the wide band would have had: a linear map, fitted by least squares on
sentences that were heard both ways (`scripts/fit_narrow_band.py`). It explains 67 to
89 % of each coefficient.

Measured on 20 of the assistant's sentences in three voices and on five recordings, through a telephone's band of 250 to
3,450 Hz: 48 of 65 are exact, against 21 by the wide-band front end and 54 with the whole spectrum.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Frames as pocketsphinx cuts them: 25.6 ms every 10 ms, at 16 kHz.
_FRAME: Final = 410
_SHIFT: Final = 160
_FFT: Final = 512
_PRE_EMPHASIS: Final = 0.97
_FILTERS: Final = 24
_LOWEST_HZ, _HIGHEST_HZ = 200, 3_500
#: Keeps the logarithm of silence where quantised audio has it.
_FLOOR: Final = 1e4
#: Frames on each side that the estimate of one frame looks at.
NEIGHBOURS: Final = 5

Frames = NDArray[np.float32]


class NarrowBandCepstra:
    """One utterance: PCM16 at 16 kHz that was resampled from 8 kHz, to frames of 13 coefficients each."""

    def __init__(self) -> None:
        self._map = _fitted()
        self._last_sample = 0.0
        self._samples = np.zeros(0)
        self._spectra = np.zeros((0, _FILTERS))

    def push(self, pcm: bytes) -> Frames:
        """The frames that this audio completes; the newest 50 ms wait for their neighbours."""
        self._hear(np.frombuffer(pcm, "<i2").astype(np.float64))
        return self._estimates(len(self._spectra) - 2 * NEIGHBOURS)

    def flush(self) -> Frames:
        """The frames that are left at the end of the utterance."""
        self._extend(np.repeat(self._spectra[-1:], NEIGHBOURS, axis=0))
        return self._estimates(len(self._spectra) - 2 * NEIGHBOURS)

    def _hear(self, samples: NDArray[np.float64]) -> None:
        if not len(samples):
            return
        before = np.append(self._last_sample, samples[:-1])
        self._last_sample = float(samples[-1])
        self._samples = np.append(self._samples, samples - _PRE_EMPHASIS * before)
        count = 1 + (len(self._samples) - _FRAME) // _SHIFT
        if count > 0:
            self._extend(log_spectra(self._samples[: _FRAME + (count - 1) * _SHIFT]))
            self._samples = self._samples[count * _SHIFT :]

    def _extend(self, spectra: NDArray[np.float64]) -> None:
        if not len(self._spectra) and len(spectra):
            self._spectra = np.repeat(spectra[:1], NEIGHBOURS, axis=0)
        self._spectra = np.concatenate([self._spectra, spectra])

    def _estimates(self, count: int) -> Frames:
        if count <= 0:
            return np.zeros((0, self._map.shape[1]), np.float32)
        frames = neighbourhoods(self._spectra) @ self._map[:-1] + self._map[-1]
        self._spectra = self._spectra[count:]
        return np.ascontiguousarray(frames, np.float32)


def log_spectra(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the energies in `_FILTERS` bands, a row a frame; `samples` are pre-emphasised."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_SHIFT] * np.hamming(_FRAME)
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2
    logarithms: NDArray[np.float64] = np.log(power @ _filter_bank() + _FLOOR)
    return logarithms


def neighbourhoods(spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each frame that has all its neighbours, with them, as one row."""
    width = 2 * NEIGHBOURS + 1
    windows = np.lib.stride_tricks.sliding_window_view(spectra, width, axis=0)
    return windows.transpose(0, 2, 1).reshape(len(windows), -1)


def pre_emphasised(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The samples with the tilt of the voice taken out, as `NarrowBandCepstra` hears them."""
    return samples - _PRE_EMPHASIS * np.append(0.0, samples[:-1])


@lru_cache(maxsize=1)
def _filter_bank() -> NDArray[np.float64]:
    """Triangles of equal width on the mel scale, a column a filter."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, _FILTERS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(_FFT, 1 / 16_000)[:, np.newaxis]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    bank: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return bank


@lru_cache(maxsize=1)
def _fitted() -> NDArray[Any]:
    """The map: a row for each band of each neighbour and one of constants, a column a coefficient."""
    with (files(__package__) / "narrow_band.npy").open("rb") as file:
        return np.asarray(np.load(file), np.float64)
