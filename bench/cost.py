"""(e): what a frame costs several servers, at one number of sessions.

All servers are there at once and are loaded in turns, for a few seconds each, again and again, and in the other
direction every second time. So whatever else the machine does meets all of them, and ratios within a round stay true.
"""

from collections.abc import Callable, Mapping, Sequence

from figures import median, paired_ratio, percentile
from load import Load, Stage

#: Of one slice: the sessions speak again, and are measured.
SETTLE_S, SLICE_S = 0.6, 3.0
#: Slices of one server in one round until a sound one is given up.
_ATTEMPTS = 2


class Cost:
    """The slices of one server, one for each round."""

    def __init__(self, name: str, slices: Sequence[Stage]) -> None:
        self.name = name
        self.slices = slices
        self.disturbed = sum(stage.fault is not None for stage in slices)

    @property
    def us_per_frame(self) -> list[float | None]:
        """By round: microseconds, of sound slices where there is any, else of all that kept up with their load."""
        some_are_sound = self.disturbed < len(self.slices)
        return [
            None if stage.behind or (some_are_sound and stage.fault) else stage.cpu_us_per_frame
            for stage in self.slices
        ]

    @property
    def median_us(self) -> float | None:
        return median(self.us_per_frame)

    @property
    def lag_p95(self) -> float:
        """Milliseconds from a `session.update` behind the audio to its answer."""
        return percentile([lag for stage in self.slices for lag in stage.updates], 0.95)

    @property
    def turns_a_minute(self) -> float:
        """`speech_started` of a session: about the same for all that keep up, since all hear the same."""
        spoken = sum(stage.sessions * stage.seconds for stage in self.slices)
        return 60 * sum(stage.turns for stage in self.slices) / spoken if spoken else 0.0

    def ratio_to(self, first: "Cost") -> float | None:
        return paired_ratio(self.us_per_frame, first.us_per_frame)


async def costs(
    loads: Mapping[str, Load],
    sessions: int,
    rounds: int,
    report: Callable[[str], None],
    seconds: float = SLICE_S,
) -> dict[str, Cost]:
    """Measure all in turns; `report` gets every slice that was disturbed, and every one that cannot be compared."""
    slices: dict[str, list[Stage]] = {name: [] for name in loads}
    for number in range(rounds):
        for name in loads if number % 2 == 0 else reversed(list(loads)):
            stage = await _slice(name, loads[name], sessions, seconds, report)
            slices[name].append(stage)
    return {name: Cost(name, found) for name, found in slices.items()}


async def _slice(name: str, load: Load, sessions: int, seconds: float, report: Callable[[str], None]) -> Stage:
    for _ in range(_ATTEMPTS):
        stage = await load.measure(sessions, seconds, SETTLE_S)
        if stage.lost:
            why = f"{stage.lost} are missing ({stage.refusal or 'it ended them'})"
        elif stage.fault:
            why = f"disturbed, {stage.fault}"
        elif stage.behind:
            why = f"it fell behind ({stage.update_p95:,.0f} ms at p95)"
        else:
            break
        report(f"{name}, {sessions} sessions: {why}")
    if stage.lost:
        raise SystemExit(f"{name} does not hold {sessions} sessions: {why}. Ask for fewer.")
    if stage.errors:
        report(f"{name}: {stage.errors} errors, the first: {stage.first_error}")
    if stage.answers:
        report(f"{name}: began {stage.answers} answers though none was asked for; their cost is in its figure")
    return stage
