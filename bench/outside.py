"""A server that somebody else has started on this machine: what it is called, and what it uses of the processors."""

import contextlib
import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from address import Address
from servers import GENERATOR_CPU, SERVER_CPU, Usage

_LISTENS = "0A"


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
        """Of all its processes: what a session costs in them is paid by the same machine."""
        return Usage.of(self.pids())

    def remarks(self) -> list[str]:
        """What a reader of the figures has to know."""
        pids = self.pids()
        if not pids:
            return [f"{self.name}: no process of yours listens on port {self.address.port}, so its cost is not known."]
        cores = set[int]().union(*(os.sched_getaffinity(pid) for pid in pids))
        if len(cores) == 1 and GENERATOR_CPU not in cores:
            return []
        return [
            f"{self.name}: it may run on cores {sorted(cores)}, and the load runs on {GENERATOR_CPU}. "
            f"Figures of one core need it started with `taskset -c {SERVER_CPU}`."
        ]


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
