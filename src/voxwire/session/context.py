"""What the language engine reads: instructions, tools and the items that fit (PROTOCOL 7.1).

When the context is too long, `auto` drops the oldest items, `retention_ratio` drops more at once so
that caches stay warm, `disabled` fails the response.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from voxwire.errors import ClientError
from voxwire.events.config import FunctionTool, RetentionRatio, Truncation
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, Item
from voxwire.events.response import TokenUsage
from voxwire.session.tokens import item_tokens, text_tokens

#: Kept free for the answer; the official service leaves 28,224 of 32,000 usable (PROTOCOL 7.1).
OUTPUT_RESERVE: Final = 3_776


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The items that fit, and what they cost as input."""

    items: tuple[Item, ...]
    usage: TokenUsage


def fit(
    items: Sequence[Item],
    *,
    instructions: str,
    tools: Sequence[FunctionTool],
    truncation: Truncation,
    context_tokens: int,
) -> Context:
    """Drop the oldest items until the rest fits into `context_tokens` less the reserve for the answer.

    Raises ClientError (`context_length_exceeded`) when truncation is disabled or the fixed part
    alone is too long.
    """
    fixed = text_tokens(instructions) + sum(text_tokens(msgspec.json.encode(tool).decode()) for tool in tools)
    budget = max(context_tokens - OUTPUT_RESERVE, context_tokens // 2) - fixed
    costs = [item_tokens(item) for item in items]
    total = sum(text + audio for text, audio in costs)
    if isinstance(truncation, RetentionRatio) and truncation.post_instructions is not None:
        budget = min(budget, truncation.post_instructions)
    first = 0
    if total > budget:
        if truncation == "disabled" or budget <= 0:
            raise ClientError(
                f"The conversation needs {total + fixed} tokens, more than the {budget + fixed} that fit.",
                code="context_length_exceeded",
            )
        if isinstance(truncation, RetentionRatio):
            budget = int(budget * truncation.retention_ratio)
        # The newest item always stays: without it there is nothing to answer.
        while total > budget and first < len(items) - 1:
            total -= sum(costs[first])
            first += 1
    orphans = _orphans(items[first:])
    kept = [number for number in range(first, len(items)) if number - first not in orphans]
    usage = TokenUsage(
        input_text=fixed + sum(costs[number][0] for number in kept),
        input_audio=sum(costs[number][1] for number in kept),
    )
    return Context(items=tuple(items[number] for number in kept), usage=usage)


def _orphans(items: Sequence[Item]) -> set[int]:
    """Positions of answers to tool calls that are not there: chat engines refuse them."""
    calls: set[str] = set()
    orphans: set[int] = set()
    for number, item in enumerate(items):
        if isinstance(item, FunctionCallItem):
            calls.add(item.call_id)
        elif isinstance(item, FunctionCallOutputItem) and item.call_id not in calls:
            orphans.add(number)
    return orphans
