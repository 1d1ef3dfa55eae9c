"""Conversation items and content parts (protocol: conversation).

Items are values: a change makes a new one, so a snapshot handed to an engine or to a client never
changes under it. Audio bytes travel in the part but are left out of the wire form except in
`conversation.item.retrieved`. What is made of values alone can be in no cycle, so the garbage collector is told
(`gc=False`) not to look at it: a long conversation has hundreds.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Self, assert_never

import msgspec
from msgspec.structs import replace

# Items carry clips, so code that handles items finds both here.
from voxwire.audio.clip import AudioClip as AudioClip
from voxwire.audio.clip import PcmClip as PcmClip

#: What an item and each of its parts weigh beside their text: about what Python needs for them.
_OVERHEAD: Final = 64


class Role(Enum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ItemStatus(Enum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


class InputText(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    text: str


class InputAudio(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """Speech of the user.

    `transcript` is what the wire shows: None until transcription events were asked for and done.
    `clip` is None once retention dropped the bytes; `duration_ms` stays.
    """

    transcript: str | None = None
    clip: AudioClip | None = None
    duration_ms: float = 0.0


class OutputText(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    text: str


class OutputAudio(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """Speech of the assistant; `clip` is None where retention or the client left it out."""

    transcript: str
    clip: PcmClip | None = None

    def cut(self, chars: int, size: int) -> Self:
        """The first `chars` characters and `size` bytes of PCM16."""
        clip = None if self.clip is None else PcmClip(data=self.clip.data[:size], rate=self.clip.rate)
        return replace(self, transcript=self.transcript[:chars].rstrip(), clip=clip)


class InputImage(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """A picture for engines with eyes: a data URI."""

    image_url: str
    detail: str = "auto"


ContentPart = InputText | InputAudio | InputImage | OutputText | OutputAudio


class MessageItem(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """Something said by one side. `id` is empty until the session gives one.

    `phase` is what newer models say of their messages: `commentary` or `final_answer`. It is kept for clients.
    """

    id: str = ""
    role: Role
    content: tuple[ContentPart, ...] = ()
    status: ItemStatus = ItemStatus.COMPLETED
    phase: str | None = None

    @property
    def text_bytes(self) -> int:
        """What the item weighs in memory, without its audio. Its parts count although they are empty."""
        if not self.content:  # every answer begins so
            return _OVERHEAD
        return _OVERHEAD + sum([_OVERHEAD + _size(text_in(part)) for part in self.content])

    @property
    def clips(self) -> dict[int, AudioClip | PcmClip]:
        """Its audio, by the index of the part."""
        return {
            index: part.clip
            for index, part in enumerate(self.content)
            if isinstance(part, InputAudio | OutputAudio) and part.clip is not None
        }

    def with_words(self, words: Mapping[int, str | None]) -> Self:
        """With what was understood of the user's audio, by the index of the part; None is nothing."""
        parts = [
            replace(part, transcript=words[index] or "") if index in words and isinstance(part, InputAudio) else part
            for index, part in enumerate(self.content)
        ]
        return replace(self, content=tuple(parts))

    def cut(self, chars: int, size: int) -> Self:
        """With so many characters of the assistant's speech, and so many bytes of its PCM16."""
        return replace(
            self, content=tuple(p.cut(chars, size) if isinstance(p, OutputAudio) else p for p in self.content)
        )

    def without_clips(self) -> Self:
        parts = [replace(p, clip=None) if isinstance(p, InputAudio | OutputAudio) else p for p in self.content]
        return replace(self, content=tuple(parts))


class FunctionCallItem(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """The model asks for a tool; `arguments` is JSON text, empty while in progress."""

    id: str = ""
    name: str
    call_id: str
    arguments: str = ""
    status: ItemStatus = ItemStatus.COMPLETED

    @property
    def text_bytes(self) -> int:
        """What the item weighs in memory."""
        return _OVERHEAD + _size(self.name) + _size(self.call_id) + _size(self.arguments)


class FunctionCallOutputItem(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """The client's answer to a tool call: free text, may be empty."""

    id: str = ""
    call_id: str
    output: str
    status: ItemStatus = ItemStatus.COMPLETED

    @property
    def text_bytes(self) -> int:
        """What the item weighs in memory."""
        return _OVERHEAD + _size(self.call_id) + _size(self.output)


Item = MessageItem | FunctionCallItem | FunctionCallOutputItem


class ItemReference(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """Stands in `response.create` input for an item that the conversation has seen."""

    id: str


class BorrowingMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """A message of `response.create` input that holds the content of others: references stand between its own parts.

    `message` is what it will be, but for its content.
    """

    message: MessageItem
    content: tuple[ContentPart | ItemReference, ...]


def text_in(part: ContentPart) -> str:
    """What a part says, in text; of an image its address."""
    match part:
        case InputText() | OutputText():
            return part.text
        case InputImage():
            return part.image_url
        case InputAudio() | OutputAudio():
            return part.transcript or ""
        case _:
            assert_never(part)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
