"""Client events of the GA dialect (PROTOCOL 3.1)."""

from typing import Final

from voxwire.dialects.ga.settings import RealtimeSession, ResponseSettings, TranscriptionSession
from voxwire.dialects.requests import (
    Append,
    Cancel,
    Clear,
    ClearOutput,
    Commit,
    Create,
    Delete,
    Request,
    RequestDecoder,
    Retrieve,
    Truncate,
)
from voxwire.dialects.unsupported import LeftOut
from voxwire.events.client import ClientEvent, CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams


class SessionUpdate(Request, frozen=True, tag="session.update"):
    session: RealtimeSession | TranscriptionSession

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        patch = self.session.patch(left_out)
        return UpdateSession(event_id=self.event_id, patch=patch, unsupported=tuple(left_out))


class ResponseCreate(Request, frozen=True, tag="response.create"):
    response: ResponseSettings | None = None

    def event(self) -> ClientEvent:
        left_out: LeftOut = []
        params = ResponseParams() if self.response is None else self.response.params(left_out)
        return CreateResponse(event_id=self.event_id, params=params, unsupported=tuple(left_out))


DECODER: Final[RequestDecoder[Request]] = RequestDecoder(
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
