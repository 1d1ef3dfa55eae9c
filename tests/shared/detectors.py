"""The speech detectors that this machine can run: by NumPy, and natively by each kernel for its processor."""

from typing import Final

from voxwire.engines.vad.silero import SileroVad
from voxwire.interfaces.vad import VadEngine

try:
    from voxwire_speedups import variants
except ImportError:

    def variants() -> tuple[str, ...]:
        return ()


#: The native ones, best first; none where voxwire-speedups is not installed.
VARIANTS: Final = variants()

#: What `make_detector` takes, the reference first.
KERNELS: Final = ("numpy", *VARIANTS)


#: How far scores may be from the reference. Sums of floats in another order differ by 0.00005 at most. Whole numbers of
#: 16 bits move a score by 0.00001 on average, and by 0.0005 at most in hours of speech and noise; 0.003 was the most
#: under a loud tone, and where audio begins within a word. What counts is that turns are the same.
_FLOATS: Final = 1e-4
_WHOLE_NUMBERS: Final = 5e-3


def tolerance(kernel: str) -> float:
    return _WHOLE_NUMBERS if kernel == "avx512vnni" else _FLOATS


def make_detector(kernel: str) -> VadEngine:
    if kernel == "numpy":
        return SileroVad()
    from voxwire.engines.vad.native_silero import NativeSilero

    return NativeSilero(kernel)
