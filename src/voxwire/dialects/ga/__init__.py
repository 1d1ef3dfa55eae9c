"""The GA dialect: nested sessions, `response.output_*` names, items added and then done.

- `requests`: what clients send
- `session_settings`: the nested session and response settings inside; `prompt_settings`: prompts that they name
- `events`: what the server sends
"""

from voxwire.dialects.ga.events import encode
from voxwire.dialects.ga.requests import DECODER
from voxwire.dialects.shared_requests import event_of
from voxwire.events.client import ClientEvent

__all__ = ["Ga"]


class Ga:
    """GA needs no memory: both ways are functions."""

    def decode(self, frame: str | bytes) -> ClientEvent:
        """The event in a text frame; raises ClientError."""
        return event_of(DECODER.request(frame))

    #: The event as a text frame.
    encode = staticmethod(encode)
