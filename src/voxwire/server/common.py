"""What the processes of one server have in common."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

from voxwire.auth import IdentitySecrets
from voxwire.auth.ephemeral import EphemeralMemory
from voxwire.config import Settings
from voxwire.quotas import SharedCounts
from voxwire.runtime import OwnSeats, Seats

Answering = Callable[[], Awaitable[Any]]
"""What a process says when another one asks."""


@dataclass(frozen=True, slots=True)
class OthersAnswers:
    """What the other processes of the server have said; `missing` ones are down, or were silent for too long."""

    found: list[Any]
    missing: int = 0


class Colleagues(Protocol):
    """The other processes of the server."""

    def answer(self, question: str, answering: Answering) -> None:
        """Say what is answered when others ask this."""

    async def ask(self, question: str) -> OthersAnswers:
        """Ask all of them; what they answer is made of what msgpack knows. Waits a second at most."""


class NoColleagues:
    """Those of a server of one process."""

    def answer(self, question: str, answering: Answering) -> None:
        """Nobody will ask."""

    async def ask(self, question: str) -> OthersAnswers:
        return OthersAnswers([])


@dataclass(frozen=True, slots=True, kw_only=True)
class InCommon:
    """What makes several processes one server; `of_one` is that of a server of one process.

    `identity` and `signing_root` are its secrets, of which each process makes its own where they are None; `ephemeral`
    and `counts` what its processes know together, None where there is one. `began` is when it started, in seconds since
    1970. `first`: this process does what is to be done once.
    """

    seats: Seats
    colleagues: Colleagues
    began: int
    first: bool = True
    identity: IdentitySecrets | None = None
    signing_root: bytes | None = None
    ephemeral: EphemeralMemory | None = None
    counts: SharedCounts | None = None

    @classmethod
    def of_one(cls, settings: Settings) -> Self:
        return cls(seats=OwnSeats(settings.server.max_sessions), colleagues=NoColleagues(), began=int(time.time()))
