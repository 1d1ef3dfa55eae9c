"""Merging a `session.update` into the settings (PROTOCOL 3.2, SEMANTICS 1).

Only the fields present change. Types and ranges were checked by the dialect; what is checked here
needs the deployment or the conversation.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError, shorten
from voxwire.events.client import Unsupported
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
    if changes.get("prompt") is not None:
        del changes["prompt"]
        message = "Stored prompts are not supported by this server: send the text as 'instructions'."
        left_out.append(Unsupported(param="session.prompt", message=message))
    merged = msgspec.structs.replace(config, **changes)
    left_out += _wrong_rate(input_rate, merged.input_format)
    if merged.voice != config.voice:
        check_voice_change(has_spoken, "session.audio.output.voice")
    check_text(merged.instructions, limits, "session.instructions")
    check_tools(merged.tools, merged.tool_choice, limits, "session")
    echoed = (merged.voice, merged.transcription, merged.tracing, merged.reasoning)
    check_text_bytes(len(msgspec.json.encode(echoed)), limits.item_text_bytes, "session")
    return merged, left_out


def leave_out(changes: dict[str, Any], capabilities: Capabilities, where: str) -> list[Unsupported]:
    """Take from the `changes` to a session or a response what the deployment cannot do; what to say of each."""
    left_out: list[Unsupported] = []
    if "voice" in changes:
        voices = capabilities.voices
        if voices is not None and changes["voice"] not in voices:
            voice = changes.pop("voice")
            left_out.append(_not_among(voice, sorted(voices), "The voice", f"{where}.audio.output.voice"))
    if not capabilities.tools:
        left_out += _no_tools(changes, where)
    if changes.get("transcription") is not None:
        changes["transcription"], found = _spoken_here(changes["transcription"], capabilities)
        left_out += found
    return left_out


def _no_tools(changes: dict[str, Any], where: str) -> list[Unsupported]:
    """Take from `changes` what asks for functions; what to say of it where the engine cannot call any."""
    asked = [
        *(["tools"] if changes.get("tools") else []),
        *(["tool_choice"] if changes.get("tool_choice", "auto") not in ("auto", "none") else []),
    ]
    message = "The language engine of this deployment calls no functions: ask without tools."
    for name in asked:
        del changes[name]
    return [Unsupported(param=f"{where}.{name}", message=message) for name in asked]


def check_voice_change(has_spoken: bool, param: str) -> None:
    """Refuse a change of voice in mid-conversation."""
    if has_spoken:
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


def _wrong_rate(rate: int | None, format: AudioFormat) -> list[Unsupported]:
    """What to say of audio at another rate, which would be heard as noise."""
    if rate in (None, format.rate):
        return []
    message = f"The input audio format has {format.rate} samples a second here, not {rate}: send it so."
    return [Unsupported(param="session.audio.input.format.rate", message=message)]


def _spoken_here(transcription: Transcription, capabilities: Capabilities) -> tuple[Transcription, list[Unsupported]]:
    """The transcription without languages of which the recogniser has none."""
    left_out: list[Unsupported] = []
    where = "session.audio.input.transcription"
    if transcription.language is not None and not _knows((transcription.language,), capabilities):
        left_out.append(_not_among(transcription.language, capabilities.languages, "The language", f"{where}.language"))
        transcription = msgspec.structs.replace(transcription, language=None)
    if transcription.languages and not _knows(transcription.languages, capabilities):
        left_out.append(
            _not_among(transcription.languages[0], capabilities.languages, "The language", f"{where}.languages")
        )
        transcription = msgspec.structs.replace(transcription, languages=())
    return transcription, left_out


def _knows(wanted: tuple[str, ...], capabilities: Capabilities) -> bool:
    # "en-US" asks for a language the recogniser has when it has "en".
    return not capabilities.languages or any(name.lower().split("-")[0] in capabilities.languages for name in wanted)


def _not_among(value: str, supported: Iterable[str], what: str, param: str) -> Unsupported:
    names = ", ".join(f"'{name}'" for name in supported)
    message = f"{what} '{shorten(value)}' is not supported by this deployment. Supported values are: {names}."
    return Unsupported(param=param, message=message)
