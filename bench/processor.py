"""Which processor it is: figures of vector arithmetic say little without it."""

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
#: The widest first; what the kernel says of each.
_VECTORS = (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("SVE", "sve"), ("NEON", "asimd"), ("SSE2", "sse2"))


def processor(cpuinfo: Path = _CPUINFO) -> str:
    """Name and widest vectors, such as `AMD EPYC 9R14, AVX-512`."""
    fields: dict[str, str] = {}
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name") or platform.machine()
    flags = (fields.get("flags") or fields.get("Features") or "").split()
    widest = next((vector for vector, flag in _VECTORS if flag in flags), "vectors unknown")
    return f"{name}, {widest}"
