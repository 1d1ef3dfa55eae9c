"""Conversation items as clients send them (protocol: conversation, Creating items).

Both dialects take both spellings of the assistant's parts, `text` and `output_text`, `audio` and
`output_audio`: clients mix them, and nothing is ambiguous.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.faults import invalid_value, missing, unsupported_choice
from voxwire.dialects.shared_settings import WireStruct, keeps_unset
from voxwire.dialects.unsupported import MCP_ITEM, LeftOut, McpItem, no_assistant_audio
from voxwire.dialects.wire import decode_audio
from voxwire.events.client import Unsupported
from voxwire.events.items import (
    AudioClip,
    BorrowingMessage,
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    ItemReference,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import ResponseInput

#: Identifiers that clients choose; seen up to 32 characters, bounded like `event_id`.
Id = Annotated[str, Meta(max_length=512)]

# --- content parts --------------------------------------------------------------------------------


class _PartBase(WireStruct, frozen=True, tag_field="type"):
    """What any part may carry along.

    `annotations` come from the types of the Responses API, always empty: speech has none. `id` is for references alone,
    but programs that write every field of their types send a null.
    """

    annotations: list[Any] | None = None
    id: None = None

    def check(self, param: str) -> None:
        """Refuse annotations, of which nothing could be kept."""
        if self.annotations:
            raise invalid_value(f"{param}.annotations", "Annotations cannot be kept: send [], or leave them out.")


class _InputTextPart(_PartBase, frozen=True, kw_only=True, tag="input_text"):
    text: str

    def part(self, param: str, left_out: LeftOut) -> ContentPart:
        return InputText(text=self.text)


class _InputAudioPart(_PartBase, frozen=True, tag="input_audio"):
    audio: str | None = None
    transcript: str | None = None

    def part(self, param: str, left_out: LeftOut) -> ContentPart:
        """The session knows the real format of the bytes and puts it in."""
        if self.audio is None:
            raise missing(f"{param}.audio")
        data = decode_audio(self.audio, f"{param}.audio")
        return InputAudio(transcript=self.transcript, clip=AudioClip(data=data, format=AudioFormat.PCM16))


class _InputImagePart(_PartBase, frozen=True, kw_only=True, tag="input_image"):
    image_url: str
    detail: Literal["auto", "low", "high"] = "auto"

    def part(self, param: str, left_out: LeftOut) -> ContentPart:
        return InputImage(image_url=self.image_url, detail=self.detail)


class _TextPart(_PartBase, frozen=True, kw_only=True, tag="text"):
    text: str

    def part(self, param: str, left_out: LeftOut) -> ContentPart:
        return OutputText(text=self.text)


class _OutputTextPart(_TextPart, frozen=True, tag="output_text"):
    pass


class _AudioPart(_PartBase, frozen=True, tag="audio"):
    transcript: str | None = None
    audio: str | None = None

    def part(self, param: str, left_out: LeftOut) -> ContentPart:
        no_assistant_audio(self.audio, f"{param}.audio", left_out)
        return OutputAudio(transcript=self.transcript or "")


class _OutputAudioPart(_AudioPart, frozen=True, tag="output_audio"):
    pass


_Part = _InputTextPart | _InputAudioPart | _InputImagePart | _TextPart | _OutputTextPart | _AudioPart | _OutputAudioPart

#: `developer` is what other interfaces call the system by now.
_ROLES: dict[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}

_PARTS_OF: dict[Role, tuple[type[_Part], ...]] = {
    Role.SYSTEM: (_InputTextPart,),
    Role.USER: (_InputTextPart, _InputAudioPart, _InputImagePart),
    Role.ASSISTANT: (_TextPart, _OutputTextPart, _AudioPart, _OutputAudioPart),
}


def _tag(part: _Part | type[_Part]) -> str:
    return str(part.__struct_config__.tag)


# --- items ----------------------------------------------------------------------------------------


class _ItemBase(WireStruct, frozen=True):
    id: Id | None = None
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus = ItemStatus.COMPLETED

    @property
    def ended(self) -> ItemStatus:
        """A client's item is never in progress, whatever it says: nothing would ever complete it."""
        return ItemStatus.INCOMPLETE if self.status is ItemStatus.INCOMPLETE else ItemStatus.COMPLETED


