"""Client events of the preview dialect (protocol: events, Client events).

Two unions: the first version and the later ones. Voice Live has its own in `voice_live`.
"""

from collections.abc import Iterator
from typing import Final

from voxwire.dialects.preview.session_settings import (
    FirstResponseSettings,
    FirstSessionSettings,
    ResponseSettings,
    SessionSettings,
    TranscriptionSettingsUpdate,
)
from voxwire.dialects.preview.spelling import FormatName
from voxwire.dialects.shared_requests import (
    Append,
    Cancel,
    Clear,
    ClearOutput,
    ClientRequest,
    Commit,
    Create,
    Delete,
    RequestDecoder,
    Retrieve,
    Truncate,
)
from voxwire.dialects.unsupported import LeftOut
from voxwire.events.client import ClientEvent, CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams


class PreviewRequest(ClientRequest, frozen=True):
    """An event that may name audio formats."""

    def format_names(self) -> Iterator[FormatName]:
        raise NotImplementedError


class Update(PreviewRequest, frozen=True):
    session: SessionSettings | TranscriptionSettingsUpdate

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        patch = self.session.patch(left_out)
        return UpdateSession(event_id=self.event_id, patch=patch, unsupported=tuple(left_out))

    def format_names(self) -> Iterator[FormatName]:
        return self.session.format_names()


class SessionUpdate(Update, frozen=True, tag="session.update"):
    session: SessionSettings


class FirstSessionUpdate(Update, frozen=True, tag="session.update"):
    session: FirstSessionSettings


class TranscriptionUpdate(Update, frozen=True, tag="transcription_session.update"):
    session: TranscriptionSettingsUpdate


class Respond(PreviewRequest, frozen=True):
    response: ResponseSettings | None = None

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        params = ResponseParams() if self.response is None else self.response.params(left_out)
        return CreateResponse(event_id=self.event_id, params=params, unsupported=tuple(left_out))

    def format_names(self) -> Iterator[FormatName]:
        return iter(()) if self.response is None else self.response.format_names()


class ResponseCreate(Respond, frozen=True, tag="response.create"):
    response: ResponseSettings | None = None


class FirstResponseCreate(Respond, frozen=True, tag="response.create"):
    response: FirstResponseSettings | None = None


_Common = Append | Commit | Clear | Create | Truncate | Delete | Cancel
#: What all later versions share with Voice Live.
LaterRequest = _Common | TranscriptionUpdate | Retrieve | ClearOutput

FIRST_DECODER: Final[RequestDecoder[ClientRequest]] = RequestDecoder(_Common | FirstSessionUpdate | FirstResponseCreate)
LATER_DECODER: Final[RequestDecoder[ClientRequest]] = RequestDecoder(LaterRequest | SessionUpdate | ResponseCreate)
