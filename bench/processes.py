"""Which processes there are, whose children they are, and where they may run: what the kernel says of them."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

_LISTENS = "0A"
_STAT = Path("/proc/stat")


def affinity(pid: int) -> set[int]:
    try:
        return os.sched_getaffinity(pid)
    except ProcessLookupError:  # it ended meanwhile
        return set()


def busy_ns(core: int) -> int:
    """What a core has worked since the machine began, and what the machine below took from it."""
    line = next(line for line in _STAT.read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, _irq, _softirq, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + steal) * 10**9 // os.sysconf("SC_CLK_TCK")


def listeners(port: int) -> list[int]:
    """Processes that listen on a port of this machine, among those that this user may look into."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{rest[5]}]")
    return [pid for pid in _processes() if sockets & _open_sockets(pid)]


def with_descendants(pids: Sequence[int]) -> list[int]:
    children = defaultdict(list)
    for pid in _processes():
        try:
            # After the name, which is in brackets and may hold anything.
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children[parent].append(pid)
    found = list(pids)
    for pid in found:  # grows meanwhile
        found += [child for child in children[pid] if child not in found]
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _open_sockets(pid: int) -> set[str]:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # another user's, or it ended meanwhile
        return set()
    found = set()
    for descriptor in descriptors:
        with contextlib.suppress(OSError):  # closed meanwhile
            found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return found
