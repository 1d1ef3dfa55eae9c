"""The codec of one connection: frames to client events, server events to frames."""

from typing import Any, Final

import msgspec

from voxwire.dialects.faults import not_utf8, recover_event_id
from voxwire.dialects.ga import Ga
from voxwire.dialects.plain_append import AppendReader
from voxwire.dialects.preview import Preview
from voxwire.dialects.surrogates import stand_in
from voxwire.dialects.variant import Dialect, Variant
from voxwire.errors import ClientError
from voxwire.events.client import ClientEvent, UpdateSession
from voxwire.events.server import ServerEvent

#: Keys that only GA has, by the event and the object in which they stand (protocol: dialects, Late switch).
_GA_KEYS: Final = {
    "session.update": ("session", frozenset({"type", "audio", "output_modalities"})),
    "response.create": ("response", frozenset({"audio", "output_modalities"})),
}


class WireCodec:
    """Translates one connection, and remembers what the wire needs remembered.

    A connection that took preview by its path alone is switched to GA, for good and before its event
    is answered, when its first `session.update` or a `response.create` before that carries keys of GA.
    A bare `response.create` is the same in both, and says nothing (protocol: decisions, Late switch after a response).
    """

    def __init__(self, variant: Variant) -> None:
        self._variant: Final = variant
        self._speech: Ga | Preview = Ga() if variant.dialect is Dialect.GA else Preview(variant)
        self._undecided = variant.late_switch
        self.append: Final = AppendReader().read
        """All dialects have this event alike."""

    @property
    def dialect(self) -> Dialect:
        """What the connection speaks now."""
        return Dialect.GA if isinstance(self._speech, Ga) else self._variant.dialect

    def decode(self, frame: str | bytes) -> ClientEvent:
        """The event in a text frame, given as text or as UTF-8.

        Raises ClientError, with the client's `event_id` where it can be found, for anything that is
        not a complete and valid event of this dialect; never another exception.
        """
        try:
            frame = stand_in(frame)
        except UnicodeError:
            raise not_utf8(recover_event_id(frame)) from None
        try:
            event = self._speech.decode(frame)
        except ClientError:
            if not (self._undecided and self._shows_ga(frame)):
                raise
            self._speech = Ga()
            return self._speech.decode(frame)
        if isinstance(event, UpdateSession):
            self._undecided = False
        return event

    def encode(self, event: ServerEvent, event_id: str) -> bytes | None:
        """The event as UTF-8 of a text frame; None when this dialect does not have it.

        `event_id` is the server's own identifier for it: letters, digits, `_` and `-`.
        """
        return self._speech.encode(event, event_id)

    def discard_audio(self, response_id: str) -> None:
        """No frame: clients hold the audio of an answer themselves, and drop it by the events that they see."""

    def _shows_ga(self, frame: str | bytes) -> bool:
        """Whether a frame that is no preview event has GA keys; the first update, however wrong, ends the wait."""
        try:
            head = msgspec.json.decode(frame, type=dict[str, msgspec.Raw])
            name = msgspec.json.decode(head["type"])
            place, keys = _GA_KEYS[name]
            self._undecided = name != "session.update"
            body: Any = msgspec.json.decode(head[place], type=dict[str, msgspec.Raw])
        except (ValueError, RecursionError, LookupError, TypeError):
            return False
        return not keys.isdisjoint(body)
