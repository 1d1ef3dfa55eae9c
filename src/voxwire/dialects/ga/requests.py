"""Client events of the GA dialect (protocol: events, Client events)."""

from typing import Final

from voxwire.dialects.ga.session_settings import RealtimeSession, ResponseSettings, TranscriptionSession
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


class SessionUpdate(ClientRequest, frozen=True, tag="session.update"):
    session: RealtimeSession | TranscriptionSession

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        patch = self.session.patch(left_out)
        return UpdateSession(event_id=self.event_id, patch=patch, unsupported=tuple(left_out))


class ResponseCreate(ClientRequest, frozen=True, tag="response.create"):
    response: ResponseSettings | None = None

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        params = ResponseParams() if self.response is None else self.response.params(left_out)
        return CreateResponse(event_id=self.event_id, params=params, unsupported=tuple(left_out))


DECODER: Final[RequestDecoder[ClientRequest]] = RequestDecoder(
    SessionUpdate
    | Append
    | Commit
    | Clear
    | ClearOutput
    | Create
    | Retrieve
    | Truncate
    | Delete
    | ResponseCreate
    | Cancel
)
