"""The beginning of a conversation is read when the session opens, and requests go on from there."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from chat_asking import WEATHER, failure, made, nobody, request, words

from voxwire.engines.llm.chat.engine import engine
from voxwire.engines.llm.chat.lulls import Lulls
from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    Role,
)
from voxwire.interfaces.llm import LlmRequest
from voxwire.testing.chat_server import ChatStep, Received, chat_server, event, head, says, whole

BEGINNING = LlmRequest(instructions="Be kind.", items=(), tools=(WEATHER,), session_key="sess_1")


def said(role: Role, *parts: Any) -> MessageItem:
    return MessageItem(role=role, content=parts)


#: A conversation as it grows, turn by turn.
TURNS: tuple[tuple[Item, ...], ...] = (
    (said(Role.USER, InputAudio(transcript="What is the weather?")),),
    (FunctionCallItem(name="get_weather", call_id="c1", arguments="{}"),),
    (
        FunctionCallOutputItem(call_id="c1", output="sunny"),
        said(Role.ASSISTANT, OutputAudio(transcript="It is sunny.")),
    ),
    (said(Role.USER, InputText(text="And this?"), InputImage(image_url="data:image/png;base64,AA==")),),
    (said(Role.ASSISTANT, OutputAudio(transcript="A cat")),),  # cut where somebody interrupted
    (said(Role.USER, InputAudio(transcript="")), said(Role.USER, InputAudio(transcript="Really?"))),
)


def read_by_the_model(received: Received) -> str:
    """As a chat template writes it: tools and messages, one after the other; neighbours of one role go on."""
    body, text = received.json, ""
    for tool in body.get("tools", ()):
        text += f"<tool>{tool}"
    for message in body["messages"]:
        text += f"\n<{message['role']}>{message.get('content')}{message.get('tool_calls', '')}"
    return text


class TestPrefix:
    async def test_what_was_read_once_stays_the_beginning(self) -> None:
        """Each request of a session begins with all of the one before, from the warm-up on."""
        async with chat_server(lambda _: says("Hi.")) as server:
            chat = made(server, images=True)
            await chat.warm(BEGINNING)
            items: tuple[Item, ...] = ()
            for turn in TURNS:
                items += turn
                if not isinstance(turn[-1], FunctionCallItem):
                    events = chat.respond(request(items=items, tools=(WEATHER,), session_key="sess_1"))
                    assert words([event async for event in events]) == "Hi."
            await chat.close()
        texts = [read_by_the_model(received) for received in server.requests]
        assert len(texts) == len(TURNS)
        before_anybody_speaks = texts[0].removesuffix("Hello.")
        assert before_anybody_speaks.endswith("Be kind.\n<user>")
        assert texts[1].startswith(before_anybody_speaks)
        for before, after in pairwise(texts[1:]):
            assert after.startswith(before)

    async def test_everything_else_of_consecutive_requests_is_the_same(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            chat = made(server)
            for number in (1, 2):
                items = tuple(said(Role.USER, InputText(text="Well?")) for _ in range(number))
                assert words([event async for event in chat.respond(request(items=items, tools=(WEATHER,)))]) == "Hi."
            await chat.close()
        first, second = (received.json for received in server.requests)
        assert list(first) == list(second)
        assert {**first, "messages": ()} == {**second, "messages": ()}


class TestWarm:
    async def test_one_token_is_asked_for(self) -> None:
        async with chat_server(lambda _: says("Hi.", finish="length")) as server:
            chat = made(server)
            await chat.warm(BEGINNING)
            await chat.close()
        body = server.last.json
        assert body["max_tokens"] == 1
        assert body["tools"][0]["function"]["name"] == "get_weather"
        assert body["messages"][0]["content"].endswith("Be kind.")

    @pytest.mark.parametrize(
        ("host", "local"),
        [
            ("127.0.0.1", True),
            ("::1", True),
            ("localhost", True),
            ("192.168.1.7", True),
            ("ollama", True),
            ("gpu.local", True),
            ("host.docker.internal", True),
            ("api.openai.com", False),
            ("8.8.8.8", False),
            ("house.openai.azure.com", False),
        ],
    )
    async def test_only_where_it_costs_nothing(self, host: str, local: bool) -> None:
        url = f"http://[{host}]/v1" if ":" in host else f"http://{host}/v1"
        assert made_of(url) is local
        assert made_of(url, warm=not local) is not local
        assert engine({"base_url": url}).capabilities.local is local

    async def test_switched_off(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            chat = made(server, warm=False)
            await chat.warm(BEGINNING)
            await chat.close()
        assert server.requests == []

    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    async def test_a_refusal_is_nobodys_business(self, status: int) -> None:
        async with chat_server(lambda _: [whole(status, b"{}")]) as server:
            chat = made(server)
            await chat.warm(BEGINNING)
            await chat.close()

    async def test_nobody_is_there(self) -> None:
        chat = engine({"base_url": await nobody(), "model": "scripted"})
        await chat.warm(BEGINNING)
        await chat.close()

    async def test_an_endpoint_that_does_not_stop_is_left(self) -> None:
        def endless(_: Received) -> Any:
            yield head()
            while True:
                yield event({"choices": [{"index": 0, "delta": {"content": "a"}}]})
                yield 0.01

        async with chat_server(endless) as server:
            chat = made(server, first_token_s=0.2)
            await chat.warm(BEGINNING)
            await asyncio.wait_for(server.last.closed.wait(), 5)
            await chat.close()

    async def test_cancelling_closes_the_socket(self) -> None:
        async with chat_server(lambda _: [asyncio.Event()]) as server:
            chat = made(server)
            task = asyncio.create_task(chat.warm(BEGINNING))
            await server.asked.wait()
            task.cancel()
            await asyncio.wait_for(server.last.closed.wait(), 5)
            await asyncio.wait({task})
            assert task.cancelled()
            await chat.close()

    async def test_an_answer_comes_first_and_it_is_read_after_it(self) -> None:
        gates: list[asyncio.Event] = []

        def slow_reader(received: Received) -> list[ChatStep]:
            if received.json.get("max_tokens") == 1 and not gates:
                gates.append(asyncio.Event())
                return [*gates]
            return says("Hi.")

        async with chat_server(slow_reader) as server:
            chat = made(server)
            other = asyncio.create_task(chat.warm(BEGINNING))
            await server.asked.wait()
            assert words([event async for event in chat.respond(request(session_key="sess_2"))]) == "Hi."
            assert server.requests[0].closed.is_set()
            await asyncio.wait_for(other, 5)
            await chat.close()
        assert [received.json.get("max_tokens") for received in server.requests] == [1, None, 1]


def made_of(url: str, **options: Any) -> bool:
    return engine({"base_url": url, "model": "m", **options})._options.warms


class TestLulls:
    async def test_one_at_a_time_and_none_beside_an_answer(self) -> None:
        lulls, done, running = Lulls(), 0, 0

        async def piece() -> None:
            nonlocal done, running
            running += 1
            assert running == 1
            await asyncio.sleep(0)
            running -= 1
            done += 1

        with lulls.answering():
            waiting = [asyncio.create_task(lulls.work(piece)) for _ in range(3)]
            for _ in range(10):
                await asyncio.sleep(0)
            assert done == 0
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert done == 3

    async def test_what_is_always_pushed_aside_is_left(self) -> None:
        lulls, begun = Lulls(), asyncio.Event()
        tries = 0

        async def piece() -> None:
            nonlocal tries
            tries += 1
            begun.set()
            await asyncio.Event().wait()

        waiting = asyncio.create_task(lulls.work(piece))
        while not waiting.done():
            await asyncio.wait({waiting, asyncio.ensure_future(begun.wait())}, return_when=asyncio.FIRST_COMPLETED)
            begun.clear()
            with lulls.answering():
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            begun.set()
        assert tries == 3


async def test_warming_does_not_hide_what_is_wrong() -> None:
    """The answer itself still says it."""
    assert (await failure(lambda _: [whole(401, b"{}")], request())).code == "llm_key_refused"
