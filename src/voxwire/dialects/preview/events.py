"""Server events of the preview dialect (protocol: events, Server events)."""

from functools import partial
from typing import Final

from msgspec import structs

from voxwire.dialects import bodies, wire
from voxwire.dialects.bodies import Body, Form, PartNames
from voxwire.dialects.preview.projection import project_error, project_response, project_session
from voxwire.dialects.preview.spelling import FormatNames, preview_path
from voxwire.events.response import Response
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    ErrorOccurred,
    ItemAdded,
    ItemRetrieved,
    OutputItemAdded,
    OutputItemDone,
    RateLimitsUpdated,
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
from voxwire.events.session_config import Modality, NamedTool, SessionConfig, SessionKind

_NAMES: Final = PartNames(text="text", audio="audio")
_AUDIO_DELTA: Final = wire.audio_template("response.audio.delta")
#: Unknown to the 2024-10-01 clients; one of them closes the socket on it (protocol: oldest-clients, How they fail).
NOT_IN_FIRST: Final = (ItemRetrieved,)
#: Voice Live tells no rate limits (protocol: dialects, Voice Live).
NOT_IN_VOICE_LIVE: Final = (RateLimitsUpdated,)


def encode(
    event: ServerEvent, event_id: str, *, formats: FormatNames, projection: bool, omitted: tuple[type, ...]
) -> bytes | None:
    """`event` as a text frame; None when preview lacks it, or this version of it (`omitted`)."""
    if type(event) is AudioDelta:
        return wire.encode_audio(_AUDIO_DELTA, event, event_id)
    if isinstance(event, omitted):
        return None
    match event:
        case SessionCreated() | SessionUpdated():
            return wire.event_frame(_session_name(event), event_id, _session(event, formats, projection))
        case ResponseCreated() | ResponseDone():
            name = "response.created" if isinstance(event, ResponseCreated) else "response.done"
            return wire.event_frame(name, event_id, _response(event.response, formats, projection))
        case ErrorOccurred():
            translated = _error(project_error(event) if projection else event)
            return wire.event_frame("error", event_id, bodies.error(translated))
    form = _FORMS.get(type(event))
    if form is None:
        return None
    name, body = form
    return wire.event_frame(name, event_id, body(event))


def _error(event: ErrorOccurred) -> ErrorOccurred:
    """The session names settings by their GA path; a parameter that is unknown here is quoted as it came."""
    if event.param is None or event.code == "unknown_parameter":
        return event
    path = preview_path(event.param)
    return structs.replace(event, param=path, message=event.message.replace(f"'{event.param}'", f"'{path}'"))


def _session_name(event: SessionCreated | SessionUpdated) -> str:
    prefix = "" if event.config.kind is SessionKind.REALTIME else "transcription_"
    return f"{prefix}session.{'created' if isinstance(event, SessionCreated) else 'updated'}"


def _session(event: SessionCreated | SessionUpdated, formats: FormatNames, projection: bool) -> Body:
    config = project_session(event.config) if projection else event.config
    head = {"id": event.session_id, "expires_at": event.expires_at}
    if config.kind is SessionKind.TRANSCRIPTION:
        session = {"object": "realtime.transcription_session", **head, **_transcription(config, formats)}
    else:
        session = {"object": "realtime.session", **head, **_realtime(config, formats, projection)}
    return {"session": session, **bodies.fingerprint(event)}


def _realtime(config: SessionConfig, formats: FormatNames, projection: bool) -> Body:
    return {
        "model": config.model,
        "modalities": _modalities(config.modality),
        "instructions": config.instructions,
        "voice": config.voice,
        "speed": config.speed,
        **_input(config, formats, responds=True),
        "output_audio_format": formats[config.output_format],
        "tools": bodies.tools(config.tools),
        "tool_choice": _tool_choice(config, projection),
        "temperature": config.temperature,
        "max_response_output_tokens": bodies.tokens(config.max_output_tokens),
        "tracing": config.tracing,
    }


def _transcription(config: SessionConfig, formats: FormatNames) -> Body:
    return {"modalities": _modalities(config.modality), **_input(config, formats, responds=False)}


def _input(config: SessionConfig, formats: FormatNames, *, responds: bool) -> Body:
    return {
        "input_audio_format": formats[config.input_format],
        "input_audio_transcription": None if config.transcription is None else bodies.transcribes(config.transcription),
        "input_audio_noise_reduction": None,
        "turn_detection": bodies.turn_detection(config.turn_detection, responds=responds),
        "include": config.include,
        "client_secret": None,
    }


def _modalities(modality: Modality) -> list[str]:
    return ["text"] if modality is Modality.TEXT else ["text", "audio"]


def _tool_choice(config: SessionConfig, projection: bool) -> object:
    if projection and isinstance(config.tool_choice, NamedTool):
        return {"type": "function", "function": config.tool_choice.name}
    return bodies.tool_choice(config.tool_choice)


def _response(response: Response, formats: FormatNames, projection: bool) -> Body:
    shown = project_response(response) if projection else response
    return {
        "response": {
            **bodies.response_core(shown, _NAMES, images=False),
            "modalities": _modalities(shown.modality),
            "voice": shown.voice,
            "output_audio_format": formats[shown.output_format],
            "temperature": shown.temperature,
        }
    }


_output_item = partial(bodies.output_item, names=_NAMES)

#: `ItemDone` and `IdleTimeout` are GA alone.
_FORMS: Final[dict[type, Form]] = bodies.SHARED | {
    ItemAdded: ("conversation.item.created", partial(bodies.placed_item, names=_NAMES)),
    ItemRetrieved: ("conversation.item.retrieved", partial(bodies.retrieved_item, names=_NAMES)),
    OutputItemAdded: ("response.output_item.added", _output_item),
    OutputItemDone: ("response.output_item.done", _output_item),
    TextDelta: ("response.text.delta", bodies.delta),
    TextDone: ("response.text.done", bodies.text_done),
    TranscriptDelta: ("response.audio_transcript.delta", bodies.delta),
    TranscriptDone: ("response.audio_transcript.done", bodies.transcript_done),
    AudioDone: ("response.audio.done", bodies.position),
}
