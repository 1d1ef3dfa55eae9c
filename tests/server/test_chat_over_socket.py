"""The `chat` engine in a whole server: what a client sees when its endpoint fails, and that all goes on."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from voxwire.engines.llm.chat.engine import engine
from voxwire.testing.chat_server import DONE, ChatServer, ChatStep, call, chat_delta, chat_server, head, says, whole
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served

TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
#: Steps of the endpoint, and the code that the client sees.
FAILURES: dict[str, tuple[list[ChatStep], str]] = {
    "silent": ([asyncio.Event()], "llm_timeout"),
    "silent in the middle": ([head(), chat_delta(content="Hal"), asyncio.Event()], "llm_timeout"),
    "dying": ([head(), chat_delta(content="Hal")], "llm_disconnected"),
    "HTML": ([head(200, "text/html"), b"<html>"], "llm_invalid_stream"),
    "wrong JSON": ([head(), b"data: {no\n\n"], "llm_invalid_stream"),
    "an endless line": ([head(), b"data: " + b"x" * (3 << 20)], "llm_invalid_stream"),
    "a redirect": ([whole(302, b"", Location="http://10.0.0.1/")], "llm_redirected"),
    "two choices": ([head(), b'data: {"choices": [{"index": 0}, {"index": 1}]}\n\n'], "llm_several_answers"),
    "empty deltas": ([head(), chat_delta(content=""), chat_delta("stop"), DONE], "llm_empty_answer"),
    "broken arguments": (
        [head(), call(0, '{"a', id="c", name="get_weather"), chat_delta("tool_calls"), DONE],
        "llm_invalid_arguments",
    ),
    "401": ([whole(401, b'{"error": {"message": "key s3cret"}}')], "llm_key_refused"),
    "404": ([whole(404, b"")], "llm_not_found"),
    "429": ([whole(429, b"", Retry_After="3")], "llm_rate_limited"),
    "500": ([whole(500, b"<html>")], "llm_server_error"),
}


@asynccontextmanager
async def conversation(endpoint: ChatServer, **options: Any) -> AsyncIterator[ClientConnection]:
    """A session with a tool, answered by the endpoint, which is asked once for each answer and for nothing else."""
    once = {"warm": False, "retries": 0}
    chat = engine({"base_url": endpoint.url, "model": "scripted", "api_key": "s3cret", **once, **options})
    async with (
        served(fake_service(fake_deployment(llm=chat))) as url,
        connect(url.replace("http", "ws") + "/v1/realtime?model=gpt-realtime") as client,
    ):
        await client.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "tools": [TOOL]}}))
        yield client


async def ask(client: ClientConnection) -> dict[str, Any]:
    """The response that comes of a question."""
    content = [{"type": "input_text", "text": "What is the weather?"}]
    item = {"type": "message", "role": "user", "content": content}
    await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
    await client.send(json.dumps({"type": "response.create"}))
    while (event := json.loads(await client.recv()))["type"] != "response.done":
        assert event["type"] != "error", event
    response: dict[str, Any] = event["response"]
    return response


def transcript(response: dict[str, Any]) -> str:
    return "".join(part["transcript"] for item in response["output"] for part in item["content"])


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_failure_ends_the_response_alone(kind: str) -> None:
    steps, code = FAILURES[kind]
    answers: list[list[ChatStep]] = [steps]
    async with chat_server(lambda _: answers.pop() if answers else says("It is sunny.")) as endpoint:
        async with conversation(endpoint, first_token_s=0.3, idle_s=0.3) as client:
            failed = await ask(client)
            assert failed["status"] == "failed"
            assert failed["status_details"]["error"]["code"] == code
            assert not re.search(r"s3cret|127\.0\.0\.1|10\.0\.0\.1|:\d{4,5}", json.dumps(failed))
            answered = await ask(client)
            assert answered["status"] == "completed"
            assert transcript(answered) == "It is sunny."


async def test_an_endpoint_that_is_down_until_it_is_up() -> None:
    async with chat_server(lambda _: says("It is sunny.")) as endpoint:
        port = endpoint.url.rsplit(":", 1)[1].removesuffix("/v1")
    # Nobody listens there any more.
    async with conversation(endpoint) as client:
        failed = await ask(client)
        assert failed["status_details"]["error"]["code"] == "llm_unreachable"
        async with chat_server(lambda _: says("It is sunny."), port=int(port)):
            assert transcript(await ask(client)) == "It is sunny."


async def test_an_answer_with_a_tool_call() -> None:
    def script(received: Any) -> list[ChatStep]:
        if received.json["messages"][-1]["role"] == "tool":
            return says("It is sunny.")
        pieces = [
            call(0, id="c", name="get_weather"),
            call(0, '{"city": '),
            call(0, '"Rome"}'),
            chat_delta("tool_calls"),
        ]
        return [head(), *pieces, DONE]

    async with chat_server(script) as endpoint, conversation(endpoint) as client:
        (item,) = (await ask(client))["output"]
        assert (item["name"], item["arguments"]) == ("get_weather", '{"city": "Rome"}')
        output = {"type": "function_call_output", "call_id": item["call_id"], "output": "sunny"}
        await client.send(json.dumps({"type": "conversation.item.create", "item": output}))
        await client.send(json.dumps({"type": "response.create"}))
        while (event := json.loads(await client.recv()))["type"] != "response.done":
            pass
        assert transcript(event["response"]) == "It is sunny."
        asked, answered = endpoint.last.json["messages"][-2:]
        assert asked["tool_calls"][0]["id"] == answered["tool_call_id"] == item["call_id"]
