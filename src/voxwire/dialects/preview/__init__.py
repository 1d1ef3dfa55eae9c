"""The preview dialects of 2024-10-01, 2024-12-17 and 2025-04-01: flat sessions, `response.audio.*` names.

- `requests`: what clients send
- `session_settings`: the flat session and response settings inside
- `events`: what the server sends
- `projection`: how replies stay within what 2024-10-01 clients accept
- `voice_live`: what Voice Live clients send
- `spelling`: GA paths and names of formats in preview's words
"""

from typing import Final

from msgspec.structs import replace

from voxwire.dialects.preview.events import NOT_IN_FIRST, NOT_IN_VOICE_LIVE, encode
from voxwire.dialects.preview.projection import changes_of
from voxwire.dialects.preview.requests import FIRST_DECODER, LATER_DECODER, PreviewRequest
from voxwire.dialects.preview.spelling import FormatNames
from voxwire.dialects.preview.voice_live import LIVE_DECODER
from voxwire.dialects.shared_requests import ClientRequest, RequestDecoder, event_of
from voxwire.dialects.variant import Dialect, Variant
from voxwire.events.client import ClientEvent, UpdateSession
from voxwire.events.server import ServerEvent, SessionCreated, SessionUpdated, TranscriptionDelta
from voxwire.events.session_config import LOGPROBS, TRANSCRIPTION_DELTAS, SessionConfig

__all__ = ["Preview"]

#: A client that asks for one of these knows deltas of transcripts: log-probabilities came with them
#: (protocol: decisions, Transcription deltas).
_SHOW_DELTAS: Final = frozenset({LOGPROBS, TRANSCRIPTION_DELTAS})


class Preview:
    """Preview on one connection.

    It remembers how the client spells the G.711 formats, what it asked for, and what it saw of the session.
    """

    def __init__(self, variant: Variant) -> None:
        self._projection: Final = variant.projection
        self._decoder, self._omitted = _version(variant)
        self._deltas = variant.transcription_deltas or variant.transcription or variant.dialect is Dialect.VOICE_LIVE
        self._formats: Final = FormatNames(hyphens=variant.projection)
        self._seen: SessionConfig | None = None

    def decode(self, frame: str | bytes) -> ClientEvent:
        """The event in a text frame; raises ClientError."""
        request = self._decoder.request(frame)
        event = event_of(request)
        if isinstance(request, PreviewRequest):
            self._formats.learn(request.format_names())
        if self._projection and self._seen is not None and isinstance(event, UpdateSession):
            return replace(event, patch=changes_of(event.patch, self._seen))
        return event

    def encode(self, event: ServerEvent, event_id: str) -> bytes | None:
        """The event as a text frame; None when this version does not have it."""
        if isinstance(event, TranscriptionDelta) and not self._deltas:
            return None
        if isinstance(event, SessionCreated | SessionUpdated):
            self._seen = event.config
        if isinstance(event, SessionUpdated):
            self._deltas |= not _SHOW_DELTAS.isdisjoint(event.config.include or ())
        return encode(event, event_id, formats=self._formats, projection=self._projection, omitted=self._omitted)


def _version(variant: Variant) -> tuple[RequestDecoder[ClientRequest], tuple[type, ...]]:
    """What clients of a version may send, and the events that they do not know."""
    if variant.projection:
        return FIRST_DECODER, NOT_IN_FIRST
    if variant.dialect is Dialect.VOICE_LIVE:
        return LIVE_DECODER, NOT_IN_VOICE_LIVE
    return LATER_DECODER, ()
