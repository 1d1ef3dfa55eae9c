"""(d) and (e) of `make bench`: Voxwire beside the floor, in turns, as entries of its result."""

import asyncio
import sys
from typing import Any

from capacity import Found, capacity
from client import Client
from cost import costs
from figures import median
from load import Load, Stage
from servers import Server
from speech import speech_loop

_IDLE_SESSIONS = 400
#: Where the search for the capacity begins in the first round, by milliseconds of a frame.
_STARTS = {20: {"floor": 500, "voxwire": 200}, 100: {"floor": 1200, "voxwire": 400}}
#: (e): sessions that both hold with ease, and how often each server has its turn in a round.
_COST_SESSIONS, _COST_TURNS = 150, 3


async def measure_capacity(rounds: int, thrown_away: list[str]) -> dict[str, Any]:
    """(d): both servers in turns; only searches that came to a sound end count."""
    result: dict[str, Any] = {"runs": []}
    pcm = speech_loop()
    for frame_ms, starts in _STARTS.items():
        found: dict[str, list[Found]] = {name: [] for name in starts}
        for _ in range(rounds):
            for name in starts:
                # What was found before is near: the next search is short.
                start = (found[name][-1].held * 4 // 5 if found[name] else 0) or starts[name]
                with Server(name) as server:
                    best, stages = await capacity(server, pcm, frame_ms, start, thrown_away)
                found[name].append(best)
                result["runs"] += [_row(name, stage) for stage in stages]
                print(f"  {name}, {frame_ms} ms frames: {best}", file=sys.stderr)
                if best.disturbed:
                    thrown_away.append(f"{name}, {frame_ms} ms: {best}")
        held = {name: median([each.sessions for each in searches]) for name, searches in found.items()}
        for name, sessions in held.items():
            result[f"d_{frame_ms}ms_{name}"] = sessions
        if held["floor"] and held["voxwire"] is not None:
            result[f"d_{frame_ms}ms_ratio"] = held["voxwire"] / held["floor"]
    return result


def _row(name: str, stage: Stage) -> dict[str, Any]:
    return {
        "server": name,
        "frame_ms": stage.frame_ms,
        "sessions": stage.sessions,
        "update_p95_ms": stage.update_p95,
        "speech_started_p95_ms": stage.start_p95,
        "cpu_share": stage.cpu_share,
        "cpu_us_per_frame": stage.cpu_us_per_frame,
        "fault": stage.fault,
        "held": stage.held,
    }


async def measure_cost(rounds: int, thrown_away: list[str]) -> dict[str, Any]:
    """(e): processor time of a frame, in turns; memory of an idle session."""
    result: dict[str, Any] = {}
    pcm = speech_loop()
    with Server("floor") as floor, Server("voxwire") as ours:
        loads = {server.name: Load(server, pcm, 100) for server in (floor, ours)}
        found = await costs(loads, _COST_SESSIONS, rounds * _COST_TURNS, thrown_away.append)
        for load in loads.values():
            load.close()
    for name, cost in found.items():
        result[f"e_cpu_{name}_us"] = cost.median_us
        if cost.disturbed == len(cost.slices):
            thrown_away.append(f"(e) {name}: every slice was disturbed, so its figure is only an indication")
    result["e_cpu_ratio"] = found["voxwire"].ratio_to(found["floor"])
    with Server("voxwire") as server:
        # Warm the allocator first, so that the second half shows what a session itself costs.
        clients = [await Client.open(server.address) for _ in range(_IDLE_SESSIONS)]
        before = server.rss_mib()
        clients += [await Client.open(server.address) for _ in range(_IDLE_SESSIONS)]
        await asyncio.sleep(1)
        result["e_idle_mib"] = (server.rss_mib() - before) / _IDLE_SESSIONS
        for client in clients:
            client.close()
    return result
