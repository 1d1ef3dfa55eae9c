"""Which ephemeral keys count no longer: a book of limited size, in memory."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from voxwire.errors import SERVER_ERROR, RequestRefused

#: Those of the last two hours at most; a hundred bytes each. A quarter is the most of one project, so that none takes
#: the others' places.
_MOST: Final = 200_000
_MOST_OF_PROJECT: Final = 50_000
#: To look for those that have expired takes milliseconds, so a flood does not have it done for each request.
_LOOK_AGAIN_S: Final = 1.0


def too_many_spent() -> RequestRefused:
    """That no further one can be written down."""
    return RequestRefused(
        503,
        "Too many ephemeral keys were used or revoked within two hours.",
        code="server_busy",
        type=SERVER_ERROR,
        headers=(("retry-after", "60"),),
    )


class SpentBook:
    """Tokens, by project and id, until they expire."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ends: dict[tuple[str, str], float] = {}
        self._of_project: Counter[str] = Counter()
        self._looked = 0.0

    def __contains__(self, token: tuple[str, str]) -> bool:
        return token in self._ends

    def note(self, token: tuple[str, str], expires_at: float) -> None:
        """Write one down, whether there is room or not."""
        self._of_project[token[0]] += token not in self._ends
        self._ends[token] = expires_at

    def check_room(self, project: str) -> None:
        """Raises RequestRefused (503) where there is no room for one more of this project."""
        if not self._full(project):
            return
        self._forget_expired()
        if self._full(project):
            raise too_many_spent()

    def _full(self, project: str) -> bool:
        return len(self._ends) >= _MOST or self._of_project[project] >= _MOST_OF_PROJECT

    def _forget_expired(self) -> None:
        now = self._clock()
        if now < self._looked + _LOOK_AGAIN_S:
            return
        self._looked = now
        self._ends = {known: end for known, end in self._ends.items() if end > now}
        self._of_project = Counter(project for project, _ in self._ends)
