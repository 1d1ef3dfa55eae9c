"""A server that somebody else has started on this machine: what it is called, and what it uses of the processors."""

import contextlib
import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from address import Address
from servers import GENERATOR_CPU, SERVER_CPU, Usage

_LISTENS = "0A"
_STAT = Path("/proc/stat")


class OutsideServer:
    """Known by its address alone: whose processes it has is found out by the port."""

    #: Others count `audio_start_ms` otherwise, and hold a turn's beginning back: only the round trip is compared.
    judges_detection = False

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self.address = address

    @cached_property
    def _listening(self) -> list[int]:
        return listeners(self.address.port)

    def pids(self) -> list[int]:
        """The processes that listen on its port, and all that they have started; empty where none can be seen."""
        return with_descendants(self._listening)

    def usage(self) -> Usage:
        """Of all its processes: what a session costs in them is paid by the same machine.

        Many threads on one core wait for each other, and that is no disturbance. So what counts as waiting is the time
        that the core worked for anybody else; on several cores nobody can tell.
        """
        used = {task: ran for task, (ran, _) in Usage.of(self.pids()).items()}
        cores = self._cores()
        if len(cores) != 1:
            return Usage({task: (ran, 0) for task, ran in used.items()})
        (core,) = cores
        return Usage({task: (ran, -ran) for task, ran in used.items()} | {"the core": (0, busy_ns(core))})

    def _cores(self) -> set[int]:
        return set[int]().union(*(affinity(pid) for pid in self.pids()))

    def remarks(self) -> list[str]:
        """What a reader of the figures has to know."""
        cores = self._cores()
        if not cores:
            return [f"{self.name}: no process of yours listens on port {self.address.port}, so its cost is not known."]
        if len(cores) == 1 and GENERATOR_CPU not in cores:
            return []
        return [
            f"{self.name}: it may run on cores {sorted(cores)}, and the load runs on {GENERATOR_CPU}. "
            f"Figures of one core need it started with `taskset -c {SERVER_CPU}`."
        ]


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


def with_descendants(pids: list[int]) -> list[int]:
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
