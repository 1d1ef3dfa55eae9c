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
from voxwire.events.client import ClientEvent, CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams


class SessionUpdate(Request, frozen=True, tag="session.update"):
    session: RealtimeSession | TranscriptionSession

    def event(self) -> ClientEvent:
        return UpdateSession(event_id=self.event_id, patch=self.session.patch())


class ResponseCreate(Request, frozen=True, tag="response.create"):
    response: ResponseSettings | None = None

    def event(self) -> ClientEvent:
        params = ResponseParams() if self.response is None else self.response.params()
        return CreateResponse(event_id=self.event_id, params=params)


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
