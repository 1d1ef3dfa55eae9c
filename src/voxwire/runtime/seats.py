"""How many sessions a server holds at once, over all its processes."""

from typing import Protocol


class Seats(Protocol):
    """`limit` seats. Whoever takes one leaves it again."""

    @property
    def limit(self) -> int: ...

    @property
    def full(self) -> bool:
        """Whether none is free, as far as is known here."""

    async def take(self) -> bool:
        """Take a seat; False where none is free."""

    def leave(self) -> None:
        """Give one back."""


class OwnSeats:
    """The seats of a server of one process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def full(self) -> bool:
        return self._taken >= self._limit

    async def take(self) -> bool:
        if self.full:
            return False
        self._taken += 1
        return True

    def leave(self) -> None:
        self._taken -= 1
