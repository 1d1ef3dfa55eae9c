"""What the language engine reads: instructions, tools, items that fit (protocol: sessions, Truncation of the context).

When the context is too long, `auto` drops the oldest items, `retention_ratio` drops more at once so
that caches stay warm, `disabled` fails the response. Every response reads every item, up to 4,096 of
them on the event loop: hence the plain passes below.
"""

from collections.abc import Callable, Sequence
from typing import Final, Self

import msgspec

from voxwire.errors import ClientError
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, Item, MessageItem
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import FunctionTool, RetentionRatio, Truncation
from voxwire.interfaces.token_estimate import item_tokens, text_tokens

#: Kept free for the answer; the official service leaves 28,224 of 32,000 usable (protocol: limits, Session).
OUTPUT_RESERVE: Final = 3_776


class ContextItem(msgspec.Struct, frozen=True, gc=False):
    """An item as engines read it, and the tokens that it costs as input."""

    item: Item
    text: int
    audio: int

    @classmethod
    def of(cls, item: Item, count: Callable[[str], int] = text_tokens) -> Self:
        return cls(item, *item_tokens(item, count))


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The items that fit, and what they cost as input."""

    items: tuple[Item, ...]
    usage: TokenUsage


def fit(
    candidates: Sequence[ContextItem],
    *,
    instructions: str,
    tools: Sequence[FunctionTool],
    truncation: Truncation,
    context_tokens: int,
    count: Callable[[str], int] = text_tokens,
) -> Context:
    """Drop the oldest items until the rest fits into `context_tokens` less the reserve for the answer.

    The newest item always stays, and with the answer to a tool call the call. Raises ClientError
    (`context_length_exceeded`) when truncation is disabled or the fixed part alone is too long. `count` gives the
    tokens of a text.
    """
    fixed = count(instructions) + sum(count(msgspec.json.encode(tool).decode()) for tool in tools)
    budget = max(context_tokens - OUTPUT_RESERVE, context_tokens // 2) - fixed
    number = len(candidates)
    text, audio = _tokens(candidates)
    total = text + audio
    if isinstance(truncation, RetentionRatio) and truncation.post_instructions is not None:
        budget = min(budget, truncation.post_instructions)
    if total > budget:
        if truncation == "disabled" or budget <= 0:
            message = f"The conversation needs {total + fixed} tokens, more than the {budget + fixed} that fit."
            raise ClientError(message, code="context_length_exceeded")
        if isinstance(truncation, RetentionRatio):
            budget = int(budget * truncation.retention_ratio)
        candidates = _newest(candidates, total - budget)
    kept = _without_orphans(candidates)
    if len(kept) < number:
        text, audio = _tokens(kept)
    return Context(
        items=tuple([candidate.item for candidate in kept]),
        usage=TokenUsage(input_text=fixed + text, input_audio=audio),
    )


def _tokens(candidates: Sequence[ContextItem]) -> tuple[int, int]:
    """What they cost, of text and of audio."""
    text = audio = 0
    for candidate in candidates:
        text += candidate.text
        audio += candidate.audio
    return text, audio


def _newest(candidates: Sequence[ContextItem], excess: int) -> Sequence[ContextItem]:
    """The candidates without the oldest that cost `excess` tokens; there is nothing to answer without the last."""
    first = 0
    while excess > 0 and first < len(candidates) - 1:
        excess -= candidates[first].text + candidates[first].audio
        first += 1
    return [*_call_of(candidates[-1], candidates[:first]), *candidates[first:]]


def _call_of(answer: ContextItem, dropped: Sequence[ContextItem]) -> Sequence[ContextItem]:
    """The tool call that is answered, when it is among the dropped: without it the answer would be an orphan."""
    if not isinstance(answer.item, FunctionCallOutputItem):
        return ()
    call_id = answer.item.call_id
    return [old for old in dropped if isinstance(old.item, FunctionCallItem) and old.item.call_id == call_id][-1:]


def _without_orphans(candidates: Sequence[ContextItem]) -> Sequence[ContextItem]:
    """Without the answers to tool calls that are not there: chat engines refuse them."""
    # Nearly all conversations have messages alone; isinstance takes five times as long to say what an item is not.
    if not [candidate for candidate in candidates if type(candidate.item) is not MessageItem]:
        return candidates
    calls: set[str] = set()
    kept: list[ContextItem] = []
    for candidate in candidates:
        item = candidate.item
        if isinstance(item, FunctionCallItem):
            calls.add(item.call_id)
        elif isinstance(item, FunctionCallOutputItem) and item.call_id not in calls:
            continue
        kept.append(candidate)
    return kept
