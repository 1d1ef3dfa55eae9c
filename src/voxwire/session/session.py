"""The session: the protocol's brain, without I/O (skeleton; see docs/architecture.md)."""

from collections.abc import Callable

from voxwire.events.config import SessionConfig
from voxwire.session.commands import Output
from voxwire.session.inputs import Input
from voxwire.session.limits import Capabilities, Limits


class Session:
    """One realtime or transcription session.

    Inputs go in by `receive`, outputs come back as a list in wire order: server events for the
    attachments, commands for the runtime. Nothing here does I/O, reads a clock or draws a random
    number: `now` (seconds, monotonic) and `ids` (prefix to fresh identifier) are handed in, so the
    same inputs always give the same outputs.
    """

    def __init__(
        self,
        *,
        session_id: str,
        config: SessionConfig,
        limits: Limits,
        capabilities: Capabilities,
        ids: Callable[[str], str],
        now: float,
        expires_at: int,
    ) -> None:
        raise NotImplementedError

    def open(self) -> list[Output]:
        """`session.created`; call once, first."""
        raise NotImplementedError

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        """Take one input. `origin` is the attachment a client event came from; errors go back to it alone.

        Never raises for anything a client can send.
        """
        raise NotImplementedError

    @property
    def deadline(self) -> float | None:
        """When to call `receive(Tick())`, on the clock of `now`; None for never. Read it after every `receive`."""
        raise NotImplementedError

    @property
    def backlog_ms(self) -> float:
        """Audio handed in but not yet scored, plus deferred events' audio: the reader waits while this is large."""
        raise NotImplementedError
