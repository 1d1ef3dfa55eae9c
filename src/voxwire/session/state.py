"""What the parts of a session share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from voxwire.events.client import Unsupported
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.commands import Output
from voxwire.session.alarms import Alarms
from voxwire.session.conversation import Conversation
from voxwire.session.limits import Capabilities, Limits


@dataclass(kw_only=True, eq=False, slots=True)
class State:
    """Settings, conversation, bounds, deadlines, and the list that outputs are collected in.

    `now` is the time of the input at hand, in seconds on a monotonic clock.
    """

    config: SessionConfig
    conversation: Conversation
    limits: Limits
    capabilities: Capabilities
    ids: Callable[[str], str]
    now: float
    opened: float
    session_id: str
    end_user: str | None = None
    alarms: Alarms = field(default_factory=Alarms)
    out: list[Output] = field(default_factory=list)
    left_out: list[Unsupported] = field(default_factory=list)
    """Fields of the event at hand that are valid and beyond this deployment."""
    _numbers: int = 0

    def emit(self, *outputs: Output) -> None:
        """Add outputs, in wire order."""
        self.out.extend(outputs)

    def clock_ms(self, at: float) -> int:
        """A moment of the clock of `now`, in milliseconds since the session began."""
        return round((at - self.opened) * 1000)

    def number(self) -> int:
        """A fresh number for an epoch, a transcription or a generation."""
        self._numbers += 1
        return self._numbers
