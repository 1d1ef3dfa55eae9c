"""Changing the sample rate, as one matrix product (ADR 9).

Resampling by L/M means: put L-1 zeros after every sample, low-pass, keep every M-th value. Output
`n` sits at position `(n + 1) * M - 1` of the stretched signal, so it depends only on input that has
already come: after `N` input samples there are exactly `N * L // M` outputs, however the input was
cut into pieces, and nothing is held back. (Libraries that work in blocks hold back 5 to 75 ms and
let go of it unevenly.) `M` inputs always make `L` outputs with the same coefficients, so a stretch
of input, cut into overlapping rows, times one matrix gives all outputs.

The filter has 32 taps a phase at the lower of the two rates, shaped by a Kaiser window. Measured
on int16 tones, with f the lower rate: within 0.05 dB up to 0.39 f (6.2 kHz of 16 kHz), -0.2 dB at
0.41 f, -1.3 dB at 0.43 f, -6 dB at 0.46 f; what lies beyond 0.54 f comes back as alias or image
at -80 dB or less. The signal comes out up to 16 samples of the lower rate later: 0.7 ms at 24 kHz, 1 ms
at 16 kHz, 2 ms at 8 kHz.

Results are rounded to the nearest int16 (halves to even) and clipped at full scale, never wrapped.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Precision = type[np.float32] | type[np.float64]

_PCM: Final[np.dtype[np.int16]] = np.dtype("<i2")
_TAPS: Final = 32
#: Middle of the filter's slope as a share of the lower rate: speech up to 0.38 passes, and what
#: folds back from 0.5 to 0.54 lands above 0.46, where speech has next to nothing.
_CUTOFF: Final = 0.46
#: The shape that Kaiser's formula gives for 80 dB, about the noise of 14-bit audio.
_BETA: Final = 0.1102 * (80 - 8.7)
#: Coefficients are multiples of this. Times a 16-bit sample and added up over all taps, they still
#: fit the 53 bits of a double, so sums are exact in whatever order BLAS takes them.
_QUANTUM: Final = 2.0**-30
#: Largest M. Every pair of rates in use needs at most 441; odder ones are met within 4 parts in a
#: million, 14 ms an hour.
_MAX_GROUP: Final = 512
#: Rows of about this many inputs keep the copied overlap small and the product wide.
_BLOCK: Final = 48
#: Samples converted at a time, so that a long clip does not need many times its size as floats.
_SLAB: Final = 65_536
_RATES: Final = range(4_000, 384_001)


class Polyphase:
    """The coefficients for one pair of rates: `rows @ matrix` makes `block * up / down` outputs a row.

    A row is `history` older samples and `block` new ones; `block` is a multiple of `down`. Computed
    in float64 results are exact to the bit, however the rows are arranged; float32 takes half the
    time and may round the last bit the other way.
    """

    def __init__(self, rate_in: int, rate_out: int, dtype: Precision) -> None:
        for rate in (rate_in, rate_out):
            if rate not in _RATES:
                raise ValueError(f"sample rate {rate} Hz is outside {_RATES.start} to {_RATES.stop - 1} Hz")
        ratio = Fraction(rate_out, rate_in).limit_denominator(_MAX_GROUP)
        self.up, self.down = ratio.numerator, ratio.denominator
        taps = _TAPS * max(self.up, self.down) // self.up
        groups = 1 << max(0, (_BLOCK // self.down).bit_length() - 1)
        self.block = groups * self.down
        self.history = taps - 1

        prototype = _low_pass(taps, self.up, cutoff=_CUTOFF * min(1.0, self.up / self.down))
        position = np.arange(1, groups * self.up + 1) * self.down - 1
        distance = position - self.up * np.arange(-self.history, self.block)[:, np.newaxis]
        reached = (distance >= 0) & (distance < len(prototype))
        self._dtype = dtype
        self._matrix = np.where(reached, prototype[distance.clip(0, len(prototype) - 1)], 0).astype(dtype)
        self._lowest, self._highest = dtype(-32768), dtype(32767)

    @property
    def coefficients(self) -> NDArray[Any]:
        """(up, history + down): what each of `up` outputs takes of `down` inputs and of what came before them."""
        return np.ascontiguousarray(self._matrix[: self.history + self.down, : self.up].T)

    def __call__(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """Rows of `history + n * block` samples to rows of outputs; the rows are independent."""
        lanes, length = samples.shape
        blocks = (length - self.history) // self.block
        values = samples.astype(self._dtype)
        lane_step, step = values.strides
        overlapping: NDArray[Any] = np.ndarray(
            (lanes, blocks, self.history + self.block),
            self._dtype,
            values,
            strides=(lane_step, self.block * step, step),
        )
        out: NDArray[Any] = overlapping.reshape(lanes * blocks, -1) @ self._matrix
        np.rint(out, out=out)
        # Two plain ufuncs: `clip` goes through Python and costs as much as the product of one window.
        np.maximum(out, self._lowest, out=out)
        np.minimum(out, self._highest, out=out)
        return out.reshape(lanes, -1).astype(_PCM)


def _low_pass(taps: int, phases: int, *, cutoff: float) -> NDArray[np.float64]:
    """`taps * phases` coefficients; `cutoff` in cycles per input sample.

    Every phase adds up to 1, so that a constant stays that constant; values are whole quanta.
    """
    length = taps * phases
    time = (np.arange(length) - (length - 1) / 2) / phases
    kernel = np.sinc(2 * cutoff * time) * np.kaiser(length, _BETA)
    by_phase: NDArray[np.float64] = kernel.reshape(taps, phases)
    by_phase /= by_phase.sum(axis=0)
    return np.rint(by_phase.reshape(length) / _QUANTUM) * _QUANTUM


@lru_cache(maxsize=16)
def polyphase(rate_in: int, rate_out: int, dtype: Precision) -> Polyphase:
    """The coefficients, computed once for each pair of rates. Raises ValueError on a rate out of range."""
    return Polyphase(rate_in, rate_out, dtype)


class Resampler:
    """One stream of PCM16 mono from `rate_in` to `rate_out` Hz, both 4 000 to 384 000.

    The bytes that come out depend only on the bytes that went in before, not on how they were cut.
    Equal rates pass unchanged.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._polyphase = polyphase(rate_in, rate_out, np.float64)
        self._unchanged = rate_in == rate_out
        if not self._unchanged:
            self._tail = np.zeros(self._polyphase.history, _PCM)

    def push(self, pcm: bytes) -> bytes:
        """Take samples, give all outputs they complete. Raises ValueError on an odd number of bytes."""
        samples = np.frombuffer(pcm, _PCM)
        if self._unchanged:
            return pcm
        return b"".join(self._push(samples[start : start + _SLAB]) for start in range(0, len(samples), _SLAB))

    def _push(self, samples: NDArray[np.int16]) -> bytes:
        # The tail is the filter's history and the begun group of `down` inputs. The begun group is
        # computed again with what came now; zeros fill the last row, and no output kept sees them.
        filter_ = self._polyphase
        begun = len(self._tail) - filter_.history
        total = begun + len(samples)
        stretch = np.zeros(filter_.history + -(-total // filter_.block) * filter_.block, _PCM)
        end = filter_.history + total
        stretch[: len(self._tail)] = self._tail
        stretch[len(self._tail) : end] = samples
        self._tail = stretch[total - total % filter_.down : end].copy()
        out = filter_(stretch[np.newaxis]).ravel()
        return out[begun * filter_.up // filter_.down : total * filter_.up // filter_.down].tobytes()
