"""The preview: models straight to JSON and back.

Audio is nearly all of the traffic (bench/rtclient_bench.py has the figures). So the type is read off the head of a
frame, and the frame goes to that type's own validator, JSON to model in one step. And base64 needs no escapes: looking
for them, character by character, costs five times as much as all the rest of an append.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from rtclient.models import (
    InputAudioBufferAppendMessage,
    NoTurnDetection,
    ResponseAudioDeltaMessage,
    ServerMessageType,
    SessionUpdateMessage,
    UserMessageType,
    create_message_from_dict,
)
from rtclient.models.server_messages import MESSAGE_CLASSES

#: What can be sent: a model, or the JSON object of an event that has none here.
Outgoing = UserMessageType | Mapping[str, Any]

#: The head of nearly all frames, as services write it.
_AUDIO_DELTA = '{"type":"response.audio.delta",'

_HEAD = re.compile(r'\s*\{\s*(?:"event_id"\s*:\s*"[^"\\]*"\s*,\s*)?"type"\s*:\s*"([^"\\]*)"')


class Codec(Protocol):
    """One per connection."""

    def encode(self, message: Outgoing) -> list[bytes]:
        """The frames that say it, UTF-8 JSON."""

    def decode(self, frame: str) -> ServerMessageType | None:
        """The message of a frame; None where it says nothing to this library.

        Raises ValueError (pydantic.ValidationError among them) where it is no message.
        """


class PreviewCodec:
    """`null_turn_detection`: OpenAI's preview wants null where Azure's wants `{"type": "none"}`."""

    def __init__(self, *, null_turn_detection: bool = False) -> None:
        self._null_turn_detection = null_turn_detection

    def encode(self, message: Outgoing) -> list[bytes]:
        """One frame, without what was not set."""
        if isinstance(message, InputAudioBufferAppendMessage):
            return [append_frame(message)]
        if not isinstance(message, BaseModel):
            return [to_json(message)]
        if self._null_turn_detection and isinstance(message, SessionUpdateMessage):
            return [to_json(_with_null_turn_detection(message))]
        return [message.__pydantic_serializer__.to_json(message, exclude_unset=True)]

    def decode(self, frame: str) -> ServerMessageType:
        """Never None."""
        if frame.startswith(_AUDIO_DELTA):
            return validate_audio_delta(frame)
        head = _HEAD.match(frame)
        if head is not None:
            known = MESSAGE_CLASSES.get(head[1])
            if known is not None:
                return known.__pydantic_validator__.validate_json(frame)  # type: ignore[no-any-return]
        return create_message_from_dict(parse_object(frame))


#: JSON text to a ResponseAudioDeltaMessage.
validate_audio_delta: Callable[[str], ResponseAudioDeltaMessage] = (
    ResponseAudioDeltaMessage.__pydantic_validator__.validate_json
)


def append_frame(message: InputAudioBufferAppendMessage) -> bytes:
    """Appended audio, the same in every dialect.

    What would end the string or break a line is looked for; another control character is no base64 either, and is the
    service's to refuse.
    """
    audio = message.audio
    if (
        message.event_id is None
        and audio.isascii()
        and not ('"' in audio or "\\" in audio or "\n" in audio or "\r" in audio)
    ):
        return b'{"type":"input_audio_buffer.append","audio":"%b"}' % audio.encode("ascii")
    return message.__pydantic_serializer__.to_json(message, exclude_unset=True)


def head_of(frame: str) -> re.Match[str] | None:
    """Group 1 is the frame's type. None where the type is not among the first keys; that costs time, not truth."""
    return _HEAD.match(frame)


def parse_object(frame: str) -> dict[str, Any]:
    """Raises ValueError where the frame holds no object with a type."""
    data = from_json(frame)
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise ValueError("a message must be a JSON object with a `type`")
    return data


def describe(fault: ValueError) -> str:
    """What is wrong with a message, without the values in it."""
    if isinstance(fault, ValidationError):
        first = fault.errors(include_input=False, include_url=False, include_context=False)[0]
        return f"{fault.title}.{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(fault)


def _with_null_turn_detection(message: SessionUpdateMessage) -> dict[str, Any]:
    data = message.model_dump(mode="json", exclude_unset=True)
    if isinstance(message.session.turn_detection, NoTurnDetection):
        data["session"]["turn_detection"] = None
    return data
