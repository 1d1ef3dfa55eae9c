"""Language engines that fail: the next goes on with the answer, nothing is lost and nothing said twice."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from failing_engines import HangingLlm, died, llm
from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineError
from voxwire.events.items import MessageItem, OutputText, Role
from voxwire.interfaces.expectations import Expectations
from voxwire.interfaces.llm import (
    LlmAudio,
    LlmCapabilities,
    LlmDone,
    LlmEvent,
    LlmRequest,
    LlmText,
    LlmToolArguments,
    LlmToolCall,
    OwnSpeech,
)
from voxwire.runtime.failover import FailoverLlm
from voxwire.runtime.failover.continuation import Overlap
from voxwire.testing.contract.llm_contract import answer_to, asked, text_of
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm, words

QUESTION = asked("How much is twelve times seven?")


def said(text: str, *more: Any) -> list[Any]:
    return [*words(text)[:-1], *more]


async def answer(engine: FailoverLlm, request: LlmRequest = QUESTION) -> list[LlmEvent]:
    return [event async for event in engine.respond(request)]


@pytest.mark.parametrize(
    "failing",
    [
        FakeLlm([died("llm")]),
        FakeLlm([ValueError("a bug")]),
        HangingLlm([]),
        FakeLlm([]),
        FakeLlm([LlmToolArguments(delta="{}"), LlmDone()]),
    ],
    ids=["says so", "a bug", "hangs", "ends without an end", "arguments of no call"],
)
async def test_before_the_first_word_the_next_is_asked_the_same(failing: FakeLlm) -> None:
    second = FakeLlm("It is eighty-four.")
    engine = await llm(failing, second)
    assert text_of(await answer_to(engine, QUESTION)) == "It is eighty-four."
    assert second.requests == [QUESTION]
    assert failing.closed_iterators == 1


@pytest.mark.parametrize("end", [died("llm"), ValueError("a bug")], ids=["says so", "a bug"])
async def test_in_the_middle_the_next_goes_on(end: Exception) -> None:
    second = FakeLlm(" is eighty-four.")
    engine = await llm(FakeLlm(said("Twelve times seven", end)), second)
    assert text_of(await answer_to(engine, QUESTION)) == "Twelve times seven is eighty-four."
    (request,) = second.requests
    assert request.items[:-1] == QUESTION.items
    assert request.items[-1] == MessageItem(role=Role.ASSISTANT, content=(OutputText(text="Twelve times seven"),))
    assert request.instructions.startswith("Be brief.")
    assert "do not repeat" in request.instructions


async def test_one_that_hangs_in_the_middle() -> None:
    engine = await llm(HangingLlm(said("Twelve times seven")), FakeLlm(" is eighty-four."))
    async with asyncio.timeout(5):
        assert text_of(await answer_to(engine, QUESTION)) == "Twelve times seven is eighty-four."


async def test_three_in_a_row() -> None:
    first = FakeLlm(said("Twelve times", died("llm")))
    second = FakeLlm(said("Twelve times seven", died("llm")))
    third = FakeLlm("Twelve times seven is eighty-four.")
    engine = await llm(first, second, third)
    assert text_of(await answer_to(engine, QUESTION)) == "Twelve times seven is eighty-four."
    assert engine.members.changes == 2


async def test_when_all_fail_so_does_the_answer() -> None:
    engine = await llm(FakeLlm(said("Well", died("llm"))), FakeLlm([died("llm", "llm_unreachable")]))
    events = engine.respond(QUESTION)
    assert await anext(events) == LlmText(text="Well")
    with pytest.raises(EngineError) as failure:
        await anext(events)
    assert failure.value.code == "llm_unreachable"


class TestRepetition:
    """What the next engine repeats of what was said is cut off."""

    @pytest.mark.parametrize(
        ("before", "again", "whole"),
        [
            ("The answer is", "The answer is eighty-four.", "The answer is eighty-four."),
            ("The answer is", "the  answer\nis eighty-four.", "The answer is eighty-four."),
            ("Hello. The answer is", "The answer is eighty-four.", "Hello. The answer is eighty-four."),
            ("The answer is eigh", "eighty-four.", "The answer is eighty-four."),
            ("I have a", "apple", "I have a apple"),
            ("I have a", " an apple", "I have a an apple"),
            ("The answer is", " eighty-four.", "The answer is eighty-four."),
            ("The answer is", "eighty-four.", "The answer is eighty-four."),
            ("Let me see.", "It is eighty-four.", "Let me see. It is eighty-four."),
            ("Let me see", "It is eighty-four.", "Let me see It is eighty-four."),
            ("Hello there. How are you?", "Hello there.", "Hello there. How are you?"),
            ("Hello there. ", "Hello there. How are you?", "Hello there. How are you?"),
            ("今日は", "今日は、元気です。", "今日は、元気です。"),
            ("今日は", "元気です。", "今日は元気です。"),
            ("It is 8", "4.", "It is 84."),
            ("no no", "no no no", "no no no"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 3, 1000])
    async def test_is_cut_off(self, before: str, again: str, whole: str, size: int) -> None:
        pieces = [LlmText(text=again[at : at + size]) for at in range(0, len(again), size)]
        engine = await llm(FakeLlm([LlmText(text=before), died("llm")]), FakeLlm([*pieces, LlmDone()]))
        assert text_of(await answer_to(engine, QUESTION)) == whole

    def test_long_texts_take_no_time(self) -> None:
        text = "Well, this is a story about somebody who never stops. " * 2_000
        new = "Well, this is a story about somebody else."
        assert Overlap(text).feed(new) == new


class TestTools:
    """A call leaves when it is whole."""

    CALL = (LlmToolCall(name="get_weather"), LlmToolArguments(delta='{"city": '), LlmToolArguments(delta='"Paris"}'))
    WHOLE = (LlmToolCall(name="get_weather"), LlmToolArguments(delta='{"city": "Paris"}'))

    async def test_half_a_call_is_made_anew(self) -> None:
        first = FakeLlm([LlmText(text="One moment. "), *self.CALL[:2], died("llm")])
        engine = await llm(first, FakeLlm([*self.CALL, LlmDone()]))
        assert await answer(engine) == [LlmText(text="One moment. "), *self.WHOLE, LlmDone()]

    async def test_after_a_whole_call_the_answer_ends(self) -> None:
        """Its result brings the next answer; nobody could say which calls the next engine would have repeated."""
        first = FakeLlm([*self.CALL, LlmToolCall(name="get_time"), LlmToolArguments(delta="{"), died("llm")])
        second = FakeLlm("Never asked.")
        engine = await llm(first, second)
        assert await answer(engine) == [*self.WHOLE, LlmDone()]
        assert not second.requests

    async def test_several_calls_and_text(self) -> None:
        engine = await llm(FakeLlm([*self.CALL, *self.CALL[:1], LlmText(text="Done."), LlmDone()]), FakeLlm())
        assert await answer(engine) == [*self.WHOLE, self.WHOLE[0], LlmText(text="Done."), LlmDone()]

    async def test_arguments_are_bounded(self) -> None:
        endless = FakeLlm([self.CALL[0], *[LlmToolArguments(delta="x" * 100_000)] * 20, LlmDone()])
        engine = await llm(endless, FakeLlm("No tool today."))
        assert text_of(await answer(engine)) == "No tool today."


class TestOwnVoice:
    """Engines that speak by themselves."""

    async def test_one_that_was_heard_is_not_replaced(self) -> None:
        first = FakeLlm([LlmText(text="Hello"), LlmAudio(pcm=bytes(480), chars_to=5), died("llm")])
        second = FakeLlm()
        for fake in (first, second):
            fake.capabilities = _speaking(fake)
        engine = await llm(first, second)
        assert engine.capabilities.speech == OwnSpeech(rate=24_000)
        with pytest.raises(EngineError):
            await answer(engine)
        assert not second.requests

    async def test_speech_of_one_alone_is_left_to_the_synthesiser(self) -> None:
        first = FakeLlm([LlmText(text="Hello"), LlmAudio(pcm=bytes(480), chars_to=5), LlmDone()])
        first.capabilities = _speaking(first)
        engine = await llm(first, FakeLlm())
        assert engine.capabilities.speech is None
        assert await answer(engine) == [LlmText(text="Hello"), LlmDone()]


def _speaking(fake: FakeLlm) -> LlmCapabilities:
    return replace(fake.capabilities, speech=OwnSpeech(rate=24_000))


async def test_leaving_an_answer_closes_the_one_who_writes() -> None:
    first, second = FakeLlm([died("llm")]), FakeLlm("Hello there, how are you?")
    engine = await llm(first, second)
    events = cast("AsyncGenerator[LlmEvent, None]", engine.respond(QUESTION))
    await anext(events)
    await events.aclose()
    assert (first.closed_iterators, second.closed_iterators) == (1, 1)


async def test_a_list_can_do_what_each_can() -> None:
    engine = await llm(FakeLlm(local=True), FakeLlm(local=False))
    assert not engine.capabilities.local
    assert engine.capabilities.patience_s
    assert (await llm(FakeLlm(local=True), FakeLlm(local=True))).capabilities.local


async def test_how_busy_it_is() -> None:
    first = FakeLlm([0.05, *words("Hello")])
    engine = await llm(first, FakeLlm())
    assert engine.queue == 0
    running = [asyncio.create_task(answer(engine)) for _ in range(2)]
    await asyncio.sleep(0)
    assert engine.queue == 2
    await asyncio.gather(*running)
    assert engine.queue == 0
    first.queue = 7  # type: ignore[attr-defined]
    assert engine.queue == 7


async def test_all_of_them_forget_a_session() -> None:
    class Remembering(FakeLlm):
        def __init__(self) -> None:
            super().__init__()
            self.forgotten: list[str] = []

        def forget(self, session_key: str) -> None:
            self.forgotten.append(session_key)

    first, last = Remembering(), Remembering()
    engine = await llm(first, FakeLlm(), last)
    engine.forget("sess_1")
    assert first.forgotten == last.forgotten == ["sess_1"]


async def test_the_preferred_one_overhears_a_turn() -> None:
    class Overhearing(FakeLlm):
        def __init__(self) -> None:
            super().__init__()
            self.overheard: list[tuple[str, int, bytes]] = []

        def overhear(self, session_key: str, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
            self.overheard.append((session_key, turn, bytes(audio)))

    first, last = Overhearing(), Overhearing()
    (await llm(first, last)).overhear("sess_1", 7, b"ab", AudioFormat.PCM16)
    assert (first.overheard, last.overheard) == ([("sess_1", 7, b"ab")], [])
    (await llm(FakeLlm(), last)).overhear("sess_1", 7, b"ab", AudioFormat.PCM16)
    assert last.overheard == []


async def test_sentences_are_expected_where_all_of_them_expect_some() -> None:
    expecting = ExpectingLlm(phrases=("what time is it",), understands=lambda text: text == "what time is it")
    engine = await llm(expecting, ExpectingLlm(phrases=("hello",)))
    assert isinstance(engine, Expectations)
    assert engine.phrases("", ()) == ("what time is it",)
    assert engine.understands("what time is it", "", ())
    assert not engine.understands("hello", "", ())
    assert not isinstance(await llm(expecting, FakeLlm()), Expectations), "the other has an answer for everything"
