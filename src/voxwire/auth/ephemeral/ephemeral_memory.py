"""What the processes of one server keep together of ephemeral keys."""

from typing import Protocol


class EphemeralMemory(Protocol):
    """What one process of a server learns, and all of them have to know."""

    async def keep(self, settings: str, expires_at: float) -> str:
        """Keep settings until a time; gives their number."""

    async def find(self, number: str) -> str | None:
        """The settings of this number; None where they are not kept any more."""

    async def spend(self, project: str, id: str, expires_at: float) -> bool:
        """Have a key count no longer; False if it does not count already. Raises RequestRefused (503) where there is
        no room for more."""

    async def spent(self, project: str, id: str) -> bool:
        """Whether a key counts no longer."""
