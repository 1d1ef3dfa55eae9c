"""Conversation items as clients send them (PROTOCOL 3.6).

Both dialects take both spellings of the assistant's parts, `text` and `output_text`, `audio` and
`output_audio`: clients mix them, and nothing is ambiguous.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.faults import invalid_value, missing, unsupported_choice
from voxwire.dialects.settings import Wire, keeps_unset
from voxwire.dialects.unsupported import MCP_ITEM, LeftOut, McpItem, no_assistant_audio
from voxwire.dialects.wire import decode_audio
from voxwire.events.client import Unsupported
from voxwire.events.items import (
    AudioClip,
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

#: Identifiers that clients choose; seen up to 32 characters, bounded like `event_id`.
Id = Annotated[str, Meta(max_length=512)]

# --- content parts --------------------------------------------------------------------------------


class _PartBase(Wire, frozen=True, tag_field="type"):
    """`annotations` come from the types of the Responses API, always empty: speech has none."""

    annotations: list[Any] | None = None

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


class _ItemBase(Wire, frozen=True):
    id: Id | None = None
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus = ItemStatus.COMPLETED

    @property
    def ended(self) -> ItemStatus:
        """A client's item is never in progress, whatever it says: nothing would ever complete it."""
        return ItemStatus.INCOMPLETE if self.status is ItemStatus.INCOMPLETE else ItemStatus.COMPLETED


class _Message(_ItemBase, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """`content` may be a plain string, as elsewhere: one part of text."""

    role: Literal["system", "developer", "user", "assistant"]
    content: list[_Part] | str
    phase: Literal["commentary", "final_answer"] | None = None

    def item(self, param: str, left_out: LeftOut) -> MessageItem:
        role = _ROLES[self.role]
        return MessageItem(
            id=self.id or "",
            role=role,
            content=self._parts(role, f"{param}.content", left_out),
            status=self.ended,
            phase=self.phase,
        )

    def _parts(self, role: Role, param: str, left_out: LeftOut) -> tuple[ContentPart, ...]:
        if isinstance(self.content, str):
            text = self.content
            return (OutputText(text=text) if role is Role.ASSISTANT else InputText(text=text),)
        allowed = _PARTS_OF[role]
        parts = []
        for index, part in enumerate(self.content):
            where = f"{param}[{index}]"
            if not isinstance(part, allowed):
                raise unsupported_choice(f"{where}.type", _tag(part), map(_tag, allowed))
            part.check(where)
            parts.append(part.part(where, left_out))
        return tuple(parts)


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


class _Reference(Wire, frozen=True, tag_field="type", tag="item_reference"):
    id: Id

    def item(self, param: str, left_out: LeftOut) -> ItemReference:
        return ItemReference(id=self.id)


SentItem = _Message | _FunctionCall | _FunctionCallOutput
ResponseInput = list[_Message | _FunctionCall | _FunctionCallOutput | _Reference | McpItem]


@keeps_unset
def input_of(items: ResponseInput, param: str, left_out: LeftOut) -> tuple[Item | ItemReference, ...]:
    """The context that `response.create` hands in."""
    found: list[Item | ItemReference] = []
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
