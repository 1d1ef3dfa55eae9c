"""What a service sends: its events, as far as an answer is made of them. Names of both generations are understood."""

from typing import Any, Final

import msgspec

#: Names that the previews have otherwise than GA.
_MODERN: Final = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
}


class UpstreamItem(msgspec.Struct):
    id: str | None = None
    type: str | None = None
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None


class UpstreamError(msgspec.Struct):
    type: str | None = None
    code: str | None = None
    param: str | None = None
    event_id: str | None = None


class UpstreamDetails(msgspec.Struct):
    reason: str | None = None
    error: UpstreamError | None = None


class UpstreamCached(msgspec.Struct):
    text_tokens: int | None = None
    audio_tokens: int | None = None


class UpstreamTokens(msgspec.Struct):
    text_tokens: int | None = None
    audio_tokens: int | None = None
    cached_tokens: int | None = None
    cached_tokens_details: UpstreamCached | None = None


class UpstreamUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: UpstreamTokens | None = None
    output_token_details: UpstreamTokens | None = None


class UpstreamResponse(msgspec.Struct):
    id: str | None = None
    status: str | None = None
    status_details: UpstreamDetails | None = None
    usage: UpstreamUsage | None = None


class UpstreamEvent(msgspec.Struct):
    """One event; `type` is GA's name. Fields that it has not are None."""

    type: str
    response_id: str | None = None
    item_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    delta: str | None = None
    transcript: str | None = None
    text: str | None = None
    session: dict[str, Any] | None = None
    item: UpstreamItem | None = None
    error: UpstreamError | None = None
    response: UpstreamResponse | None = None


_DECODER: Final = msgspec.json.Decoder(UpstreamEvent)


def read_event(frame: str | bytes) -> UpstreamEvent:
    """Raises ValueError for what is no event."""
    event = _DECODER.decode(frame)
    event.type = _MODERN.get(event.type, event.type)
    return event
