"""The emit gate of a response.

A response may start as a draft, before the turn is certain. Its events wait behind the gate until
the turn commits, or are dropped when speech resumes. A closed gate never lets one event overtake
another.
"""

from enum import Enum

from voxwire.errors import InvariantError
from voxwire.events.server import ServerEvent


class Gate(Enum):
    HELD = "held"
    OPEN = "open"
    DROPPED = "dropped"


class EmitGate:
    """Holds, passes or drops the events of one response."""

    def __init__(self, *, draft: bool = False) -> None:
        self.state = Gate.HELD if draft else Gate.OPEN
        self._held: list[ServerEvent] = []

    def through(self, events: list[ServerEvent]) -> list[ServerEvent]:
        """What may leave now of these newly made events."""
        if self.state is Gate.OPEN:
            return events
        if self.state is Gate.HELD:
            self._held.extend(events)
        return []

    def release(self) -> list[ServerEvent]:
        """The turn is certain: everything held leaves, in order."""
        self._leave_held("release", Gate.OPEN)
        held, self._held = self._held, []
        return held

    def drop(self) -> None:
        """Speech resumed: nothing of this response was ever said."""
        self._leave_held("drop", Gate.DROPPED)
        self._held.clear()

    def _leave_held(self, step: str, to: Gate) -> None:
        if self.state is not Gate.HELD:
            raise InvariantError(f"{step} a response", expected=Gate.HELD, actual=self.state)
        self.state = to
