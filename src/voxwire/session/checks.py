"""What no update and no answer may ask: refused where it is wrong, left out where it is beyond the deployment."""

from collections.abc import Iterable
from typing import Any

import msgspec

from voxwire.errors import ClientError, shorten
from voxwire.events.client import Unsupported
from voxwire.events.session_config import FunctionTool, NamedTool, ToolChoice, Transcription
from voxwire.session.limits import Capabilities, Limits


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
    message = "The language engine of this deployment cannot call functions: leave the tools out."
    for name in asked:
        del changes[name]
    return [Unsupported(param=f"{where}.{name}", message=message) for name in asked]


def check_voice_change(has_spoken: bool, param: str) -> None:
    """Refuse a change of voice in mid-conversation."""
    if has_spoken:
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise ClientError(message, code="cannot_update_voice", param=param)


def check_text(text: str, limits: Limits, param: str) -> None:
    """Refuse text longer than an item may be."""
    check_text_bytes(len(text.encode()), limits.item_text_bytes, param)


def check_text_bytes(size: int, limit: int, param: str) -> None:
    """Refuse more text than `limit` bytes."""
    if size > limit:
        message = f"Text is too long: {size} bytes, at most {limit} are accepted."
        raise ClientError(message, code="string_above_max_length", param=param)


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
