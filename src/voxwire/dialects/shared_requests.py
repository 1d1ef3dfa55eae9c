"""Client events whose JSON is the same in every dialect (protocol: events, Client events).

Each struct is one event type; `event()` gives the neutral event and raises ClientError for what the
types alone cannot catch.
"""

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from voxwire.dialects.faults import MAX_EVENT_ID, explain
from voxwire.dialects.nulls import may_hold_null, without_nulls
from voxwire.dialects.sent_items import Id, SentItem
from voxwire.dialects.unsupported import LeftOut, McpItem, mcp_item_alone
from voxwire.dialects.wire import decode_audio
from voxwire.errors import ClientError
from voxwire.events.client import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
)

#: Indexes and positions: 2**31 milliseconds are 24 days of audio.
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class ClientRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """One client event; `event_id` is the client's own."""

    event_id: Annotated[str, Meta(max_length=MAX_EVENT_ID)] | None = None

    def event(self) -> ClientEvent:
        raise NotImplementedError


R = TypeVar("R", bound=ClientRequest)


class RequestDecoder(Generic[R]):
    """Frames to the requests of one union, `schema`; holds the parser, which is slow to build and fast to use."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._parser: msgspec.json.Decoder[R] = msgspec.json.Decoder(schema)

    def request(self, frame: str | bytes) -> R:
        """The request in a text frame; raises ClientError for anything else."""
        try:
            try:
                return self._parser.decode(frame)
            except msgspec.ValidationError:
                if not may_hold_null(frame):
                    raise
            return self._parser.decode(without_nulls(frame, self.schema))
        except (ValueError, RecursionError) as fault:  # msgspec's and Unicode's errors are ValueErrors
            raise explain(fault, frame, self.schema) from None


def event_of(request: ClientRequest) -> ClientEvent:
    """`request.event()`, its errors carrying the client's `event_id`."""
    try:
        return request.event()
    except ClientError as error:
        error.event_id = request.event_id
        raise


class Append(ClientRequest, frozen=True, tag="input_audio_buffer.append", gc=False):
    audio: str

    def event(self) -> ClientEvent:
        return AppendAudio(event_id=self.event_id, audio=decode_audio(self.audio, "audio"))


class Commit(ClientRequest, frozen=True, tag="input_audio_buffer.commit"):
    def event(self) -> ClientEvent:
        return CommitAudio(event_id=self.event_id)


class Clear(ClientRequest, frozen=True, tag="input_audio_buffer.clear"):
    def event(self) -> ClientEvent:
        return ClearAudio(event_id=self.event_id)


class ClearOutput(ClientRequest, frozen=True, tag="output_audio_buffer.clear"):
    def event(self) -> ClientEvent:
        return ClearOutputAudio(event_id=self.event_id)


class Create(ClientRequest, frozen=True, tag="conversation.item.create"):
    item: SentItem | McpItem
    previous_item_id: Id | None = None

    def event(self) -> ClientEvent:
        if isinstance(self.item, McpItem):
            raise mcp_item_alone("item")
        left_out: LeftOut = []
        item = self.item.item("item", left_out)
        return CreateItem(
            event_id=self.event_id,
            item=item,
            previous_item_id=self.previous_item_id,
            unsupported=tuple(left_out),
        )


class Retrieve(ClientRequest, frozen=True, tag="conversation.item.retrieve"):
    item_id: Id

    def event(self) -> ClientEvent:
        return RetrieveItem(event_id=self.event_id, item_id=self.item_id)


class Truncate(ClientRequest, frozen=True, tag="conversation.item.truncate"):
    item_id: Id
    content_index: _Count
    audio_end_ms: _Count

    def event(self) -> ClientEvent:
        return TruncateItem(
            event_id=self.event_id,
            item_id=self.item_id,
            content_index=self.content_index,
            audio_end_ms=self.audio_end_ms,
        )


class Delete(ClientRequest, frozen=True, tag="conversation.item.delete"):
    item_id: Id

    def event(self) -> ClientEvent:
        return DeleteItem(event_id=self.event_id, item_id=self.item_id)


class Cancel(ClientRequest, frozen=True, tag="response.cancel"):
    response_id: Id | UnsetType | None = UNSET

    def event(self) -> ClientEvent:
        return CancelResponse(event_id=self.event_id, response_id=self.response_id or None)
