"""What the client says, from the preview's shapes to GA's (protocol: dialects)."""

import logging
from typing import Any

_LOGGER = logging.getLogger(__name__)

Json = dict[str, Any]

#: The preview's names of audio formats, in every spelling, and GA's objects.
FORMATS: dict[str, Json] = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711-ulaw": {"type": "audio/pcmu"},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711-alaw": {"type": "audio/pcma"},
    "g711_alaw": {"type": "audio/pcma"},
}

_ASSISTANT_PARTS = {"text": "output_text", "audio": "output_audio"}


def to_ga(event: Json) -> list[Json]:
    """The GA events that say what `event` says: nearly always one."""
    match event["type"]:
        case "session.update":
            return [event | {"session": session_to_ga(event["session"])}]
        case "conversation.item.create":
            return [event | {"item": item_to_ga(event["item"])}]
        case "response.create" if event.get("response") is not None:
            response = event["response"]
            history = [
                {"type": "conversation.item.create", "item": item_to_ga(item)}
                for item in response.get("append_input_items") or []
            ]
            return [*history, event | {"response": response_to_ga(response)}]
        case _:
            return [event]


def session_to_ga(session: Json) -> Json:
    """Flat settings to nested ones. Only what is there is translated, and null stays null."""
    ga: Json = {"type": "realtime"}
    audio: dict[str, Json] = {"input": {}, "output": {}}
    for name, value in session.items():
        match name:
            case "modalities":
                ga["output_modalities"] = modalities_to_ga(value)
            case "voice":
                audio["output"]["voice"] = value
            case "input_audio_format":
                audio["input"]["format"] = FORMATS.get(value)
            case "output_audio_format":
                audio["output"]["format"] = FORMATS.get(value)
            case "input_audio_transcription":
                audio["input"]["transcription"] = value
            case "turn_detection":
                audio["input"]["turn_detection"] = turn_detection_to_ga(value)
            case "max_response_output_tokens":
                ga["max_output_tokens"] = value
            case "tool_choice":
                ga["tool_choice"] = tool_choice_to_ga(value)
            case "temperature":
                _warn_about_temperature()
            case _:
                ga[name] = value
    if nested := {side: fields for side, fields in audio.items() if fields}:
        ga["audio"] = nested
    return ga


def response_to_ga(response: Json) -> Json:
    """Settings of one response. `commit` false is what GA calls no conversation."""
    ga: Json = {}
    output: Json = {}
    for name, value in response.items():
        match name:
            case "modalities":
                ga["output_modalities"] = modalities_to_ga(value)
            case "voice":
                output["voice"] = value
            case "output_audio_format":
                output["format"] = FORMATS.get(value)
            case "input_items":
                ga["input"] = [item_to_ga(item) for item in value or []]
            case "tool_choice":
                ga["tool_choice"] = tool_choice_to_ga(value)
            case "commit":
                ga |= {} if value else {"conversation": "none"}
            case "temperature":
                _warn_about_temperature()
            case "cancel_previous" | "append_input_items":
                pass  # GA never cancels by itself; what is appended goes ahead as items
            case _:
                ga[name] = value
    if output:
        ga["audio"] = {"output": output}
    return ga


def item_to_ga(item: Json) -> Json:
    """An item; only the assistant's parts changed their names."""
    if item.get("role") != "assistant":
        return item
    return item | {
        "content": [part | {"type": _ASSISTANT_PARTS.get(part["type"], part["type"])} for part in item["content"]]
    }


def modalities_to_ga(modalities: list[str] | None) -> list[str] | None:
    """GA takes exactly one: audio comes with its transcript."""
    if modalities is None:
        return None
    return ["audio"] if "audio" in modalities else ["text"]


def turn_detection_to_ga(turn_detection: Json | None) -> Json | None:
    """None is GA's word for no turn detection."""
    return None if turn_detection is None or turn_detection["type"] == "none" else turn_detection


def tool_choice_to_ga(choice: str | Json | None) -> str | Json | None:
    """GA names the function under `name`."""
    return {"type": "function", "name": choice["function"]} if isinstance(choice, dict) else choice


def _warn_about_temperature() -> None:
    _LOGGER.warning("GA services have no temperature; the setting is not sent")
