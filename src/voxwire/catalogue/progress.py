"""How far a fetch is, as it is told to whoever shows it."""

from collections.abc import Callable
from typing import Protocol

#: Tells how many bytes of a file are there.
Moved = Callable[[int], None]


class PullReport(Protocol):
    """What is shown of a fetch. Called in the thread that fetches, up to some hundred times a second."""

    def began(self, name: str, total: int) -> None:
        """A model is fetched from now on; `total` is its size in bytes."""

    def moved(self, name: str, done: int) -> None:
        """So many bytes of it are here. It can be fewer than before: what turned out wrong is thrown away."""

    def note(self, name: str, text: str) -> None:
        """A sentence on what happens, such as why the next source is tried."""

    def ended(self, name: str) -> None:
        """It is fetched, or it is not: the caller says which."""
