"""A server that somebody else has started on this machine: what it is called, and what it uses of the processors."""

from functools import cached_property

from address import Address
from processes import affinity, busy_ns, listeners, with_descendants
from servers import GENERATOR_CPU, SERVER_CPU, Usage


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
