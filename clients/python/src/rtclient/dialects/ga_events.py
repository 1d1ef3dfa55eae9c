"""What a GA service says, in the preview's shapes (protocol: dialects).

Where GA has something that the preview's closed shapes cannot hold, the event becomes one of unknown type rather than
a false one; a session always can be told, with the preview's defaults for what GA no longer knows.
"""

from typing import Any

Json = dict[str, Any]

#: Events that differ in their name alone.
RENAMED = {
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}

#: Repeats `conversation.item.added`, which is told as `conversation.item.created`.
DROPPED = frozenset({"conversation.item.done"})

#: What the preview assumes where GA has no such setting.
_TEMPERATURE = 0.8

_FORMATS = {"audio/pcm": "pcm16", "audio/pcmu": "g711-ulaw", "audio/pcma": "g711-alaw"}
_PARTS = {"output_text": "text", "output_audio": "audio"}
_PART_TYPES = {"input_text", "input_audio", "text", "audio"}
_ITEM_TYPES = {"message", "function_call", "function_call_output"}


class EventTranslator:
    """Remembers what GA does not repeat: the functions' names while they are called, and the temperature asked for."""

    def __init__(self) -> None:
        self._temperature = _TEMPERATURE
        self._function_names: dict[str, str] = {}

    def remember(self, request: Json) -> None:
        """What the program sends, in the preview's shape."""
        session = request.get("session")
        if isinstance(session, dict) and session.get("temperature") is not None:
            self._temperature = session["temperature"]

    def translated(self, event: Json) -> Json | None:
        """The preview's event; the same where it has none; None where it was told already.

        Raises ValueError where `event` lacks what GA promises.
        """
        try:
            return self._translated(event)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{event['type']} has an impossible shape") from error

    def _translated(self, event: Json) -> Json | None:
        kind = event["type"]
        if kind in DROPPED:
            return None
        event["type"] = RENAMED.get(kind, kind)
        match kind:
            case "session.created" | "session.updated":
                event["session"] = self._session(event["session"])
            case "conversation.item.added" | "response.output_item.added" | "response.output_item.done":
                return self._item_event(event)
            case "response.content_part.added" | "response.content_part.done":
                part = _part(event["part"])
                return None if part is None else event | {"part": part}
            case "response.created" | "response.done":
                event["response"] = _response(event["response"])
            case "response.function_call_arguments.done":
                event.setdefault("name", self._function_names.get(event["item_id"]))
            case "input_audio_buffer.committed":
                event.setdefault("previous_item_id", None)
        return event

    def _item_event(self, event: Json) -> Json:
        item = event["item"]
        if item["type"] not in _ITEM_TYPES:
            return event | {"type": f"{event['type']}:{item['type']}"}
        event["item"] = _item(item)
        if event["type"] == "conversation.item.added":
            return event | {"type": "conversation.item.created", "previous_item_id": event.get("previous_item_id")}
        if item["type"] == "function_call":
            if event["type"] == "response.output_item.added":
                self._function_names[item["id"]] = item["name"]
            else:
                self._function_names.pop(item["id"], None)
        return event

    def _session(self, session: Json) -> Json:
        audio = session.get("audio") or {}
        heard, spoken = audio.get("input") or {}, audio.get("output") or {}
        return {
            "id": session["id"],
            "model": session.get("model") or "",
            "modalities": ["text"] if session.get("output_modalities") == ["text"] else ["text", "audio"],
            "instructions": session.get("instructions") or "",
            "voice": _voice(spoken.get("voice")),
            "input_audio_format": _format(heard.get("format")),
            "output_audio_format": _format(spoken.get("format")),
            "input_audio_transcription": _transcription(heard.get("transcription")),
            "turn_detection": heard.get("turn_detection"),
            "tools": session.get("tools") or [],
            "tool_choice": _tool_choice(session.get("tool_choice")),
            "temperature": self._temperature,
            "max_response_output_tokens": session.get("max_output_tokens"),
        }


def _voice(voice: str | Json | None) -> str:
    return (voice["id"] if isinstance(voice, dict) else voice) or "alloy"


def _format(audio_format: Json | None) -> str:
    return _FORMATS[audio_format["type"]] if audio_format else "pcm16"


def _transcription(transcription: Json | None) -> Json | None:
    """A transcription session may not have named its model yet."""
    return None if transcription is None else transcription | {"model": transcription.get("model") or ""}


def _tool_choice(choice: str | Json | None) -> str | Json:
    """A choice of an MCP server's tool has no word in the preview."""
    if isinstance(choice, dict):
        return {"type": "function", "function": choice["name"]} if choice.get("type") == "function" else "auto"
    return choice or "auto"


def _response(response: Json) -> Json:
    details = response.get("status_details")
    if details is not None and details.get("type") not in {"cancelled", "incomplete", "failed"}:
        details = None
    elif details is not None and details["type"] == "failed":
        details.setdefault("error", None)
    items = [item for item in response.get("output") or [] if item["type"] in _ITEM_TYPES]
    return response | {
        "status_details": details,
        "output": [_item(item) for item in items],
        "usage": _usage(response.get("usage")),
    }


def _usage(usage: Json | None) -> Json | None:
    if not usage:
        return None
    return {
        **_counts(usage, "total_tokens", "input_tokens", "output_tokens"),
        "input_token_details": _counts(
            usage.get("input_token_details"), "cached_tokens", "text_tokens", "audio_tokens"
        ),
        "output_token_details": _counts(usage.get("output_token_details"), "text_tokens", "audio_tokens"),
    }


def _counts(source: Json | None, *names: str) -> dict[str, int]:
    return {name: (source or {}).get(name) or 0 for name in names}


def _item(item: Json) -> Json:
    match item["type"]:
        case "message":
            parts = (_part(part) for part in item.get("content") or [])
            return item | {
                "status": item.get("status") or "completed",
                "content": [part for part in parts if part is not None],
            }
        case "function_call":
            return item | {"status": item.get("status") or "completed", "arguments": item.get("arguments") or ""}
        case _:
            return item


def _part(part: Json) -> Json | None:
    """None for what the preview has no part for, such as an image."""
    kind = _PARTS.get(part["type"], part["type"])
    if kind not in _PART_TYPES:
        return None
    if kind in {"input_text", "text"}:
        return {"type": kind, "text": part.get("text") or ""}
    return {"type": kind, "transcript": part.get("transcript")}
