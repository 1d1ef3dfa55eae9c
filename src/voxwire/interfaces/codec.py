"""A dialect to the runtime: frames of one connection to events, and events to frames."""

from typing import Protocol

from voxwire.events.client import ClientEvent
from voxwire.events.server import ServerEvent


class Codec(Protocol):
    """The dialect of one connection: frames to client events, server events to frames."""

    def decode(self, frame: str | bytes) -> ClientEvent:
        """Raises ClientError for anything that is not an event of the dialect."""
        ...

    def encode(self, event: ServerEvent, event_id: str) -> bytes | None:
        """One frame; None when the dialect does not have the event."""
        ...

    def discard_audio(self, response_id: str) -> bytes | None:
        """What tells the other side to drop the sound of this answer that it has not played; None where it knows
        by the events, as all clients of the protocol do."""
        ...
