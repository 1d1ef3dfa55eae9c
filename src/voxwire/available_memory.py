"""How much memory this machine has, or the container in which we run."""

import os
from pathlib import Path
from typing import Final

#: Where the kernel says what a container may have: control groups of version 2 and of version 1.
_CGROUP_LIMITS: Final = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")


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
