"""What the language engine reads: instructions, tools and the items that fit (PROTOCOL 7.1).

When the context is too long, `auto` drops the oldest items, `retention_ratio` drops more at once so
that caches stay warm, `disabled` fails the response.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from voxwire.errors import ClientError
from voxwire.events.config import FunctionTool, RetentionRatio, Truncation
from voxwire.events.items import FunctionCallItem, Item, MessageItem
from voxwire.events.response import TokenUsage
from voxwire.session.tokens import text_tokens

#: Kept free for the answer; the official service leaves 28,224 of 32,000 usable (PROTOCOL 7.1).
OUTPUT_RESERVE: Final = 3_776


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The items that fit, and what they cost as input."""

    items: tuple[Item, ...]
    usage: TokenUsage


def fit(
    items: Sequence[Item],
    costs: Sequence[tuple[int, int]],
    *,
    instructions: str,
    tools: Sequence[FunctionTool],
    truncation: Truncation,
    context_tokens: int,
) -> Context:
    """Drop the oldest items until the rest fits into `context_tokens` less the reserve for the answer.

    `costs` are the (text, audio) tokens of each item. Raises ClientError (`context_length_exceeded`) when
    truncation is disabled or the fixed part alone is too long.
    """
    fixed = text_tokens(instructions) + sum(text_tokens(msgspec.json.encode(tool).decode()) for tool in tools)
    budget = max(context_tokens - OUTPUT_RESERVE, context_tokens // 2) - fixed
    text, audio = sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
    total = text + audio
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
    dropped = {*range(first), *_orphans(items, first)}
    for number in dropped:
        text -= costs[number][0]
        audio -= costs[number][1]
    return Context(
        items=tuple(item for number, item in enumerate(items) if number not in dropped) if dropped else tuple(items),
        usage=TokenUsage(input_text=fixed + text, input_audio=audio),
    )


def _orphans(items: Sequence[Item], first: int) -> Iterator[int]:
    """Positions, from `first` on, of answers to tool calls that are not there: chat engines refuse them."""
    calls: set[str] = set()
    for number in range(first, len(items)):
        item = items[number]
        if isinstance(item, MessageItem):
            continue
        if isinstance(item, FunctionCallItem):
            calls.add(item.call_id)
        elif item.call_id not in calls:
            yield number
