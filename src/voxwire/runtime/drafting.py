"""Answers begun in pauses (ADR 19), seen from the process: whether there is room for one, and what came of them."""

from typing import Any, Final

from voxwire.interfaces.llm import LlmEngine, Queues

#: Answers that a language engine may have to make first; with more, a draft would only take time from them.
_LONGEST_QUEUE: Final = 1


class Drafting:
    """One for all sessions of the process, since they share engines."""

    def __init__(self) -> None:
        self.begun = 0
        self.used = 0
        self.wasted = 0
        self.refused = 0
        """For the language engine was busy."""
        self.saved_ms = 0
        self._answers: dict[int, int] = {}

    def answers(self, engine: LlmEngine) -> None:
        """The engine makes one answer more, until it has `answered`."""
        key = id(engine)  # it lives at least as long as its answers
        self._answers[key] = self._answers.get(key, 0) + 1

    def answered(self, engine: LlmEngine) -> None:
        """It has made that answer, or will not."""
        key = id(engine)
        left = self._answers[key] - 1
        if left:
            self._answers[key] = left
        else:
            del self._answers[key]

    def begin(self, engine: LlmEngine) -> bool:
        """Whether a draft may be begun now; it is counted."""
        queue = engine.queue if isinstance(engine, Queues) else self._answers.get(id(engine), 0)
        room = queue <= _LONGEST_QUEUE
        self.begun += room
        self.refused += not room
        return room

    def describe(self) -> dict[str, Any]:
        """For whoever watches the server."""
        names = "begun", "used", "wasted", "refused", "saved_ms"
        return {name: getattr(self, name) for name in names}
