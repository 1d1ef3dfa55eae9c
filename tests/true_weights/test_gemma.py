"""The `llama` engine with a true model: Gemma 3 270M, behind the embedded ears and voice.

It is a base model without a chat template: examples in the prompt make it answer, and a line's end stops it. It is too
small to be right, so what it says is printed, not judged. Its terms are not open: conftest.py says when this runs.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from spoken_client import calling, transcript, voice_server

from voxwire.engines.llm.llama.engine import LlamaEngine, engine
from voxwire.errors import ConfigurationError
from voxwire.events.items import InputText, MessageItem, OutputText, Role
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText

HERE = Path(__file__).parent
INSTRUCTIONS = "You answer the telephone of a small hotel. Breakfast is from seven to ten."
OPTIONS: dict[str, Any] = {
    "model": "gemma-3-270m",
    "chat_template": str(HERE / "gemma.jinja"),
    "context_tokens": 2_048,
    "threads": 2,
    "stop": ["\n"],
    "max_tokens": 60,
    "tools": False,
    "first_token_s": 60,  # on a machine that does other things, too
}

pytestmark = pytest.mark.timeout(180)


def said(role: Role, text: str) -> MessageItem:
    return MessageItem(role=role, content=(InputText(text=text) if role is Role.USER else OutputText(text=text),))


def asked(*texts: str) -> LlmRequest:
    """A conversation of these turns, the first of them the caller's."""
    roles = (Role.USER, Role.ASSISTANT)
    items = tuple(said(roles[number % 2], text) for number, text in enumerate(texts))
    return LlmRequest(instructions=INSTRUCTIONS, items=items, session_key="sess_1")


@pytest.fixture
async def gemma() -> AsyncIterator[LlamaEngine]:
    llama = engine(OPTIONS)
    await llama.start()
    yield llama
    await llama.close()


async def answered(llama: LlamaEngine, request: LlmRequest) -> tuple[float, str, LlmDone]:
    """Milliseconds to the first word, the words, and the end."""
    began, first_ms, words = time.perf_counter(), 0.0, ""
    async for event in llama.respond(request):
        if isinstance(event, LlmText):
            first_ms = first_ms or (time.perf_counter() - began) * 1000
            words += event.text
        elif isinstance(event, LlmDone):
            return first_ms, words, event
    raise AssertionError("no end")


async def test_without_a_template_it_is_refused() -> None:
    llama = engine({**OPTIONS, "chat_template": None})
    with pytest.raises(ConfigurationError, match="has no chat template"):
        await llama.start()
    await llama.close()


async def test_what_was_read_once_is_not_read_again(gemma: LlamaEngine) -> None:
    """The beginning before anybody speaks, then each turn; also after an answer that was cut off."""
    cold = engine(OPTIONS)
    await cold.start()
    cold_ms, _, _ = await answered(cold, asked("When is breakfast?"))
    await cold.close()
    await gemma.warm(asked())
    turns = ["When is breakfast?"]
    times = []
    for question in ("Is there a bar?", "Thank you."):
        first_ms, words, done = await answered(gemma, asked(*turns))
        times.append(first_ms)
        assert done.usage is not None
        print(f"{first_ms:.0f} ms, {done.usage.cached_text} of {done.usage.input_text} tokens known: {words.strip()}")
        assert done.usage.cached_text > 0.6 * done.usage.input_text
        turns += [words.strip()[:10] or "Yes.", question]
    print(f"first word: cold {cold_ms:.0f} ms, warm {times[0]:.0f} ms")
    assert times[0] < cold_ms


async def test_leaving_frees_the_place(gemma: LlamaEngine) -> None:
    for _ in range(4):
        async with aclosing(gemma.respond(asked("Tell me all about the hotel."))) as events:
            await anext(events)
    first_ms, _, _ = await answered(gemma, asked("When is breakfast?"))
    print(f"first word after four that were left: {first_ms:.0f} ms")
    assert gemma.queue == 0


async def test_a_spoken_conversation() -> None:
    with voice_server(gemma={"name": "llama", **OPTIONS}) as url:
        async with asyncio.timeout(150), calling(url, "gemma") as caller:
            transcription = {"input": {"transcription": {"model": "whisper-1"}}}
            await caller.configure(instructions=INSTRUCTIONS, audio=transcription)
            for question in ("what_time_is_it", "whats_the_weather_in_san_francisco"):
                await caller.say(question)
                response = (await caller.until("response.done"))["response"]
                said = transcript(response)
                [heard] = [e["transcript"] for e in caller.events if e["type"].endswith("transcription.completed")][-1:]
                print(f"\nCaller: {heard}\nGemma:  {said}")
                assert any(map(str.isalnum, said))
                assert "\n" not in said.strip()
                assert response["usage"]["output_token_details"]["text_tokens"] > 1
                assert caller.spoken_ms(response) > 300
