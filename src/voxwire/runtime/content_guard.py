"""Who checks what is said. The runtime asks before text and speech leave, and when the answer may end."""

from collections.abc import Sequence
from typing import Protocol

from voxwire.events.items import Item
from voxwire.runtime.observer import SessionFacts, SessionObserver


class AnswerFiltered(Exception):
    """A check ends the answer."""


class AnswerGuard(Protocol):
    """Checks one answer. All but `wanted` raise AnswerFiltered."""

    async def heard(self) -> None:
        """Wait until the person's words are checked that it answers: nothing of the answer leaves before."""

    def let_out(self, text: str) -> str:
        """The language engine wrote this: what of it, and of what was held back before, may leave now."""

    def rest(self) -> str:
        """A message is complete: what is left of it."""

    async def watch(self) -> None:
        """Ask checks that take time, beside the answer, until cancelled."""

    async def settled(self) -> None:
        """Wait until all that has left is checked."""

    def wanted(self, response_id: str) -> None:
        """It was a draft, and is this response now."""


class SessionGuard(Protocol):
    """Checks the answers of one session."""

    def answer(self, items: Sequence[Item], response_id: str | None, *, holds: bool) -> AnswerGuard:
        """One that answers these items; a draft has no `response_id`. `holds`: its text can wait until a clause is
        complete, since what speaks it waits for that as well."""


class ContentMonitor(Protocol):
    """Checks sessions."""

    def session(
        self, facts: SessionFacts, policy: str | None, end_user: str | None, observer: SessionObserver
    ) -> SessionGuard | None:
        """What checks a session of a deployment with this policy; None: nothing does."""