class _MessageBase(_ItemBase, frozen=True, kw_only=True, tag_field="type"):
    """`content` may be a plain string, as elsewhere: one part of text."""

    role: Literal["system", "developer", "user", "assistant"]
    phase: Literal["commentary", "final_answer"] | None = None

    def _message(self, content: tuple[ContentPart, ...]) -> MessageItem:
        return MessageItem(
            id=self.id or "", role=_ROLES[self.role], content=content, status=self.ended, phase=self.phase
        )

    def _text(self, text: str) -> ContentPart:
        return OutputText(text=text) if self.role == "assistant" else InputText(text=text)

    def _part(self, part: _Part, where: str, left_out: LeftOut) -> ContentPart:
        allowed = _PARTS_OF[_ROLES[self.role]]
        if not isinstance(part, allowed):
            raise unsupported_choice(f"{where}.type", _tag(part), map(_tag, allowed))
        part.check(where)
        return part.part(where, left_out)


class _Message(_MessageBase, frozen=True, kw_only=True, tag="message"):
    content: list[_Part] | str

    def item(self, param: str, left_out: LeftOut) -> MessageItem:
        if isinstance(self.content, str):
            return self._message((self._text(self.content),))
        return self._message(
            tuple(self._part(part, f"{param}.content[{index}]", left_out) for index, part in enumerate(self.content))
        )


class _ContentReference(WireStruct, frozen=True, tag_field="type", tag="item_reference"):
    """The content of another message, put in this place (previews)."""

    id: Id


class _InputMessage(_MessageBase, frozen=True, kw_only=True, tag="message"):
    """A message of the input of one response: parts may be references."""

    content: list[_Part | _ContentReference] | str

    def item(self, param: str, left_out: LeftOut) -> MessageItem | BorrowingMessage:
        if isinstance(self.content, str):
            return self._message((self._text(self.content),))
        parts: list[ContentPart] = []
        mixed: list[ContentPart | ItemReference] = []
        for index, part in enumerate(self.content):
            if isinstance(part, _ContentReference):
                mixed.append(ItemReference(id=part.id))
            else:
                parts.append(self._part(part, f"{param}.content[{index}]", left_out))
                mixed.append(parts[-1])
        if len(parts) == len(mixed):
            return self._message(tuple(parts))
        return BorrowingMessage(message=self._message(()), content=tuple(mixed))


class _FunctionCall(_ItemBase, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    name: str
    arguments: str
    call_id: Id | None = None

    def item(self, param: str, left_out: LeftOut) -> FunctionCallItem:
        return FunctionCallItem(
            id=self.id or "",
            name=self.name,
            call_id=self.call_id or "",
            arguments=self.arguments,
            status=self.ended,
        )


class _FunctionCallOutput(_ItemBase, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    call_id: Id
    output: str

    def item(self, param: str, left_out: LeftOut) -> FunctionCallOutputItem:
        return FunctionCallOutputItem(id=self.id or "", call_id=self.call_id, output=self.output, status=self.ended)


class _Reference(WireStruct, frozen=True, tag_field="type", tag="item_reference"):
    id: Id

    def item(self, param: str, left_out: LeftOut) -> ItemReference:
        return ItemReference(id=self.id)


SentItem = _Message | _FunctionCall | _FunctionCallOutput
SentInput = list[_InputMessage | _FunctionCall | _FunctionCallOutput | _Reference | McpItem]


@keeps_unset
def input_of(items: SentInput, param: str, left_out: LeftOut) -> ResponseInput:
    """The context that `response.create` hands in."""
    found: list[Item | ItemReference | BorrowingMessage] = []
    for index, item in enumerate(items):
        where = f"{param}[{index}]"
        if isinstance(item, McpItem):
            left_out.append(Unsupported(param=where, message=MCP_ITEM))
        else:
            found.append(item.item(where, left_out))
    return tuple(found)


@keeps_unset
def items_of(items: list[SentItem], param: str, left_out: LeftOut) -> tuple[Item, ...]:
    """The items that a 2024-10-01 `response.create` adds to the conversation."""
    return tuple(item.item(f"{param}[{index}]", left_out) for index, item in enumerate(items))
