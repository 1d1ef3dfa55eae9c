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


def make_detector(kernel: str) -> VadEngine:
    if kernel == "numpy":
        return SileroVad()
    from voxwire.engines.vad.native_silero import NativeSilero

    return NativeSilero(kernel)
