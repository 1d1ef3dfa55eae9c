"""Replies within the closed sets of 2024-10-01 clients (protocol: oldest-clients, Closed sets).

Those clients validate what they get and fail on any other value. So sessions and responses are
shown to them as the nearest thing that they know; what the session does is not changed.
"""

from typing import Final

from msgspec import UNSET, UnsetType, structs

from voxwire.events.response import Response
from voxwire.events.server import ErrorOccurred
from voxwire.events.session_config import SemanticVad, ServerVad, SessionConfig, SessionPatch

#: The eight voices of the last 2024-10-01 client.
OFFICIAL_VOICES: Final = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"})
#: Later voices → the one of the eight that sounds most like it.
_NEAREST: Final = {"marin": "coral", "cedar": "ash"}
#: Settings that may be shown otherwise than they are.
_PROJECTED: Final = ("voice", "temperature", "transcription", "turn_detection")
_LOWEST_TEMPERATURE: Final = 0.6
_HIGHEST_TEMPERATURE: Final = 1.2


def project_session(config: SessionConfig) -> SessionConfig:
    """The settings as shown to such a client."""
    transcription = config.transcription
    if transcription is not None:
        transcription = structs.replace(transcription, model="whisper-1")
    turn_detection = config.turn_detection
    if isinstance(turn_detection, SemanticVad):
        turn_detection = ServerVad(
            create_response=turn_detection.create_response,
            interrupt_response=turn_detection.interrupt_response,
        )
    return structs.replace(
        config,
        voice=_voice(config.voice),
        temperature=_temperature(config.temperature),
        transcription=transcription,
        turn_detection=turn_detection,
    )


def changes_of(patch: SessionPatch, config: SessionConfig) -> SessionPatch:
    """`patch` without what only repeats how such a client saw `config`: sent back, it asks for nothing."""
    shown = project_session(config)
    repeated: dict[str, UnsetType] = {
        name: UNSET for name in _PROJECTED if getattr(patch, name) == getattr(shown, name) != getattr(config, name)
    }
    return structs.replace(patch, **repeated)


def project_response(response: Response) -> Response:
    return structs.replace(
        response,
        voice=_voice(response.voice),
        temperature=_temperature(response.temperature),
    )


def project_error(event: ErrorOccurred) -> ErrorOccurred:
    """Old clients look for "buffer is empty" (protocol: oldest-clients, What a server must do)."""
    if event.code != "input_audio_buffer_commit_empty":
        return event
    return structs.replace(event, message="Error committing input audio buffer: the buffer is empty.")


def _voice(name: str) -> str:
    return name if name in OFFICIAL_VOICES else _NEAREST.get(name, "alloy")


def _temperature(value: float) -> float:
    return min(max(value, _LOWEST_TEMPERATURE), _HIGHEST_TEMPERATURE)
