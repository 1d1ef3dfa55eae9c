"""Conversation items and content parts (protocol: conversation).

Items are values: a change makes a new one, so a snapshot handed to an engine or to a client never
changes under it. Audio bytes travel in the part but are left out of the wire form except in
`conversation.item.retrieved`.
"""

from enum import Enum

import msgspec

# Items carry clips, so whoever handles items finds both here.
from voxwire.audio.clip import AudioClip as AudioClip
from voxwire.audio.clip import PcmClip as PcmClip


class Role(Enum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ItemStatus(Enum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


class InputText(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class InputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Speech of the user.

    `transcript` is what the wire shows: None until transcription events were asked for and done.
    `clip` is None once retention dropped the bytes; `duration_ms` stays.
    """

    transcript: str | None = None
    clip: AudioClip | None = None
    duration_ms: float = 0.0


class OutputText(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class OutputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Speech of the assistant; `clip` is None where retention or the client left it out."""

    transcript: str
    clip: PcmClip | None = None


class InputImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture for engines with eyes: a data URI."""

    image_url: str
    detail: str = "auto"


ContentPart = InputText | InputAudio | InputImage | OutputText | OutputAudio


class MessageItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something said by one side. `id` is empty until the session gives one.

    `phase` is what newer models say of their messages: `commentary` or `final_answer`. It is kept for clients.
    """

    id: str = ""
    role: Role
    content: tuple[ContentPart, ...] = ()
    status: ItemStatus = ItemStatus.COMPLETED
    phase: str | None = None


class FunctionCallItem(msgspec.Struct, frozen=True, kw_only=True):
    """The model asks for a tool; `arguments` is JSON text, empty while in progress."""

    id: str = ""
    name: str
    call_id: str
    arguments: str = ""
    status: ItemStatus = ItemStatus.COMPLETED


class FunctionCallOutputItem(msgspec.Struct, frozen=True, kw_only=True):
    """The client's answer to a tool call: free text, may be empty."""

    id: str = ""
    call_id: str
    output: str
    status: ItemStatus = ItemStatus.COMPLETED


Item = MessageItem | FunctionCallItem | FunctionCallOutputItem


class ItemReference(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in `response.create` input for an item that the conversation has seen."""

    id: str


class BorrowingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of `response.create` input that holds the content of others: references stand between its own parts.

    `message` is what it will be, but for its content.
    """

    message: MessageItem
    content: tuple[ContentPart | ItemReference, ...]
