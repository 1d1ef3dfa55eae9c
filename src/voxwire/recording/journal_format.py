"""The form of a stored session, before it is compressed and encrypted.

A **journal** is what a session was told, in order, with what it cannot know by itself: times, identifiers, answers of
functions. It is enough to run the session again. Beside it go the **events**: what clients were told, sound left out.
They are enough to read the session, whatever the core is like by then.

A stored session is a `JournalHeader` and chunks, each a list of `JournalLine` and a list of `Told`. Fields may be added
at the end of lines; whatever else changes is a new `VERSION`.
"""

from typing import Any, Final

import msgspec

from voxwire.events.server import Fingerprint, ServerEvent
from voxwire.events.session_config import SessionConfig, SessionPatch
from voxwire.interfaces.inputs import Input
from voxwire.session import Limits

#: In version 1, `moved` also counts the sound of whole windows that went to the detector of speech.
VERSION: Final = 2


class JournalHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a session began with.

    `now` is on the clock of the lines (seconds, monotonic), `started_at` the same moment in milliseconds since 1970.
    `capabilities` are those of `voxwire.session.Capabilities`, without its functions. `redacted`: words are others, of
    the same form.
    """

    version: int = VERSION
    software: str
    session_id: str
    deployment: str
    engines: str
    policy: str
    config: SessionConfig
    limits: Limits
    capabilities: dict[str, Any]
    now: float
    started_at: int
    expires_at: int
    end_user: str | None
    fingerprint: Fingerprint | None = None
    redacted: bool = False


class _Line(msgspec.Struct, frozen=True, array_like=True):
    pass


class Opened(_Line, frozen=True, tag=0):
    """The session was opened. `told` is how many of the events came of it, `digest` is of what engines were asked."""

    patch: SessionPatch | None
    told: int
    digest: bytes


class Appended(_Line, frozen=True, tag=1):
    """Audio came, or so many bytes of it that are not kept, and nothing followed. `moved` is how much sound the session
    handed on: 0 since version 2."""

    at: float
    audio: bytes | int
    origin: int | None
    moved: int


class Scored(_Line, frozen=True, tag=2):
    """Scores were followed of which nothing came, but that sound was handed on."""

    at: float
    epoch: int
    scores: tuple[float, ...]
    moved: int


class Took(_Line, frozen=True, tag=3):
    """Any input. `audio` is what the answers said in sound; empty where it is not kept."""

    at: float
    event: Input
    origin: int | None
    told: int
    digest: bytes
    moved: int
    audio: bytes


class Made(_Line, frozen=True, tag=4):
    """What the session asked for by the lines after this one, in order: identifiers, lengths of texts in tokens, and
    what remarks are."""

    ids: tuple[str, ...]
    tokens: tuple[int, ...]
    remarks: tuple[int, ...]


JournalLine = Opened | Appended | Scored | Took | Made


class SpokenEvent(msgspec.Struct, frozen=True, tag_field="_", tag="Spoken"):
    """An `AudioDelta` without its sound: so many bytes of PCM16 at `rate`."""

    response_id: str
    item_id: str
    size: int
    rate: int


class SilencedEvent(msgspec.Struct, frozen=True, tag_field="_", tag="Silenced"):
    """A `DiscardPendingAudio`: from here on nothing of this answer was heard any more, where the client plays so."""

    response_id: str


class ListenedEvent(msgspec.Struct, frozen=True, tag_field="_", tag="Listened"):
    """The utterance of this number is the speech of this item."""

    transcription: int
    item_id: str


class HeardEvent(msgspec.Struct, frozen=True, tag_field="_", tag="Heard"):
    """What the recogniser understood of an utterance, whether clients asked for its words or not."""

    transcription: int
    text: str


ReadableEvent = ServerEvent | SpokenEvent | SilencedEvent | ListenedEvent | HeardEvent


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What clients were told at this time, or what else a reader has to know."""

    at: float
    event: ReadableEvent


_encoder: Final = msgspec.msgpack.Encoder()
_lines: Final = msgspec.msgpack.Decoder(list[JournalLine])
_told: Final = msgspec.msgpack.Decoder(list[Told])
_header: Final = msgspec.msgpack.Decoder(JournalHeader)

encode_journal: Final = _encoder.encode


def decode_lines(data: bytes) -> list[JournalLine]:
    """Raises msgspec.MsgspecError for what is no list of lines."""
    return _lines.decode(data)


def decode_told(data: bytes) -> list[Told]:
    """The same of events."""
    return _told.decode(data)


def decode_header(data: bytes) -> JournalHeader:
    """The same of a header."""
    return _header.decode(data)
