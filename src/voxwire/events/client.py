"""What a client can ask (protocol: events, Client events). `event_id` is the client's own, or None.

Dialects build these from frames: types and ranges are already checked, audio is already decoded
from base64 (still in the session's input format).
"""

from typing import Final

import msgspec

from voxwire.events.items import Item
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import SessionPatch

#: Code of the error for a field that is valid and beyond this deployment (protocol: decisions, Two kinds of refusal).
UNSUPPORTED_VALUE: Final = "unsupported_value"


class Unsupported(msgspec.Struct, frozen=True, kw_only=True):
    """A field that was left out of an event, for it is valid and beyond this deployment.

    `param` is its dotted path from the event root, `message` says what there is and what to do.
    """

    param: str
    message: str


class _ClientEvent(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_"):
    event_id: str | None = None


class UpdateSession(_ClientEvent, frozen=True, kw_only=True):
    """`session.update`, `transcription_session.update`.

    Of this and the next two events `unsupported` is what the dialect left out; each gets its error
    after the event that confirms the rest.
    """

    patch: SessionPatch
    unsupported: tuple[Unsupported, ...] = ()


class AppendAudio(_ClientEvent, frozen=True, kw_only=True, gc=False):
    """`input_audio_buffer.append`: any number of bytes in the session's input format."""

    audio: bytes


class CommitAudio(_ClientEvent, frozen=True, kw_only=True):
    """`input_audio_buffer.commit`."""


class ClearAudio(_ClientEvent, frozen=True, kw_only=True):
    """`input_audio_buffer.clear`."""


class ClearOutputAudio(_ClientEvent, frozen=True, kw_only=True):
    """`output_audio_buffer.clear`: only for transports that play audio themselves."""


class CreateItem(_ClientEvent, frozen=True, kw_only=True):
    """`conversation.item.create`. `previous_item_id` None appends, `"root"` puts first."""

    item: Item
    previous_item_id: str | None = None
    unsupported: tuple[Unsupported, ...] = ()


class RetrieveItem(_ClientEvent, frozen=True, kw_only=True):
    item_id: str


class TruncateItem(_ClientEvent, frozen=True, kw_only=True):
    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItem(_ClientEvent, frozen=True, kw_only=True):
    item_id: str


class CreateResponse(_ClientEvent, frozen=True, kw_only=True):
    params: ResponseParams = ResponseParams()
    unsupported: tuple[Unsupported, ...] = ()


class CancelResponse(_ClientEvent, frozen=True, kw_only=True):
    """None means the active response of the default conversation."""

    response_id: str | None = None


ClientEvent = (
    UpdateSession
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearOutputAudio
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
)
