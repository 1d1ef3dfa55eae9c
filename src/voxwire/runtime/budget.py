"""The memory that messages of all clients may take together, while they are unfinished or wait."""

from typing import Final

#: What a client whose large message is refused is told.
TRY_AGAIN: Final = "The server has no memory left for large messages. Try again later, or send smaller ones."
#: The code of that error, and the close code after it (RFC 6455 section 7.4.1, as IANA has it since).
TRY_AGAIN_CODE: Final = "try_again_later"
TRY_AGAIN_LATER: Final = 1013


class Budget:
    """One for a process, handed out in shares. `used` and `limit` are bytes.

    It counts, and never refuses by itself: those who hold messages ask `spent` before they take more of a large
    one. Small messages pass always; their number is bounded where they wait.
    """

    def __init__(self, limit: int) -> None:
        self.limit: Final = limit
        self.used = 0

    @property
    def spent(self) -> bool:
        return self.used >= self.limit

    def share(self) -> "Share":
        return Share(self)


class Share:
    """What one holder of messages has of the budget: `size` bytes."""

    __slots__ = ("_budget", "size")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    @property
    def spent(self) -> bool:
        """Whether the whole budget is."""
        return self._budget.spent

    def hold(self, size: int) -> None:
        """Say how much is held now. 0 at the end: then nothing of the budget is lost."""
        self._budget.used += size - self.size
        self.size = size
