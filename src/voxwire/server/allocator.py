"""The C library's allocator, told to give large blocks back to the system."""

import ctypes
import sys
from typing import Final

# From malloc.h of glibc.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

#: A block from this size on is mapped by itself, and unmapped when it is freed. Messages of speech are far
#: smaller. Left alone, glibc raises this bound to the largest block that was ever freed, up to 32 MiB, and
#: then carves messages of a client out of its heap: after 80 of 30 MiB it kept 180 MiB of nothing.
_MAPPED_BYTES: Final = 1024 * 1024
#: Free memory at the end of the heap that is kept for the next allocation.
_KEPT_BYTES: Final = 8 * 1024 * 1024
#: Heaps: one for the loop, one that all other threads share, since what is large is mapped anyway.
_ARENAS: Final = 2


def return_large_blocks() -> bool:
    """Set the bounds for this process; False where the C library is another than glibc."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    bounds = ((_M_MMAP_THRESHOLD, _MAPPED_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_ARENA_MAX, _ARENAS))
    return all([mallopt(name, value) == 1 for name, value in bounds])
