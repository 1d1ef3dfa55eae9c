"""What storing conversations costs: `python bench/recording.py [ROUNDS]`.

The load of (e) in `make bench`, 100 ms frames, against servers that store nothing, text, and text with sound, one after
the other, again and again: what another program does to the machine meanwhile meets all of them. Each measurement is as
long as notes wait, so that every session is written once in it.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import wave
from contextlib import ExitStack
from pathlib import Path

import uvloop

import capacity
from servers import GENERATOR_CPU, Server

_SPEECH = sorted((Path(__file__).parent.parent / "tests" / "fixtures").glob("*_24k.wav"))
_SESSIONS = 40
_KINDS = ("voxwire", "text", "text+audio")
_MEASURE_S = 20.0


def _speech() -> bytes:
    """All fixtures with a second of silence behind each: about half is speech."""
    found = b""
    for path in _SPEECH:
        with wave.open(str(path)) as file:
            found += file.readframes(file.getnframes()) + bytes(48_000)
    return found


async def measure(rounds: int) -> dict[str, list[float]]:
    """Microseconds of processor for each session and second, by kind."""
    found: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    capacity.MEASURE_S = _MEASURE_S
    pcm = _speech()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        loads = {}
        for kind in _KINDS:
            os.environ["VOXWIRE_STORAGE__URL"] = f"sqlite:///{folder}/{kind}.db"
            loads[kind] = capacity.Load(stack.enter_context(Server(kind)), pcm, 100)
        for number in range(rounds):
            for kind in _KINDS if number % 2 else reversed(_KINDS):
                run = await loads[kind].measure(_SESSIONS)
                found[kind].append(run.cpu_us_per_session_second)
        for load in loads.values():
            load.close()
    return found


if __name__ == "__main__":
    os.sched_setaffinity(0, {GENERATOR_CPU})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        costs = runner.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 6))
    base = costs["voxwire"]
    for kind, values in costs.items():
        more = statistics.median(value / other - 1 for value, other in zip(values, base, strict=True))
        print(f"{kind:12} {statistics.median(values):7.0f} us a session and second, {more:+.1%}")
