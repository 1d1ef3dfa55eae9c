"""Token arithmetic for engines that do not count themselves (protocol: responses, Tokens).

Text: one token for every four UTF-8 bytes. Audio: one for every 100 ms heard and one for every
50 ms spoken, as the official service counts.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    Item,
    OutputAudio,
    OutputText,
)

BYTES_PER_TOKEN: Final = 4
#: What a spoken answer is taken to have before it is known: some 15 seconds of speech with its words.
USUAL_ANSWER: Final = 400


def text_tokens(text: str) -> int:
    """Tokens of `text`, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def text_within(text: str, size: int) -> str:
    """As much of `text` as `size` UTF-8 bytes hold."""
    return text.encode()[:size].decode(errors="ignore")


def heard_tokens(ms: float) -> int:
    """Tokens of `ms` milliseconds of the user's audio, rounded up."""
    return ceil(ms / 100)


def spoken_tokens(ms: float) -> int:
    """Tokens of `ms` milliseconds of the assistant's audio, rounded up."""
    return ceil(ms / 50)


def item_tokens(item: Item, count: Callable[[str], int] = text_tokens) -> tuple[int, int]:
    """(text, audio) tokens that `item` costs as input; `count` is for its texts."""
    match item:
        case FunctionCallItem():
            return count(item.name) + count(item.arguments), 0
        case FunctionCallOutputItem():
            return count(item.output), 0
    # Pictures are counted by the engine that sees them; there is no public formula.
    text = audio = 0
    for part in item.content:
        match part:
            case InputText() | OutputText():
                text += count(part.text)
            case InputAudio():
                audio += heard_tokens(part.duration_ms)
            case OutputAudio():
                text += count(part.transcript)
    return text, audio
