"""How one process of the server is, as it tells the others, and how all of them are together."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

#: From well to worse; a stage of a deployment is as it is where it is worst.
_STAGE_STATES: Final = ("ready", "degraded", "starting", "failed")


class DeploymentState(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment in one process. `stages` are `ready`, `degraded` (engines of its list are out of use), `starting`,
    or `failed`, and `failed` is the one that keeps it from being ready."""

    project: str | None
    name: str
    ready: bool
    stages: dict[str, str]
    failed: str | None


class HealthState(msgspec.Struct, frozen=True, kw_only=True):
    """One process, or all of them. `status` is that of `/readyz`."""

    status: str
    sessions: int
    load: dict[str, int | None]
    drafts: dict[str, int]
    changes: dict[str, int]
    resting: dict[str, int]
    deployments: list[DeploymentState]


def together(states: Sequence[HealthState], missing: int = 0) -> HealthState:
    """All processes as one; `missing` ones are down, or were silent for too long."""
    return HealthState(
        status=_status([state.status for state in states], missing),
        sessions=sum(state.sessions for state in states),
        load=_load([state.load for state in states]),
        drafts=_sums(state.drafts for state in states),
        changes=_sums(state.changes for state in states),
        resting=_sums(state.resting for state in states),
        deployments=_deployments(states),
    )


def _status(found: Sequence[str], missing: int) -> str:
    """One that drains or lacks something speaks for all. Where one still has room, or a deployment that is ready, new
    sessions are welcome."""
    for word in found:
        if word not in ("ok", "degraded", "unready", "full"):
            return word
    welcome = [word for word in found if word in ("ok", "degraded")]
    if not welcome:
        return "full" if "full" in found else "unready"
    return "ok" if len(welcome) == len(found) and "degraded" not in welcome and not missing else "degraded"


def _load(found: Sequence[dict[str, int | None]]) -> dict[str, int | None]:
    """Late is who is latest; people are counted together."""
    worst: dict[str, Callable[[Iterable[int]], int]] = {"loop_late_ms": max, "hearing_late_ms": max}
    told: dict[str, int | None] = {}
    for name in found[0]:
        known = [value for load in found if (value := load[name]) is not None]
        told[name] = worst.get(name, sum)(known) if known else None
    return told


def _sums(found: Iterable[dict[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for counts in found:
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _deployments(states: Sequence[HealthState]) -> list[DeploymentState]:
    """A deployment is ready where it is so in every process that has it."""
    merged: dict[tuple[str | None, str], DeploymentState] = {}
    for one in (one for state in states for one in state.deployments):
        known = merged.get((one.project, one.name))
        if known is not None:
            one = DeploymentState(
                project=one.project,
                name=one.name,
                ready=known.ready and one.ready,
                stages={
                    stage: max(known.stages.get(stage, state), state, key=_STAGE_STATES.index)
                    for stage, state in one.stages.items()
                },
                failed=known.failed or one.failed,
            )
        merged[one.project, one.name] = one
    return list(merged.values())


def stage_counts(deployments: Iterable[DeploymentState]) -> dict[str, dict[str, int]]:
    """By stage, how many deployments are in which state."""
    counts: dict[str, Counter[str]] = {}
    for one in deployments:
        for stage, state in one.stages.items():
            counts.setdefault(stage, Counter())[state] += 1
    return {stage: dict(found) for stage, found in counts.items()}
