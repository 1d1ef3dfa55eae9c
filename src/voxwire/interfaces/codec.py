"""A dialect to the runtime: frames of one connection to events, and events to frames."""

from typing import Protocol

from voxwire.events.client import AppendAudio, ClientEvent
from voxwire.events.server import ServerEvent


class Codec(Protocol):
    """The dialect of one connection: frames to client events, server events to frames."""

    def decode(self, frame: str | bytes) -> ClientEvent:
        """Raises ClientError for anything that is not an event of the dialect."""
        ...

    def append(self, frame: bytes) -> AppendAudio | None:
        """The event in a frame that is `input_audio_buffer.append` and as most clients write it, at little cost: it
        comes fifty times a second. None for every other frame, also for one that is wrong or no UTF-8; `decode` says
        what it is. Where both give an event, it is the same."""
        ...

    def encode(self, event: ServerEvent, event_id: str) -> bytes | None:
        """One frame; None when the dialect does not have the event."""
        ...

    def discard_audio(self, response_id: str) -> bytes | None:
        """What tells the other side to drop the sound of this answer that it has not played; None where it knows
        by the events, as all clients of the protocol do."""
        ...
