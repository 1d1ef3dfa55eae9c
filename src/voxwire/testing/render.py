"""Inputs and outputs of a session as compact text, for golden logs.

One line each: the type's name, then its fields without those left at their default. Audio is shown
by its size, never by its bytes.
"""

from enum import Enum
from typing import Any, assert_never

import msgspec

from voxwire.events.items import (
    AudioClip,
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
    PcmClip,
)


def render(value: Any) -> str:
    """One input, output, or value inside one."""
    match value:
        case MessageItem():
            parts = ", ".join(_part(part) for part in value.content)
            return f"<{value.id} {value.role.value} {value.status.value} [{parts}]>"
        case FunctionCallItem():
            return f"<{value.id} call {value.call_id} {value.status.value} {value.name}({value.arguments})>"
        case FunctionCallOutputItem():
            return f"<{value.id} output of {value.call_id} {value.output!r}>"
        case AudioClip() | PcmClip():
            return f"{value.duration_ms:g} ms"
        case bytes():
            return f"{len(value)} bytes"
        case Enum():
            return str(value.value)
        case tuple() | list():
            return f"[{', '.join(render(each) for each in value)}]"
        case msgspec.Struct():
            return _struct(value)
        case _:
            return repr(value)


def _struct(value: msgspec.Struct) -> str:
    fields = []
    for field in msgspec.structs.fields(value):
        content = getattr(value, field.name)
        if content is msgspec.UNSET or content == field.default:
            continue
        shown = render(content)
        nested = isinstance(content, msgspec.Struct) and not shown.startswith("<") and " " in shown
        fields.append(f"{field.name}={f'({shown})' if nested else shown}")
    return " ".join([type(value).__name__, *fields])


def _part(part: ContentPart) -> str:
    match part:
        case InputText() | OutputText():
            return f"text {part.text!r}"
        case InputAudio():
            return f"audio {part.duration_ms:g} ms {part.transcript!r}"
        case OutputAudio():
            return f"speech {part.transcript!r}" + ("" if part.clip is None else f" {part.clip.duration_ms:g} ms")
        case InputImage():
            return "image"
        case _:
            assert_never(part)
