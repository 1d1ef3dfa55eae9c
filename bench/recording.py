"""What storing conversations costs: `python bench/recording.py [ROUNDS]`.

The load of (e) in `make bench`, 100 ms frames, against servers that store nothing, text, and text with sound, in turns.
Each slice is as long as notes wait, so that every session is written once in it.
"""

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack

import uvloop

from cost import Cost, costs
from figures import written
from load import Load
from servers import GENERATOR_CPU, Server
from speech import speech_loop

_SESSIONS = 40
_KINDS = ("voxwire", "text", "text+audio")
_SLICE_S = 20.0


async def measure(rounds: int) -> dict[str, Cost]:
    pcm = speech_loop()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        loads = {}
        for kind in _KINDS:
            stored = {"VOXWIRE_STORAGE__URL": f"sqlite:///{folder}/{kind}.db"}
            loads[kind] = Load(stack.enter_context(Server(kind, environment=stored)), pcm, 100)
        found = await costs(loads, _SESSIONS, rounds, print, _SLICE_S)
        for load in loads.values():
            load.close()
    return found


if __name__ == "__main__":
    os.sched_setaffinity(0, {GENERATOR_CPU})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 6))
    for kind, cost in found.items():
        print(f"{kind:12} {written(cost.median_us, 1)} µs a frame, {written(cost.ratio_to(found['voxwire']), 3)} x")
