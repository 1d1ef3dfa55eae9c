"""The memory of this process and of everything that it started."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def held_bytes() -> int:
    """What this process and its descendants hold in memory.

    On Linux a page that several share counts once: forked workers share most of what they have. Elsewhere it is the
    resident memory that `ps` tells, shared pages in full.
    """
    if sys.platform == "linux":
        return sum(map(_proportional, _family(_linux_parents())))
    table = _ps()
    return sum(table[pid][1] for pid in _family({pid: parent for pid, (parent, _) in table.items()}))


def _family(parents: dict[int, int]) -> Iterator[int]:
    """This process and its descendants."""
    children = defaultdict(list)
    for pid, parent in parents.items():
        children[parent].append(pid)
    waiting = [os.getpid()]
    while waiting:
        yield (pid := waiting.pop())
        waiting += children[pid]


def _linux_parents() -> dict[int, int]:
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name of the program is in brackets, and may hold anything.
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):  # it has ended meanwhile
                continue
    return parents


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _ps() -> dict[int, tuple[int, int]]:
    """Parent and resident bytes of every process."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = (map(int, line.split()) for line in listing.splitlines())
    return {pid: (parent, kilobytes * 1024) for pid, parent, kilobytes in rows}
