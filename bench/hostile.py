"""Attack a real `voxwire serve` on the embedded engines, and see what it costs the others.

    python bench/hostile.py             # quiet, then under attack: a bystander's first sound, and memory
    python bench/hostile.py --soak 600  # hostile and clean sessions for ten minutes: memory over time (`make soak`)

Everything stays on loopback and is bounded in time. Exits with 1 when the server broke something: it ended, it left
sessions behind, it logged a bug, an innocent's answer failed, or memory grew. Figures: docs/reliability.md.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvloop

from attacks import MIB, Attacker, Bystander
from figures import percentile

_PATH: Final = "/v1/realtime?model=gpt-realtime"
#: What memory may have grown by at the end of a soak, against the end of its first minute.
GROWTH_MIB: Final = 32.0
#: Samples of memory whose least one counts: messages of 30 MiB come and go all the time.
_SAMPLES: Final = 15
_FAULT: Final = re.compile(r"Traceback|internal error|ERROR|CRITICAL|never retrieved")


class Served:
    """`voxwire serve` as a child, with what it logs in a file."""

    def __init__(self) -> None:
        self.log = Path(tempfile.mkdtemp(prefix="voxwire-hostile-")) / "serve.log"

    async def __aenter__(self) -> "Served":
        command = [sys.executable, "-m", "voxwire", "serve", "--port", "0"]
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(60):
            while (found := re.search(r"listening on http://\S+:(\d+)", self.log.read_text())) is None:
                if self.process.returncode is not None:
                    raise SystemExit(f"voxwire serve ended:\n{self.log.read_text()}")
                await asyncio.sleep(0.1)
        self.port = int(found[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    def rss_mib(self) -> float:
        """Resident memory of the server itself, without its engines' processes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    async def sessions(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return int(json.loads(answer.partition(b"\r\n\r\n")[2])["sessions"])

    def faults(self) -> list[str]:
        return [line for line in self.log.read_text(errors="replace").splitlines() if _FAULT.search(line)]


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


async def least_rss(server: Served) -> float:
    """The least of some seconds."""
    found = []
    for _ in range(_SAMPLES):
        found.append(server.rss_mib())
        await asyncio.sleep(1)
    return min(found)


async def settled(server: Served) -> int:
    """Sessions that are left half a minute after the last client has gone."""
    for _ in range(300):
        if not (left := await server.sessions()):
            return 0
        await asyncio.sleep(0.1)
    return left


def trouble(server: Served, bystanders: list[Bystander], left: int) -> list[str]:
    found = [f"the server logged: {line}" for line in server.faults()[:5]]
    found += [f"an innocent saw: {failure}" for bystander in bystanders for failure in bystander.failures[:3]]
    if left:
        found.append(f"{left} sessions are left behind")
    if server.process.returncode is not None:
        found.append(f"the server ended with {server.process.returncode}")
    return found


def report(counts: Counter[str]) -> None:
    for name in ("attacks", "frames", "errors answered", "connections ended by the server"):
        print(f"{name}: {counts[name]:,}")
    print(f"sent: {counts['bytes'] / MIB:,.0f} MiB")


async def compare(seconds: float, attackers: int) -> list[str]:
    """A bystander's first sound in a quiet server, then under attack; memory before and after."""
    counts: Counter[str] = Counter()
    async with Served() as server:
        quiet, attacked = Bystander(server.port, _PATH), Bystander(server.port, _PATH)
        await quiet.ask(after(min(seconds, 20)))
        before = server.rss_mib()
        end = after(seconds)
        hostile = [Attacker(server.port, _PATH, seed, counts) for seed in range(attackers)]
        await asyncio.gather(attacked.ask(end), *(attacker.attack(end) for attacker in hostile))
        left = await settled(server)
        report(counts)
        for name, bystander in (("quiet", quiet), ("under attack", attacked)):
            times = bystander.times
            p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
            print(f"first sound, {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms in {len(times)} answers")
        print(f"turned away for lack of room: {attacked.turned_away}")
        print(f"memory: {before:.0f} MiB before, {server.rss_mib():.0f} MiB after")
        return trouble(server, [quiet, attacked], left)


async def soak(seconds: float, attackers: int) -> list[str]:
    """Memory of hostile and clean sessions side by side, against the end of the first minute."""
    counts: Counter[str] = Counter()
    async with Served() as server:
        end = after(seconds)
        clean = [Bystander(server.port, _PATH) for _ in range(4)]
        hostile = [Attacker(server.port, _PATH, seed, counts) for seed in range(attackers)]
        traffic = asyncio.gather(*(one.ask(end) for one in clean), *(one.attack(end) for one in hostile))
        await asyncio.sleep(min(60, seconds / 4) - _SAMPLES)
        first = await least_rss(server)
        print(f"after the first minute: {first:.1f} MiB", flush=True)
        last = first
        while not end():
            last = await least_rss(server)
            print(f"{last:.1f} MiB", flush=True)
        await traffic
        left = await settled(server)
        report(counts)
        answers = sum(len(one.times) for one in clean)
        print(f"answers to clean sessions: {answers}; memory: {first:.1f} MiB, then {last:.1f} MiB under load")
        found = trouble(server, clean, left)
        if last - first > GROWTH_MIB:
            found.append(f"memory grew by {last - first:.1f} MiB, more than {GROWTH_MIB:.0f}")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python bench/hostile.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the attack takes (default 60)")
    parser.add_argument("--attackers", type=int, default=6, help="hostile clients at once (default 6)")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="watch memory this long instead")
    options = parser.parse_args()
    if options.soak is not None and options.soak < 4 * (_SAMPLES + 5):
        parser.error(f"a soak takes {4 * (_SAMPLES + 5)} seconds or more")
    work = compare(options.seconds, options.attackers) if options.soak is None else soak(options.soak, 2)
    found = uvloop.run(work)
    for line in found:
        print(line)
    print("FAILED" if found else "nothing broke")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
