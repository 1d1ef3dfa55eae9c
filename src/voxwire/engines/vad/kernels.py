"""The kernels of voxwire-speedups by name, also where it is not installed."""

from collections.abc import Mapping
from typing import Final

#: Each as people know it. A processor runs some of them, and the best of these if none is asked for.
KERNEL_TITLES: Final[Mapping[str, str]] = {
    "avx512vnni": "AVX-512 VNNI",
    "avx512": "AVX-512",
    "avx2": "AVX2",
    "neon": "NEON",
    "baseline": "without AVX2",
}
