"""Measure Voxwire beside its floor, in one run: `make bench`, or `python bench --quick`.

Prints a table, writes `bench/results/bench.json` and `bench/results/bench.png`. What the figures
mean: docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

import uvloop

from beside_floor import measure_capacity, measure_cost
from chat import measure_chat
from figures import condensed
from latency import SILENCE_MS, Asker, spoken_turn
from plot import draw
from processor import processor
from result_table import table
from servers import GENERATOR_CPU, Server, need_processors
from speech import onset_ms, question
from voxwire.engines.registry import load

_RESULTS = Path(__file__).parent / "results"
#: Answers asked for in one conversation in (a): what it has to read grows with each.
_ANSWERS = 30
#: Asked for in (g): what most programs ask for.
_SILENCE_MS = 500


async def measure_latency(rounds: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    with Server("floor") as floor, Server("voxwire") as ours:
        times: dict[str, list[float]] = {"floor": [], "voxwire": []}
        for _ in range(rounds):
            askers = {server.name: await Asker.connect(server) for server in (floor, ours)}
            for _ in range(_ANSWERS):
                for name, asker in askers.items():
                    times[name].append(await asker.first_audio())
            for asker in askers.values():
                asker.client.close()
        result["a_floor_ms"] = statistics.median(times["floor"])
        result["a_voxwire_ms"] = statistics.median(times["voxwire"])
        result["a_ratio"] = result["a_voxwire_ms"] / result["a_floor_ms"]
        turns = [await _turn(ours) for _ in range(rounds)]
        result["b_fake_ms"] = statistics.median(turn[0] for turn in turns)
        result["c_audio_ms"] = statistics.median(turn[1] for turn in turns)
    with Server("embedded") as embedded:
        turns = [await _turn(embedded) for _ in range(max(rounds // 3, 3))]
        asker = await Asker.connect(embedded)
        result["a_embedded_ms"] = statistics.median([await asker.first_audio() for _ in range(rounds)])
        asker.client.close()
        result["b_embedded_ms"] = statistics.median(turn[0] for turn in turns)
    return result


async def _turn(server: Server, silence_ms: int = SILENCE_MS) -> tuple[float, float]:
    pcm = question()
    return await spoken_turn(server, pcm, onset_ms(pcm), silence_ms)


async def measure_drafts(rounds: int) -> dict[str, Any]:
    """(g): what is heard after `silence_duration_ms`, with answers begun in pauses and without, in turns."""
    times: dict[str, list[float]] = {"delayed": [], "drafted": []}
    with Server("delayed") as plain, Server("drafted") as drafted:
        for _ in range(rounds):
            for server in (plain, drafted):
                after, _ = await _turn(server, _SILENCE_MS)
                # Silence is counted in windows of 32 ms; from the one in which it is reached the clock counts.
                times[server.name].append(-(-_SILENCE_MS // 32) * 32 - _SILENCE_MS + after)
    return {
        "g_plain_ms": statistics.median(times["delayed"]),
        "g_drafts_ms": statistics.median(times["drafted"]),
        "g_saved_ms": statistics.median(times["delayed"]) - statistics.median(times["drafted"]),
    }


async def run(options: argparse.Namespace) -> dict[str, Any]:
    os.sched_setaffinity(0, {GENERATOR_CPU})
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": processor(),
        "detection": load("vad", "silero", {}).capabilities.info.label,
    }
    thrown_away: list[str] = []
    only = set(options.only or "abcdefg")
    if only & set("abc"):
        print("Latency …", file=sys.stderr)
        result |= await measure_latency(options.rounds * 3)
    if "g" in only:
        print("Drafts …", file=sys.stderr)
        result |= await measure_drafts(options.rounds * 3)
    if "f" in only:
        print("Chat …", file=sys.stderr)
        result |= await measure_chat(options.rounds)
    if "e" in only:
        print("Cost …", file=sys.stderr)
        result |= await measure_cost(options.rounds, thrown_away)
    if "d" in only:
        print("Capacity …", file=sys.stderr)
        result |= await measure_capacity(options.rounds, thrown_away)
    result["thrown_away"] = thrown_away
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--only", help="letters of the figures to measure, such as 'abc' or 'd'")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    need_processors()
    result = uvloop.run(run(options))
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "bench.json").write_text(json.dumps(result, indent=2))
    draw(result, _RESULTS / "bench.png")
    print(f"{result['processor']}, Python {result['python']}; {result['detection']}\n")
    print(table(result))
    for line in condensed(result["thrown_away"]):
        print(line)


if __name__ == "__main__":
    main()
