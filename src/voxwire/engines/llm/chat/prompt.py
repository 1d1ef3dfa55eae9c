"""A conversation as a chat completions endpoint reads it.

What endpoints and the templates of their models refuse is put right here: neighbours of one role are joined, every
tool call is followed by its answer, arguments are JSON objects.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from voxwire.engines.llm.chat.audio_part import audio_part
from voxwire.events.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.session_config import FunctionTool, NamedTool, ToolChoice

#: Speech in which no word was understood, and a user who was asked and says nothing.
UNINTELLIGIBLE: Final = "[unintelligible]"
SILENCE: Final = "[silence]"
#: The client has not answered a call yet; an endpoint refuses a call without an answer.
_NO_RESULT_YET: Final = "The result is not there yet."

ChatMessage = dict[str, Any]


def messages(system: str, items: Sequence[Item], *, hears: bool = False) -> list[ChatMessage]:
    """The messages for these items, which were heard as they stand: a truncated answer is short. A model that `hears`
    gets the user's speech itself, as far as it was kept.

    A conversation that goes on only adds to the end of them, so that what a model has read once it need not read again.

    `system` is the preamble and the instructions. System items before anything else join it, since many templates
    take one system message at the beginning alone.
    """
    results = {item.call_id: item.output for item in items if isinstance(item, FunctionCallOutputItem)}
    told: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
    for item in items:
        match item:
            case MessageItem():
                _add_message(told, item, hears)
            case FunctionCallItem():
                _add_call(told, item, results.get(item.call_id, _NO_RESULT_YET))
            case FunctionCallOutputItem():
                pass  # stands behind its call
    return told


def chat_tools(functions: Iterable[FunctionTool]) -> list[dict[str, Any]]:
    """Functions in the form of chat completions."""
    return [
        {
            "type": "function",
            "function": {
                "name": function.name,
                **({"description": function.description} if function.description else {}),
                "parameters": function.parameters or {"type": "object", "properties": {}},
            },
        }
        for function in functions
    ]


def chat_tool_choice(choice: ToolChoice) -> Any:
    """A tool choice in the form of chat completions."""
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _add_message(told: list[ChatMessage], item: MessageItem, hears: bool) -> None:
    content = _content(item, hears)
    if not content:
        return  # nothing of it was heard
    role = item.role.value
    last = told[-1] if told else None
    if last is None or last["role"] != role or "tool_calls" in last:
        told.append({"role": role, "content": content})
    elif isinstance(last["content"], str) and isinstance(content, str):
        last["content"] += f"\n{content}"
    else:
        last["content"] = [*_parts(last["content"]), *_parts(content)]


def _add_call(told: list[ChatMessage], item: FunctionCallItem, result: str) -> None:
    call = {
        "id": item.call_id,
        "type": "function",
        "function": {"name": item.name, "arguments": _arguments(item.arguments)},
    }
    answer = {"role": "tool", "tool_call_id": item.call_id, "content": result}
    asking = _asking(told)
    if asking is None:
        asking = {"role": "assistant", "content": None}
        told.append(asking)
    # Several calls of one answer stand in one message, and their answers behind it in the same order.
    asking.setdefault("tool_calls", []).append(call)
    told.append(answer)


def _asking(told: Sequence[ChatMessage]) -> ChatMessage | None:
    """The assistant's message at the end, answers to its earlier calls left aside."""
    last = next((message for message in reversed(told) if message["role"] != "tool"), None)
    return last if last is not None and last["role"] == Role.ASSISTANT.value else None


def _content(item: MessageItem, hears: bool) -> str | list[dict[str, Any]]:
    """Text alone as a text, which every endpoint takes; with pictures or sound a list of parts."""
    texts: list[str] = []
    parts: list[dict[str, Any]] = []
    for part in item.content:
        if medium := _medium(part, hears):
            parts += _parts("\n".join(texts))
            texts.clear()
            parts.append(medium)
        elif text := _text(part, hears):
            texts.append(text)
    text = "\n".join(texts)
    return [*parts, *_parts(text)] if parts else text


def _medium(part: ContentPart, hears: bool) -> dict[str, Any] | None:
    """The part, where it is no text."""
    if isinstance(part, InputImage):
        return {"type": "image_url", "image_url": {"url": part.image_url, "detail": part.detail}}
    if hears and isinstance(part, InputAudio) and part.clip is not None and part.clip.data:
        return audio_part(part.clip)
    return None


def _text(part: ContentPart, hears: bool) -> str:
    match part:
        case InputAudio(transcript=None):
            return UNINTELLIGIBLE if hears else SILENCE  # nobody wrote down what was said
        case InputAudio(transcript=str(heard)):
            return heard or UNINTELLIGIBLE
        case OutputAudio(transcript=spoken):
            return spoken
        case InputText(text=written) | OutputText(text=written):
            return written
    raise TypeError(type(part))


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


def _arguments(text: str) -> str:
    """The arguments, or none where a call that was cut off left half a JSON text: templates parse it."""
    try:
        return text if isinstance(msgspec.json.decode(text), dict) else "{}"
    except msgspec.DecodeError:
        return "{}"
