"""Merging a `session.update` into the settings (protocol: sessions, Updating a session).

Only the fields present change. Types and ranges were checked by the dialect; what is checked here
needs the deployment or the conversation.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.client import Unsupported
from voxwire.events.session_config import SessionConfig, SessionKind, SessionPatch
from voxwire.session.checks import check_text, check_text_bytes, check_tools, check_voice_change, leave_out
from voxwire.session.limits import Capabilities, Limits

#: Fields that a transcription session does not have; sent all the same, they change nothing.
_REALTIME_ONLY: Final = (
    "instructions", "modality", "voice", "speed", "output_format", "temperature", "max_output_tokens", "tools",
    "tool_choice",
)  # fmt: skip


def merge(
    config: SessionConfig,
    patch: SessionPatch,
    *,
    capabilities: Capabilities,
    limits: Limits,
    has_spoken: bool,
) -> tuple[SessionConfig, list[Unsupported]]:
    """The settings after `patch`, and what of it is beyond the deployment and was left out.

    `has_spoken`: assistant audio exists, so the voice is fixed. Raises ClientError and changes nothing
    when any part of the patch is wrong.
    """
    changes: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET
    }
    kind = changes.pop("kind", config.kind)
    input_rate = changes.pop("input_rate", None)
    if kind is not config.kind:
        raise ClientError(
            f"Passing a {kind.value} session update event to a {config.kind.value} session is not allowed.",
            code="invalid_parameter",
            param="session.type",
        )
    if config.kind is SessionKind.TRANSCRIPTION:
        for name in _REALTIME_ONLY:
            changes.pop(name, None)
    left_out = leave_out(changes, capabilities, "session")
    merged = msgspec.structs.replace(config, **changes)
    left_out += _wrong_rate(input_rate, merged.input_format)
    if merged.voice != config.voice:
        check_voice_change(has_spoken, "session.audio.output.voice")
    check_text(merged.instructions, limits, "session.instructions")
    check_tools(merged.tools, merged.tool_choice, limits, "session")
    echoed = (merged.voice, merged.transcription, merged.tracing, merged.reasoning, merged.prompt)
    check_text_bytes(len(msgspec.json.encode(echoed)), limits.item_text_bytes, "session")
    return merged, left_out


def _wrong_rate(rate: int | None, format: AudioFormat) -> list[Unsupported]:
    """What to say of audio at another rate, which would be heard as noise."""
    if rate in (None, format.rate):
        return []
    message = f"The input audio format has {format.rate} samples a second here, not {rate}: convert the audio first."
    return [Unsupported(param="session.audio.input.format.rate", message=message)]
