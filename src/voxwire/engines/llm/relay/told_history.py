"""A conversation told as text, for a service whose conversation begins empty and can only grow."""

from collections.abc import Iterable, Sequence
from typing import Final

from voxwire.engines.llm.relay.mirror import message_text
from voxwire.engines.llm.relay.service_spelling import UNKNOWN_SPEECH
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, InputAudio, Item, MessageItem, Role

_TITLE: Final = "What was said so far in this conversation:"
_NAMES: Final = {Role.USER: "User", Role.ASSISTANT: "You", Role.SYSTEM: "Instruction"}


def told(items: Iterable[Item]) -> str:
    """The items as a text for the instructions, "" when there is nothing to tell."""
    lines = [line for item in items if (line := _line(item))]
    return "\n".join([_TITLE, *lines]) if lines else ""


def split(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """The past, which is told, and what has to be answered: all from the last turn of the user on that has nothing but
    the user's behind it."""
    first = len(items)
    while first > 0 and isinstance(item := items[first - 1], MessageItem) and item.role is Role.USER:
        first -= 1
    return items[:first], items[first:]


def _line(item: Item) -> str:
    match item:
        case FunctionCallItem():
            return f"You called {item.name} with {item.arguments or '{}'}"
        case FunctionCallOutputItem():
            return f"It returned: {item.output}"
    words = message_text(item)
    spoken = [part.transcript or UNKNOWN_SPEECH for part in item.content if isinstance(part, InputAudio)]
    said = " ".join([text for text in (words, *spoken) if text])
    return f"{_NAMES[item.role]}: {said}" if said else ""
