"""What a second worker is worth: `python bench/workers.py` (`--quick` for one round).

Two workers on two cores of their own hold as many sessions as two servers of one process would, less what they cost
more for each frame, and less what one of them has more than the other. Both are measured, at the same load for each
worker: one worker with S sessions beside two workers with 2 S. All are on one core and below what it holds, so no
third core is needed for the load; that the processor's time is divided changes what a frame waits, not what it costs.

    sessions of two workers / sessions of one = 2 x (cost of one / cost of two) x (mean share / largest share)

With `--capacity` it is also tried: one worker on a core, and two workers on two. Where the machine has no third core
for the load, the load takes its part of one of them; that part is said, for it bounds what can be held.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Self

import uvloop

from capacity import capacity
from figures import median
from load import Load
from servers import GENERATOR_CPU, SERVER_CPU, Server, Usage, need_processors
from speech import speech_loop

#: Sessions of each worker, and milliseconds of their frames.
_SESSIONS, _FRAME_MS = 100, 100
_SECONDS, _TURNS = 4.0, 3
_STARTS = {1: 300, 2: 400}


class ServerOfWorkers(Server):
    """The server with so many workers, all of its processes on one core unless they are spread."""

    def __init__(self, workers: int) -> None:
        settings = {"VOXWIRE_SERVER__WORKERS": str(workers)}
        super().__init__(f"workers={workers}", "voxwire", environment=settings)
        self.workers = workers

    def __enter__(self) -> Self:
        super().__enter__()
        for pid in {self._process.pid, *self.holders}:
            _pin(pid, SERVER_CPU)
        return self

    @property
    def holders(self) -> list[int]:
        """The processes that hold sessions."""
        parent = self._process.pid
        if self.workers == 1:
            return [parent]
        lists = Path(f"/proc/{parent}/task").glob("*/children")
        return sorted(int(child) for found in lists for child in found.read_text().split())

    def usage(self) -> Usage:
        """Of all of its processes."""
        return Usage.of({self._process.pid, *self.holders})

    def spread(self) -> None:
        """Give each worker a core of its own, the last ones first: the load is on the first."""
        for pid, core in zip(self.holders, range(SERVER_CPU, -1, -1), strict=False):
            _pin(pid, core)

    def memory_mib(self) -> list[float]:
        """Proportional memory in MiB: of the parent, if there is one, and of each worker."""
        pids = dict.fromkeys([self._process.pid, *self.holders])
        sizes = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
        return [int(size.partition("Pss:")[2].split()[0]) / 1024 for size in sizes]


def _pin(pid: int, core: int) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


async def one_round(pcm: bytes) -> tuple[float, float, float, int]:
    """Microseconds of a frame with one worker and with two, the larger share of the two, and disturbed slices."""
    found: dict[int, list[float]] = {1: [], 2: []}
    shares: list[float] = []
    disturbed = 0
    with ServerOfWorkers(1) as one, ServerOfWorkers(2) as two:
        loads = {server: Load(server, pcm, _FRAME_MS) for server in (one, two)}
        for turn in range(_TURNS):
            for server in (one, two) if turn % 2 == 0 else (two, one):
                before = [Usage.of([pid]) for pid in server.holders]
                stage = await loads[server].measure(_SESSIONS * server.workers, _SECONDS, 1.0)
                used = [(Usage.of([pid]) - then).cpu_s for pid, then in zip(server.holders, before, strict=True)]
                if stage.lost:
                    raise SystemExit(f"{server.name} lost {stage.lost} sessions: {stage.refusal}")
                disturbed += stage.generator_fault is not None
                if stage.cpu_us_per_frame:
                    found[server.workers].append(stage.cpu_us_per_frame)
                if server is two:
                    shares.append(max(used) / sum(used))
        for load in loads.values():
            load.close()
    return statistics.median(found[1]), statistics.median(found[2]), statistics.median(shares), disturbed


async def try_capacity(pcm: bytes) -> None:
    thrown_away: list[str] = []
    for workers in (1, 2):
        with ServerOfWorkers(workers) as server:
            server.spread()
            began, used = time.monotonic(), time.process_time()
            best, _ = await capacity(server, pcm, _FRAME_MS, _STARTS[workers], thrown_away)
            part = (time.process_time() - used) / (time.monotonic() - began)
        print(f"workers={workers}: {best}; the load took {part:.0%} of a core")
    for line in thrown_away:
        print(line)


async def run(options: argparse.Namespace) -> None:
    os.sched_setaffinity(0, {GENERATOR_CPU})
    pcm = speech_loop()
    rounds = []
    for number in range(1 if options.quick else options.rounds):
        rounds.append(await one_round(pcm))
        print(f"round {number + 1}: {_line(*rounds[-1])}", file=sys.stderr)
    one, two, share = (median([each[column] for each in rounds]) or 0.0 for column in range(3))
    print(_line(one, two, share, sum(each[3] for each in rounds)))
    for workers in (1, 2):
        began = time.monotonic()
        with ServerOfWorkers(workers) as server:
            started = time.monotonic() - began
            sizes = " + ".join(f"{size:.0f}" for size in server.memory_mib())
            print(f"workers={workers}: ready after {started:.1f} s, {sizes} MiB")
    if options.capacity:
        await try_capacity(pcm)


def _line(one: float, two: float, share: float, disturbed: int) -> str:
    gain = 2 * (one / two) * (0.5 / share)
    noise = f"; the load was late in {disturbed} slices" if disturbed else ""
    return (
        f"a frame costs {one:.1f} us with one worker, {two:.1f} us with two; the larger share is {share:.1%}; "
        f"on two free cores {gain:.2f} times the sessions of one{noise}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python bench/workers.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--capacity", action="store_true", help="also try how many sessions are held")
    options = parser.parse_args()
    need_processors()
    uvloop.run(run(options))


if __name__ == "__main__":
    main()
