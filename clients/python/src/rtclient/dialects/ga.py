"""A GA service behind the models of the preview (protocol: dialects)."""

from pydantic import BaseModel
from pydantic_core import to_json

from rtclient.dialects.codec import Outgoing, append_frame, head_of, parse_object, validate_audio_delta
from rtclient.dialects.ga_events import DROPPED, RENAMED, EventTranslator
from rtclient.dialects.ga_requests import to_ga
from rtclient.models import InputAudioBufferAppendMessage, ServerMessageType, create_message_from_dict
from rtclient.models.server_messages import MESSAGE_CLASSES

_AUDIO_DELTA = '{"type":"response.output_audio.delta",'
_PREVIEW_AUDIO_DELTA = '{"type":"response.audio.delta",'


class GaCodec:
    """Translates what differs. Appended audio, deltas and plain events take the short way of the preview."""

    def __init__(self) -> None:
        self._events = EventTranslator()

    def encode(self, message: Outgoing) -> list[bytes]:
        """The frames of one message. A plain JSON object is sent as it is: it is GA already."""
        if isinstance(message, InputAudioBufferAppendMessage):
            return [append_frame(message)]
        if not isinstance(message, BaseModel):
            return [to_json(message)]
        event = message.model_dump(mode="json", exclude_unset=True)
        self._events.remember(event)
        return [to_json(translated) for translated in to_ga(event)]

    def decode(self, frame: str) -> ServerMessageType | None:
        """None for what has no counterpart in the preview and repeats what was said."""
        if frame.startswith(_AUDIO_DELTA):
            return validate_audio_delta(_PREVIEW_AUDIO_DELTA + frame[len(_AUDIO_DELTA) :])
        head = head_of(frame)
        if head is not None:
            if head[1] in DROPPED:
                return None
            renamed = RENAMED.get(head[1])
            if renamed is not None:
                known = MESSAGE_CLASSES[renamed]
                frame = frame[: head.start(1)] + renamed + frame[head.end(1) :]
                return known.__pydantic_validator__.validate_json(frame)  # type: ignore[no-any-return]
        event = self._events.translated(parse_object(frame))
        return None if event is None else create_message_from_dict(event)
