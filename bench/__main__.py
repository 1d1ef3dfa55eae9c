"""Measure Voxwire beside its floor, in one run: `make bench`, or `python bench --quick`.

Prints a table, writes `bench/results/bench.json` and `bench/results/bench.png`. What the figures
mean: docs/benchmarks.md.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import wave
from pathlib import Path
from typing import Any

import uvloop

from capacity import Load, Run, capacity
from chat import measure_chat
from client import Client
from latency import SILENCE_MS, Asker, spoken_turn
from plot import draw
from servers import GENERATOR_CPU, Server

_ROOT = Path(__file__).parent.parent
_RESULTS = Path(__file__).parent / "results"
_SPEECH = sorted((_ROOT / "tests" / "fixtures").glob("*_24k.wav"))
_LOUD = 500
_IDLE_SESSIONS = 400
#: Answers asked for in one conversation in (a): what it has to read grows with each.
_ANSWERS = 30
#: Asked for in (g): what most programs ask for.
_SILENCE_MS = 500


def read_pcm(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return file.readframes(file.getnframes())


def onset_ms(pcm: bytes) -> float:
    """Where the first loud sample lies."""
    samples = memoryview(pcm).cast("h")
    return next(index for index, sample in enumerate(samples) if abs(sample) > _LOUD) / 24


def speech_loop() -> bytes:
    """All fixtures one after the other with a second of silence between: about half is speech."""
    return b"".join(read_pcm(path) + bytes(48_000) for path in _SPEECH)


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
    pcm = read_pcm(_ROOT / "tests" / "fixtures" / "what_is_twelve_times_seven_24k.wav") + bytes(48 * 1000)
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


async def measure_capacity(rounds: int, thrown_away: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"runs": []}
    pcm = speech_loop()
    for frame_ms, starts in ((20, {"floor": 200, "voxwire": 100}), (100, {"floor": 700, "voxwire": 130})):
        held: dict[str, list[int]] = {"floor": [], "voxwire": []}
        for _ in range(rounds):
            for name in held:
                with Server(name) as server:
                    best, runs = await capacity(server, pcm, frame_ms, starts[name], thrown_away)
                held[name].append(best)
                result["runs"] += [_row(name, run) for run in runs]
                print(f"  {name}, {frame_ms} ms frames: {best} sessions held", file=sys.stderr)
        floor, ours = statistics.median(held["floor"]), statistics.median(held["voxwire"])
        result[f"d_{frame_ms}ms_floor"], result[f"d_{frame_ms}ms_voxwire"] = floor, ours
        result[f"d_{frame_ms}ms_ratio"] = ours / floor if floor else 0.0
    return result


def _row(name: str, run: Run) -> dict[str, Any]:
    return {
        "server": name,
        "frame_ms": run.frame_ms,
        "sessions": run.sessions,
        "update_p95_ms": run.update_p95,
        "speech_started_p95_ms": run.start_p95,
        "cpu_share": run.cpu_share,
        "fault": run.fault,
        "held": run.held,
    }


async def measure_cost(rounds: int) -> dict[str, Any]:
    """(e): processor time of a speaking session, at a number that both hold with ease; memory of an idle one."""
    result: dict[str, Any] = {}
    pcm, costs = speech_loop(), {"floor": [], "voxwire": []}
    for _ in range(rounds):
        for name in costs:
            with Server(name) as server:
                load = Load(server, pcm, 100)
                run = await load.measure(150)
                costs[name].append(run.cpu_us_per_session_second)
                load.close()
    result["e_cpu_floor_us"] = statistics.median(costs["floor"])
    result["e_cpu_voxwire_us"] = statistics.median(costs["voxwire"])
    result["e_cpu_ratio"] = result["e_cpu_voxwire_us"] / result["e_cpu_floor_us"]
    with Server("voxwire") as server:
        # Warm the allocator first, so that the second half shows what a session itself costs.
        clients = [await Client.connect(server.port, server.path) for _ in range(_IDLE_SESSIONS)]
        before = server.rss_mib()
        clients += [await Client.connect(server.port, server.path) for _ in range(_IDLE_SESSIONS)]
        await asyncio.sleep(1)
        result["e_idle_mib"] = (server.rss_mib() - before) / _IDLE_SESSIONS
        for client in clients:
            client.close()
    return result


def table(result: dict[str, Any]) -> str:
    """The figures as a table that fits a terminal and Markdown alike."""

    def figure(key: str, unit: str) -> str:
        return f"{result[key]:.2f} {unit}" if key in result else "-"

    rows = [
        (
            "(a) response.create → first audio",
            figure("a_floor_ms", "ms"),
            figure("a_voxwire_ms", "ms"),
            figure("a_ratio", "x"),
        ),
        ("(a) the same, embedded engines", "-", figure("a_embedded_ms", "ms"), "-"),
        ("(b) end of speech → first audio, fake engines", "-", figure("b_fake_ms", "ms"), "-"),
        ("(b) the same, embedded engines", "-", figure("b_embedded_ms", "ms"), "-"),
        ("(c) first loud frame → speech_started, in audio", "-", figure("c_audio_ms", "ms"), "-"),
        (
            "(d) sessions held, 20 ms frames",
            figure("d_20ms_floor", ""),
            figure("d_20ms_voxwire", ""),
            figure("d_20ms_ratio", "x"),
        ),
        (
            "(d) sessions held, 100 ms frames",
            figure("d_100ms_floor", ""),
            figure("d_100ms_voxwire", ""),
            figure("d_100ms_ratio", "x"),
        ),
        (
            "(e) CPU a session and second, 100 ms frames",
            figure("e_cpu_floor_us", "µs"),
            figure("e_cpu_voxwire_us", "µs"),
            figure("e_cpu_ratio", "x"),
        ),
        ("(e) memory of an idle session", "-", figure("e_idle_mib", "MiB"), "-"),
        ("(f) chat engine: asked → first token", figure("f_raw_ms", "ms"), figure("f_chat_ms", "ms"), "-"),
        ("(f) chat engine: cores for 10,000 deltas a second", "-", figure("f_core_share", ""), "-"),
        ("(g) beyond 500 ms of silence → first audio, engines of 280 ms", "-", figure("g_plain_ms", "ms"), "-"),
        ("(g) the same, begun in the pause", "-", figure("g_drafts_ms", "ms"), "-"),
    ]
    lines = ["| what | floor | Voxwire | ratio |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


async def run(options: argparse.Namespace) -> dict[str, Any]:
    os.sched_setaffinity(0, {GENERATOR_CPU})
    result: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
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
        result |= await measure_cost(options.rounds)
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
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("The benchmark needs two processors: one for the server, one for the load.")
    result = uvloop.run(run(options))
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "bench.json").write_text(json.dumps(result, indent=2))
    draw(result, _RESULTS / "bench.png")
    print(table(result))
    for line in result["thrown_away"]:
        print(line)


if __name__ == "__main__":
    main()
