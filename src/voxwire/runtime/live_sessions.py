"""The sessions running in this process."""

from collections.abc import Iterator

from voxwire.errors import VoxwireError
from voxwire.runtime.live import LiveSession


class TooManySessions(VoxwireError):
    """The process holds as many sessions as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"All {limit} sessions are in use.")
        self.limit = limit


class LiveSessions:
    """Running sessions by session id, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running: dict[str, LiveSession] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(tuple(self._running.values()))

    def get(self, session_id: str) -> LiveSession | None:
        """The session of this id, if it runs here."""
        return self._running.get(session_id)

    def add(self, live: LiveSession) -> None:
        """Raises TooManySessions."""
        if len(self._running) >= self._limit:
            raise TooManySessions(self._limit)
        self._running[live.id] = live

    def remove(self, live: LiveSession) -> None:
        del self._running[live.id]
