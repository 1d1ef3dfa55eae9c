"""Server events of the GA dialect (protocol: events, Server events)."""

from functools import partial
from typing import Any, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import bodies, wire
from voxwire.dialects.bodies import Body, Form, PartNames
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    ErrorOccurred,
    IdleTimeout,
    ItemAdded,
    ItemDone,
    ItemRetrieved,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
)
from voxwire.events.session_config import (
    RetentionRatio,
    ServerVad,
    SessionConfig,
    SessionKind,
    Transcription,
    Truncation,
)

_NAMES: Final = PartNames(text="output_text", audio="output_audio")
_AUDIO_DELTA: Final = wire.audio_template("response.output_audio.delta")


def encode(event: ServerEvent, event_id: str) -> bytes:
    """`event` as a text frame."""
    if type(event) is AudioDelta:
        return wire.encode_audio(_AUDIO_DELTA, event, event_id)
    name, body = _FORMS[type(event)]
    return wire.event_frame(name, event_id, body(event))


def _session(event: SessionCreated | SessionUpdated) -> Body:
    config = event.config
    body = _realtime(config) if config.kind is SessionKind.REALTIME else _transcription(config)
    return {
        "session": {
            "type": config.kind.value,
            "object": f"realtime.{'session' if config.kind is SessionKind.REALTIME else 'transcription_session'}",
            "id": event.session_id,
            "expires_at": event.expires_at,
            **body,
        },
        **bodies.fingerprint(event),
    }


def _realtime(config: SessionConfig) -> Body:
    body: Body = {
        "model": config.model,
        "output_modalities": [config.modality.value],
        "instructions": config.instructions,
        "tools": bodies.tools(config.tools),
        "tool_choice": bodies.tool_choice(config.tool_choice),
        "max_output_tokens": bodies.tokens(config.max_output_tokens),
        "tracing": config.tracing,
        "truncation": _truncation(config.truncation),
        "prompt": config.prompt,
        "audio": {
            "input": _input(config, responds=True),
            "output": {
                "format": _format(config.output_format),
                "voice": config.voice,
                "speed": config.speed,
            },
        },
        "include": config.include,
    }
    # Only reasoning models have these two, so they show once a client has set them.
    if config.reasoning is not None:
        body["reasoning"] = config.reasoning
    if config.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = config.parallel_tool_calls
    return body


def _transcription(config: SessionConfig) -> Body:
    return {"include": config.include, "audio": {"input": _input(config, responds=False)}}


def _input(config: SessionConfig, *, responds: bool) -> Body:
    detection = bodies.turn_detection(config.turn_detection, responds=responds)
    if responds and detection is not None and isinstance(config.turn_detection, ServerVad):
        detection["idle_timeout_ms"] = config.turn_detection.idle_timeout_ms
    return {
        "format": _format(config.input_format),
        "transcription": None if config.transcription is None else _transcribes(config.transcription),
        "noise_reduction": None,
        "turn_detection": detection,
    }


def _transcribes(value: Transcription) -> Body:
    """What only some models have shows once a client has set it."""
    body = bodies.transcribes(value)
    if value.keywords:
        body["keywords"] = value.keywords
    if value.languages:
        body["languages"] = value.languages
    if value.delay is not None:
        body["delay"] = value.delay
    return body


def _format(format: AudioFormat) -> Body:
    if format is AudioFormat.PCM16:
        return {"type": format, "rate": format.rate}
    return {"type": format}


def _truncation(value: Truncation) -> Any:
    if not isinstance(value, RetentionRatio):
        return value
    body: Body = {"type": "retention_ratio", "retention_ratio": value.retention_ratio}
    if value.post_instructions is not None:
        body["token_limits"] = {"post_instructions": value.post_instructions}
    return body


def _response(event: ResponseCreated | ResponseDone) -> Body:
    response = event.response
    output = {"format": _format(response.output_format), "voice": response.voice}
    return {
        "response": {
            **bodies.response_core(response, _NAMES, images=True),
            "output_modalities": [response.modality],
            "audio": {"output": output},
        }
    }


_placed_item = partial(bodies.placed_item, names=_NAMES)
_output_item = partial(bodies.output_item, names=_NAMES)

_FORMS: Final[dict[type, Form]] = bodies.SHARED | {
    ErrorOccurred: ("error", bodies.error),
    SessionCreated: ("session.created", _session),
    SessionUpdated: ("session.updated", _session),
    IdleTimeout: ("input_audio_buffer.timeout_triggered", bodies.idle_timeout),
    ItemAdded: ("conversation.item.added", _placed_item),
    ItemDone: ("conversation.item.done", _placed_item),
    ItemRetrieved: ("conversation.item.retrieved", partial(bodies.retrieved_item, names=_NAMES)),
    ResponseCreated: ("response.created", _response),
    ResponseDone: ("response.done", _response),
    OutputItemAdded: ("response.output_item.added", _output_item),
    OutputItemDone: ("response.output_item.done", _output_item),
    TextDelta: ("response.output_text.delta", bodies.delta),
    TextDone: ("response.output_text.done", bodies.text_done),
    TranscriptDelta: ("response.output_audio_transcript.delta", bodies.delta),
    TranscriptDone: ("response.output_audio_transcript.done", bodies.transcript_done),
    AudioDone: ("response.output_audio.done", bodies.position),
}
