"""What a worker has in common with the others: it asks the parent."""

import asyncio
from collections.abc import Sequence
from typing import Any

from voxwire.auth.ephemeral import too_many_spent
from voxwire.quotas import OwnCount, SharedCountsLost
from voxwire.server.common import Answering, InCommon, OthersAnswers
from voxwire.server.workers.line import LineLost, WorkerLine
from voxwire.server.workers.worker_start import WorkerStart


class SharedSeats:
    """The seats of all workers: the parent gives them out."""

    def __init__(self, line: WorkerLine, limit: int) -> None:
        self._line = line
        self._limit = limit
        self.full = False

    @property
    def limit(self) -> int:
        return self._limit

    async def take(self) -> bool:
        asking = asyncio.ensure_future(self._line.ask("take seat"))
        try:
            return bool(await asyncio.shield(asking))
        except asyncio.CancelledError:
            asking.add_done_callback(self._not_wanted)
            raise
        except LineLost:
            return False

    def leave(self) -> None:
        self._line.tell("leave seat")

    def _not_wanted(self, asking: "asyncio.Future[Any]") -> None:
        if not asking.cancelled() and asking.exception() is None and asking.result():
            self.leave()


class WorkersCounts:
    """`SharedCounts` of the workers of one server."""

    def __init__(self, line: WorkerLine) -> None:
        self._line = line

    async def exchange(self, counts: Sequence[OwnCount]) -> list[tuple[int, float] | None]:
        told = [(count.name, count.own, count.left_s) for count in counts]
        return [None if known is None else (known[0], known[1]) for known in await self._ask("exchange counts", told)]

    async def take(self, holder: str, places: Sequence[tuple[str, int]]) -> int | None:
        full: int | None = await self._ask("take places", (holder, list(places)))
        return full

    async def renew(self, held: Sequence[tuple[str, str]]) -> None:
        if held:
            self._line.tell("renew places", list(held))

    async def leave(self, holder: str, names: Sequence[str]) -> None:
        self._line.tell("leave places", (holder, list(names)))

    async def close(self) -> None:
        """The line ends with the worker."""

    async def _ask(self, what: str, body: object) -> Any:
        try:
            return await self._line.ask(what, body)
        except LineLost as error:
            raise SharedCountsLost(str(error)) from None


class WorkersEphemeralMemory:
    """`EphemeralMemory` of the workers of one server."""

    def __init__(self, line: WorkerLine) -> None:
        self._line = line

    async def keep(self, settings: str, expires_at: float) -> str:
        return str(await self._line.ask("keep settings", (settings, expires_at)))

    async def find(self, number: str) -> str | None:
        found: str | None = await self._line.ask("find settings", number)
        return found

    async def spend(self, project: str, id: str, expires_at: float) -> bool:
        fresh: bool | None = await self._line.ask("spend", (project, id, expires_at))
        if fresh is None:
            raise too_many_spent()
        return fresh

    async def spent(self, project: str, id: str) -> bool:
        return bool(await self._line.ask("spent", (project, id)))


class OtherWorkers:
    """`Colleagues` of a worker."""

    def __init__(self, line: WorkerLine) -> None:
        self._line = line
        self._answering: dict[str, Answering] = {}

    def answer(self, question: str, answering: Answering) -> None:
        self._answering[question] = answering

    async def ask(self, question: str) -> OthersAnswers:
        try:
            found, missing = await self._line.ask("ask others", question)
        except LineLost:  # this worker ends, too
            return OthersAnswers([])
        return OthersAnswers(found, missing)

    async def answered(self, question: str) -> Any:
        """What this worker answers to others."""
        return await self._answering[question]()


def in_common(start: WorkerStart, line: WorkerLine, seats: SharedSeats, others: OtherWorkers) -> InCommon:
    """What this worker shares."""
    return InCommon(
        seats=seats,
        colleagues=others,
        began=start.began,
        first=start.number == 1,
        identity=start.identity,
        signing_root=start.signing_root,
        ephemeral=WorkersEphemeralMemory(line),
        counts=WorkersCounts(line),
    )
