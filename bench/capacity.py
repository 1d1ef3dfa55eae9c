"""(d): how many sessions one process on one core holds.

A number of sessions is held when lag stays within 100 ms at the 95th percentile. The search grows by a quarter until a
number is not held, and then halves what lies between until that is 5 %.

A machine that is shared disturbs measurements. One in which the generator fell behind proves nothing. One in which the
server waited more than 10 % of the time for a processor proves nothing against the server; but a number that is held
even so is held. What proves nothing is measured again, a bounded number of times, and a search that gets no sound
answer says so: its figure is not a capacity.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from load import Load, Loaded, Stage, Wire

#: Where the search ends: what lies between held and not held, against what is held.
PRECISION = 0.05
#: Measurements of one number until it counts as not known.
ATTEMPTS = 4
#: Sound ones that have to fail before it counts as not held: one hiccup is none.
_FAILURES = 2
_GROWTH = 1.25
_MOST = 4000
_PAUSE_S = 3.0

Measure = Callable[[int], Awaitable[Stage]]


@dataclass(frozen=True)
class Found:
    """`held` sessions are held, `failed` are not (None where no number failed).

    `disturbed` says which number got no sound answer; then `held` is only what was proven until then.
    """

    held: int
    failed: int | None = None
    disturbed: str | None = None

    @property
    def sessions(self) -> int | None:
        """The capacity; None where it was not found."""
        return None if self.disturbed else self.held

    def __str__(self) -> str:
        if self.disturbed:
            proven = f"; at least {self.held} sessions held" if self.held else ""
            return f"no sound result ({self.disturbed}){proven}"
        return f"{self.held} sessions held"


async def search(
    measure: Measure, start: int, report: Callable[[str], None], most: int = _MOST, pause_s: float = _PAUSE_S
) -> Found:
    """Find the largest number that is held, beginning with `start`; `report` gets each measurement thrown away."""
    held, failed, sessions = 0, None, max(1, min(start, most))
    while True:
        verdict = await _judge(measure, sessions, report, pause_s)
        if verdict is None:
            return Found(held, failed, f"{sessions} sessions were disturbed {ATTEMPTS} times")
        if verdict:
            held = sessions
        else:
            failed = sessions
        if held >= most or (failed is not None and failed - held <= max(1, held * PRECISION)):
            return Found(held, failed)
        if failed is None:
            sessions = min(int(held * _GROWTH) + 1, most)
        else:
            sessions = (held + failed) // 2


async def _judge(measure: Measure, sessions: int, report: Callable[[str], None], pause_s: float) -> bool | None:
    """Whether that many are held; None when no sound answer was to be had."""
    failures = 0
    for attempt in range(ATTEMPTS):
        stage = await measure(sessions)
        if stage.generator_fault is None and stage.held:
            return True
        if stage.fault is None:
            failures += 1
            if failures == _FAILURES:
                return False
        else:
            report(f"{sessions} sessions: thrown away, {stage.fault}")
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(pause_s * (attempt + 1))  # whatever it is may pass
    return None


async def capacity(
    server: Loaded, pcm: bytes, frame_ms: int, start: int, thrown_away: list[str], wire: Wire | None = None
) -> tuple[Found, list[Stage]]:
    """The capacity of one server, and every stage on the way to it."""
    load = Load(server, pcm, frame_ms, wire)
    stages: list[Stage] = []

    async def measure(sessions: int) -> Stage:
        stage = await load.measure(sessions)
        stages.append(stage)
        if not stage.held:
            load.close()  # with them goes what the server still has to do for them
        return stage

    try:
        found = await search(measure, start, lambda line: thrown_away.append(f"{server.name}, {frame_ms} ms, {line}"))
    finally:
        load.close()
    return found, stages
