"""What the parent knows for all workers, and answers them: seats, quotas, ephemeral keys, how the others are."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from voxwire.auth.ephemeral import LargeSettings, SpentBook
from voxwire.errors import RequestRefused
from voxwire.quotas import MemoryCounts, OwnCount
from voxwire.server.workers.line import Handler, LineLost

#: How long a worker may be silent when another one asks, in seconds.
_PATIENCE_S: Final = 1.0


class Extension(Protocol):
    """A worker, as it is spoken to."""

    @property
    def ready(self) -> bool: ...

    def tell(self, what: str, body: object = None) -> None: ...

    async def ask(self, what: str, body: object = None) -> Any: ...


class Switchboard:
    """`wanted` workers there should be; `all` are those that there are."""

    def __init__(self, max_sessions: int, wanted: int, all: Callable[[], Iterable[Extension]]) -> None:
        self._most = max_sessions
        self._wanted = wanted
        self._all = all
        self._seats: dict[str, int] = {}
        self._counts = MemoryCounts()
        self._places: dict[str, dict[str, list[str]]] = {}
        self._settings = LargeSettings()
        self._spent = SpentBook()

    @property
    def taken(self) -> int:
        """Seats that are taken, by all workers."""
        return sum(self._seats.values())

    @property
    def full(self) -> bool:
        return self.taken >= self._most

    def handlers(self, worker: str, extension: Extension) -> dict[str, Handler]:
        """What a worker of this name may say; no two that have lived have the same."""
        return {
            "take seat": lambda _: self._take_seat(worker),
            "leave seat": lambda _: self._leave_seat(worker),
            "exchange counts": lambda counts: self._counts.exchange(worker, [OwnCount(*count) for count in counts]),
            "take places": lambda asked: self._take_places(worker, *asked),
            "renew places": lambda held: self._counts.renew([(holder, name) for holder, name in held]),
            "leave places": lambda left: self._leave_places(worker, *left),
            "keep settings": lambda kept: self._settings.keep(*kept),
            "find settings": self._settings.find,
            "spend": self._spend,
            "spent": lambda token: tuple(token) in self._spent,
            "ask others": lambda question: self._ask_others(extension, question),
        }

    def gone(self, worker: str) -> None:
        """It has ended, and with it its sessions."""
        was_full = self.full
        self._seats.pop(worker, None)
        for holder, names in self._places.pop(worker, {}).items():
            self._counts.leave(holder, names)
        self._say_whether_full(was_full)

    # --- seats ---

    def _take_seat(self, worker: str) -> bool:
        if self.full:
            return False
        self._seats[worker] = self._seats.get(worker, 0) + 1
        self._say_whether_full(False)
        return True

    def _leave_seat(self, worker: str) -> None:
        was_full = self.full
        self._seats[worker] -= 1
        self._say_whether_full(was_full)

    def _say_whether_full(self, before: bool) -> None:
        """Workers refuse by what they know, before they look at anything else."""
        if self.full != before:
            for extension in self._all():
                extension.tell("full", self.full)

    # --- quotas, ephemeral keys ---

    def _take_places(self, worker: str, holder: str, places: list[tuple[str, int]]) -> int | None:
        full = self._counts.take(holder, places)
        if full is None:
            self._places.setdefault(worker, {})[holder] = [name for name, _ in places]
        return full

    def _leave_places(self, worker: str, holder: str, names: list[str]) -> None:
        self._places.get(worker, {}).pop(holder, None)
        self._counts.leave(holder, names)

    def _spend(self, token: tuple[str, str, float]) -> bool | None:
        """None where there is no room for more."""
        project, id, expires_at = token
        if (project, id) in self._spent:
            return False
        try:
            self._spent.check_room(project)
        except RequestRefused:
            return None
        self._spent.note((project, id), expires_at)
        return True

    # --- how the others are ---

    async def _ask_others(self, asking: Extension, question: str) -> tuple[list[Any], int]:
        """What all but one answer, and how many do not."""
        others = [one for one in self._all() if one is not asking and one.ready]
        answers = await asyncio.gather(*(self._answer(one, question) for one in others))
        found = [answer for (answer,) in filter(None, answers)]
        return found, self._wanted - 1 - len(found)

    async def _answer(self, extension: Extension, question: str) -> tuple[Any] | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return (await extension.ask("question", question),)
        except (TimeoutError, LineLost):
            return None
