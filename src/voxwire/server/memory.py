"""How much memory the process may have."""

import os
from pathlib import Path
from typing import Final

#: Where the kernel says what a container may have: control groups of version 2 and of version 1.
_CGROUP_LIMITS: Final = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
#: Share of the memory that messages of clients may take, and how little is too little: 16 of the largest.
_SHARE: Final = 4
_LEAST_BYTES: Final = 512 * 1024 * 1024


def message_memory(root: Path = Path("/")) -> int:
    """Bytes for messages that are unfinished or wait: a quarter of the memory, at least 512 MiB."""
    return max(_LEAST_BYTES, available(root) // _SHARE)


def available(root: Path = Path("/")) -> int:
    """Bytes of memory of this machine, or of the container if that has less; 0 where nobody says."""
    found = [limit for name in _CGROUP_LIMITS if (limit := _limit(root / name)) is not None]
    try:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not on this system
        pass
    return min(found, default=0)


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None  # "max" stands for none
