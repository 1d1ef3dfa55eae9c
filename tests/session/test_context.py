"""What the engine reads, and what that costs (protocol: sessions, Truncation of the context; responses, Tokens)."""

import pytest

from voxwire.errors import ClientError
from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    Item,
    MessageItem,
    Role,
)
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import FunctionTool, RetentionRatio, Truncation
from voxwire.session.context import Context, ContextItem, fit


def text(tokens: int) -> MessageItem:
    return MessageItem(role=Role.USER, content=(InputText(text="four" * tokens),))


def fitted(items: list[Item], truncation: Truncation = "auto", *, budget: int = 100, instructions: str = "") -> Context:
    """With a small context window: half of it is for instructions, tools and items."""
    return fit(
        [ContextItem.of(item) for item in items],
        instructions=instructions,
        tools=(),
        truncation=truncation,
        context_tokens=2 * budget,
    )


class TestAuto:
    def test_what_fits_is_whole(self) -> None:
        items: list[Item] = [text(50), text(50)]
        assert fitted(items).items == tuple(items)

    def test_the_oldest_go(self) -> None:
        items: list[Item] = [text(50), text(30), text(30)]
        assert fitted(items).items == tuple(items[1:])

    def test_the_newest_stays_whatever_it_costs(self) -> None:
        items: list[Item] = [text(50), text(500)]
        assert fitted(items).items == (items[1],)

    def test_instructions_alone_that_are_too_long(self) -> None:
        with pytest.raises(ClientError) as caught:
            fitted([text(1)], instructions="four" * 200)
        assert caught.value.code == "context_length_exceeded"

    def test_a_large_window_keeps_the_official_reserve_for_the_answer(self) -> None:
        for tokens, kept in ((28_224, 2), (28_225, 1)):
            items = [text(1), text(tokens - 1)]
            context = fit(
                [ContextItem.of(item) for item in items],
                instructions="",
                tools=(),
                truncation="auto",
                context_tokens=32_000,
            )
            assert len(context.items) == kept


class TestDisabled:
    def test_too_long_is_refused(self) -> None:
        with pytest.raises(ClientError) as caught:
            fitted([text(101)], "disabled")
        assert caught.value.message == "The conversation needs 101 tokens, more than the 100 that fit."

    def test_what_fits_is_whole(self) -> None:
        assert len(fitted([text(100)], "disabled").items) == 1


class TestRetentionRatio:
    def test_drops_more_at_once(self) -> None:
        items: list[Item] = [text(20)] * 6
        assert len(fitted(items, RetentionRatio(retention_ratio=0.5)).items) == 2

    def test_drops_nothing_before_it_must(self) -> None:
        items: list[Item] = [text(20)] * 5
        assert len(fitted(items, RetentionRatio(retention_ratio=0.5)).items) == 5

    def test_the_clients_own_limit(self) -> None:
        items: list[Item] = [text(20)] * 5
        assert len(fitted(items, RetentionRatio(retention_ratio=1, post_instructions=40)).items) == 2


class TestOrphans:
    """Chat engines refuse an answer to a call that they were not shown."""

    def test_go_with_their_call(self) -> None:
        call = FunctionCallItem(name="f", call_id="c", arguments="four" * 99)
        output = FunctionCallOutputItem(call_id="c", output="four" * 10)
        context = fitted([call, output, text(10)])
        assert context.items == (text(10),)
        assert context.usage == TokenUsage(input_text=10)

    def test_the_newest_keeps_its_call_whatever_both_cost(self) -> None:
        """Without it the engine would read nothing at all, and answer that."""
        first, second = (FunctionCallItem(name="f", call_id=name, arguments="four" * 9) for name in "ab")
        answers = [FunctionCallOutputItem(call_id=name, output="four" * 99) for name in "ab"]
        context = fitted([text(10), first, second, text(10), *answers])
        assert context.items == (second, answers[1])
        assert context.usage == TokenUsage(input_text=10 + 99)

    def test_stay_with_their_call(self) -> None:
        items: list[Item] = [
            FunctionCallItem(name="f", call_id="c"),
            FunctionCallOutputItem(call_id="c", output="x"),
        ]
        assert fitted(items).items == tuple(items)


class TestUsage:
    def test_counts_what_is_read(self) -> None:
        items: list[Item] = [text(90), text(3), MessageItem(role=Role.USER, content=(InputAudio(duration_ms=250),))]
        tool = FunctionTool(name="f")
        context = fit(
            [ContextItem.of(item) for item in items],
            instructions="four",
            tools=(tool,),
            truncation="auto",
            context_tokens=80,
        )
        assert context.items == tuple(items[1:])
        assert context.usage.input_audio == 3
        assert context.usage.input_text == 1 + 3 + -(-len('{"name":"f","description":null,"parameters":null}') // 4)
