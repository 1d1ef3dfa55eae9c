"""A bound on the work that a client's schemas may cause.

Schemas and patterns are the client's. A short one can describe a very large tree, and the assistant works
on the event loop of all sessions.
"""

from typing import Final

#: Steps for one answer, 10 to 20 ms; the largest functions of real life take 1,500.
_STEPS: Final = 6_000


class TooMuch(Exception):
    """The work takes more steps than are left."""


class Effort:
    """Steps left for one answer. Reading, checking and making values for all functions share them."""

    def __init__(self, steps: int = _STEPS) -> None:
        self._steps = self._left = steps

    def renew(self) -> None:
        self._left = self._steps

    def spend(self, steps: int) -> None:
        """Raises TooMuch when too few are left; then none are, until `renew`."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch

    @property
    def spent(self) -> int:
        return self._steps - self._left
