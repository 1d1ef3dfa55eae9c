"""Merging a `session.update` into the settings (PROTOCOL 3.2, SEMANTICS 1).

Only the fields present change. Types and ranges were checked by the dialect; what is checked here
needs the deployment or the conversation.
"""

import msgspec
from msgspec import UNSET

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.config import (
    FunctionTool,
    NamedTool,
    SessionConfig,
    SessionKind,
    SessionPatch,
    ToolChoice,
    Transcription,
)
from voxwire.session.limits import Capabilities, Limits

#: Fields that a transcription session does not have; sent all the same, they change nothing.
_REALTIME_ONLY = (
    "instructions",
    "modality",
    "voice",
    "speed",
    "output_format",
    "temperature",
    "max_output_tokens",
    "tools",
    "tool_choice",
)


def merge(
    config: SessionConfig,
    patch: SessionPatch,
    *,
    capabilities: Capabilities,
    limits: Limits,
    has_spoken: bool,
) -> SessionConfig:
    """The settings after `patch`. `has_spoken`: assistant audio exists, so the voice is fixed.

    Raises ClientError and changes nothing when any part of the patch cannot be.
    """
    changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    kind = changes.pop("kind", config.kind)
    input_rate = changes.pop("input_rate", None)
    if kind is not config.kind:
        raise ClientError(
            f"Passing a {kind.value} session update event to a {config.kind.value} session is not allowed.",
            code="invalid_value",
            param="session.type",
        )
    if config.kind is SessionKind.TRANSCRIPTION:
        for name in _REALTIME_ONLY:
            changes.pop(name, None)
    merged = msgspec.structs.replace(config, **changes)
    _check_rate(input_rate, merged.input_format)
    if merged.voice != config.voice:
        check_voice(merged.voice, config.voice, capabilities, has_spoken, "session.audio.output.voice")
    _check_transcription(merged.transcription, capabilities)
    check_text(merged.instructions, limits, "session.instructions")
    check_tools(merged.tools, merged.tool_choice, limits, "session")
    echoed = (merged.voice, merged.transcription, merged.tracing, merged.reasoning)
    check_text_bytes(len(msgspec.json.encode(echoed)), limits.item_text_bytes, "session")
    if merged.prompt is not None:
        raise ClientError(
            "No stored prompt has this id; this server holds none.", code="invalid_value", param="session.prompt.id"
        )
    return merged


def check_voice(voice: str, current: str, capabilities: Capabilities, has_spoken: bool, param: str) -> None:
    """Refuse a voice that the deployment lacks, or a change of voice in mid-conversation."""
    if capabilities.voices is not None and voice not in capabilities.voices:
        names = ", ".join(f"'{name}'" for name in sorted(capabilities.voices))
        raise ClientError(
            f"Invalid value: '{voice}'. Supported values are: {names}.", code="invalid_value", param=param
        )
    if has_spoken and voice != current:
        raise ClientError(
            "Cannot update a conversation's voice if assistant audio is present.",
            code="cannot_update_voice",
            param=param,
        )


def check_text(text: str, limits: Limits, param: str) -> None:
    """Refuse text longer than an item may be."""
    check_text_bytes(len(text.encode()), limits.item_text_bytes, param)


def check_text_bytes(size: int, limit: int, param: str) -> None:
    """Refuse more text than `limit` bytes."""
    if size > limit:
        raise ClientError(
            f"Text is too long: {size} bytes, at most {limit} are accepted.",
            code="string_above_max_length",
            param=param,
        )


def check_tools(tools: tuple[FunctionTool, ...], choice: ToolChoice, limits: Limits, where: str) -> None:
    """Refuse too many tools, and a forced tool that is not declared."""
    if len(tools) > limits.tools:
        raise ClientError(
            f"Too many tools: {len(tools)} were declared, at most {limits.tools} are accepted.",
            code="array_above_max_length",
            param=f"{where}.tools",
        )
    if isinstance(choice, NamedTool) and choice.name not in {tool.name for tool in tools}:
        raise ClientError(
            f"Tool choice '{choice.name}' is not among the declared tools.",
            code="invalid_value",
            param=f"{where}.tool_choice",
        )
    check_text_bytes(len(msgspec.json.encode(tools)), limits.item_text_bytes, f"{where}.tools")


def _check_rate(rate: int | None, format: AudioFormat) -> None:
    """Refuse audio of another rate, which would be heard as noise."""
    if rate not in (None, format.rate):
        raise ClientError(
            f"Invalid value: {rate}. The input audio format has {format.rate} samples a second here.",
            code="invalid_value",
            param="session.audio.input.format.rate",
        )


def _check_transcription(transcription: Transcription | None, capabilities: Capabilities) -> None:
    if transcription is None or not capabilities.languages:
        return
    if transcription.language is not None:
        _check_languages((transcription.language,), "language", capabilities)
    _check_languages(transcription.languages, "languages", capabilities)


def _check_languages(wanted: tuple[str, ...], field: str, capabilities: Capabilities) -> None:
    """Refuse languages of which the recogniser has none."""
    # "en-US" asks for a language the recogniser has when it has "en".
    if wanted and not any(name.lower().split("-")[0] in capabilities.languages for name in wanted):
        names = ", ".join(f"'{name}'" for name in capabilities.languages)
        raise ClientError(
            f"Invalid value: '{wanted[0]}'. Supported values are: {names}.",
            code="invalid_value",
            param=f"session.audio.input.transcription.{field}",
        )
