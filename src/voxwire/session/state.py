"""What the parts of a session share."""

from collections.abc import Callable

from voxwire.events.client import Unsupported
from voxwire.events.session_config import SessionConfig
from voxwire.session.alarms import Alarms
from voxwire.session.commands import Output
from voxwire.session.conversation import Conversation
from voxwire.session.limits import Capabilities, Limits


class State:
    """Settings, conversation, bounds, deadlines, and the list that outputs are collected in.

    `now` is the time of the input at hand, in seconds on a monotonic clock.
    """

    def __init__(
        self,
        *,
        config: SessionConfig,
        conversation: Conversation,
        limits: Limits,
        capabilities: Capabilities,
        ids: Callable[[str], str],
        now: float,
        session_id: str,
        end_user: str | None = None,
    ) -> None:
        self.config = config
        self.conversation = conversation
        self.limits = limits
        self.capabilities = capabilities
        self.ids = ids
        self.now = now
        self.session_id = session_id
        self.end_user = end_user
        self.opened = now
        self.alarms = Alarms()
        self.out: list[Output] = []
        self.left_out: list[Unsupported] = []
        """Fields of the event at hand that are valid and beyond this deployment."""
        self._numbers = 0

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
