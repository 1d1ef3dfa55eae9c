"""What may belong to a live session: one way in, one way out, or both.

A client that speaks the protocol is an `EventAttachment`. A transport that carries sound brings its own kind: what
the person says goes in as `AppendAudio`, what it plays comes as `AudioDelta`, and how far it has played goes in as
`PlayoutProgress` and `PlayoutDrained` (ADR 21).
"""

from enum import Enum, auto
from typing import Protocol

from voxwire.events.closing import CloseReason
from voxwire.events.server import ServerEvent
from voxwire.runtime.notify import Flag


class AttachmentRole(Enum):
    """What an attachment is to its session.

    Whoever attaches it decides, once, and nothing that a client sends: so nobody makes himself one for whom
    others wait.
    """

    SPEAKER = auto()
    """The session is there for it: it opened the session, or it carries the person's voice. Answers wait while it
    cannot take more, and the last speaker that leaves ends the session."""
    OBSERVER = auto()
    """It joined later, to look on or to steer. Nobody waits for it: when it does not keep up, it is dropped."""


class Attachment(Protocol):
    """One that belongs to a `LiveSession`, which calls everything but `run` on its loop; no method waits but that.

    It hands its inputs to `LiveSession.submit`, with `number` as their origin.
    """

    @property
    def number(self) -> int:
        """The origin of its inputs, given by the session. Errors go back to it alone."""

    @property
    def role(self) -> AttachmentRole: ...

    @property
    def closed(self) -> Flag:
        """Set by the session once `run` has ended, however that was."""

    @property
    def writable(self) -> bool:
        """False while it has more than it should. It calls `LiveSession.relieve` when that has changed."""

    def send(self, event: ServerEvent, event_id: str) -> None:
        """Take an event, in the order in which they are said. One that means nothing here is passed over."""

    def flush(self) -> None:
        """All that one input has set off was handed over: let it leave."""

    def discard_audio(self, response_id: str) -> None:
        """The answer was interrupted: drop the sound of it that is still here."""

    def finish(self, reason: CloseReason, message: str | None = None) -> None:
        """Let what is here leave, then close. `message` says it better than the reason's own words. Only the first
        call counts."""

    async def run(self) -> None:
        """Do what takes time, until everything has left after `finish`, or the other side is gone. Bounded: whoever
        takes nothing is given up. Cancelling ends it at once."""
