"""What is stored of conversations, and who stores it. Without either, nothing of it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypedDict

from voxwire.events.server import Fingerprint
from voxwire.events.session_config import SessionConfig
from voxwire.runtime.observer import SessionFacts
from voxwire.session import Capabilities, Limits, Session


@dataclass(frozen=True, slots=True)
class StoringPolicy:
    """What is stored of the conversations of a deployment, and how many days it is kept."""

    what: Literal["none", "text", "text+audio"] = "none"
    days: int = 30

    def __str__(self) -> str:
        """As a person reads it: `text; 30 days`."""
        return self.what if self.what == "none" else f"{self.what}; {self.days} day{'s' if self.days > 1 else ''}"


NOT_STORED: Final = StoringPolicy()


class SessionArguments(TypedDict):
    """What a session of the core is made of."""

    session_id: str
    config: SessionConfig
    limits: Limits
    capabilities: Capabilities
    ids: Callable[[str], str]
    now: float
    expires_at: int
    end_user: str | None
    fingerprint: Fingerprint | None


class SessionRecorder(Protocol):
    """Stores sessions whose deployment says so. Asked on the event loop; waits for nothing, and never raises."""

    def session(
        self, facts: SessionFacts, policy: StoringPolicy, engines: str, arguments: SessionArguments
    ) -> Session | None:
        """A session that notes what it is told; None where this one is not stored. `engines` says what answers."""

    def ended(self, session_id: str) -> None:
        """Nothing more is told to this session."""

    def flag(self, session_id: str) -> None:
        """Mark that somebody should look at what is stored of this session, if it is."""
