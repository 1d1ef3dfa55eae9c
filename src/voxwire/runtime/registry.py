"""The conversations running in this process."""

from collections.abc import Iterator

from voxwire.errors import VoxwireError
from voxwire.runtime.conversation import Conversation


class TooManyConversations(VoxwireError):
    """The process holds as many conversations as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"All {limit} conversations are in use.")
        self.limit = limit


class Conversations:
    """Running conversations by session id, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running: dict[str, Conversation] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._running.values()))

    def add(self, conversation: Conversation) -> None:
        """Raises TooManyConversations."""
        if len(self._running) >= self._limit:
            raise TooManyConversations(self._limit)
        self._running[conversation.id] = conversation

    def remove(self, conversation: Conversation) -> None:
        del self._running[conversation.id]
