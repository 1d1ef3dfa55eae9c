"""What people build first, answered by a language model: a support agent, an assistant, a live translator.

The programs are those of `examples/`, the server is `voxwire serve --llm URL --model NAME`, and the model is a script,
so that it can be seen what a model is given.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from client_environment import KEY, Address
from quickstart_programs import QUESTION, environment, run_program, talk
from realtime_flows import BYTES_PER_MS

from voxwire.testing.chat_server import DONE, ChatServer, ChatStep, Received, call, chat_delta, chat_server, head, says
from voxwire.testing.live_server import serve_process

pytestmark = pytest.mark.asyncio(loop_scope="module")

FRIDAY = "Your order is being packed. It arrives on **Friday**."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[ChatServer]:
    async with chat_server(lambda _: says("Yes.")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def variables(model: ChatServer) -> AsyncIterator[dict[str, str]]:
    """What the programs need to find the server."""
    settings = {"VOXWIRE_AUTH__API_KEYS": KEY, "VOXWIRE_LIMITS__TRANSCRIPT_DEADLINE_S": "60"}
    serving = serve_process("--llm", model.url, "--model", "scripted", environment=settings)
    server = await asyncio.to_thread(serving.__enter__)  # it asks the model, which lives in this loop
    try:
        assert "Answers come from scripted" in "\n".join(server.output)
        yield environment(Address(server.url), AZURE_OPENAI_API_KEY=KEY)
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


def messages(request: Received, role: str) -> list[dict[str, Any]]:
    return [message for message in request.json["messages"] if message["role"] == role]


async def test_support_agent(model: ChatServer, variables: dict[str, str]) -> None:
    def agent(request: Received) -> list[ChatStep]:
        if messages(request, "tool"):
            return says(FRIDAY)
        arguments = [call(0, piece) for piece in ('{"order_', 'number": "1002"}')]
        return [head(), call(0, id="call_1", name="get_order_status"), *arguments, chat_delta("tool_calls"), DONE]

    model.script = agent
    printed = await run_program(variables, "support-agent.py", typed="Where is my order 1002?\n\n")
    assert '[get_order_status {"order_number": "1002"}: {"status": "being packed", "arrives": "Friday"}]' in printed
    assert f"Agent: {FRIDAY} (" in printed.splitlines()[-1]
    assert "support agent of a shop" in messages(model.last, "system")[0]["content"]
    assert [tool["function"]["name"] for tool in model.last.json["tools"]] == ["get_order_status", "cancel_order"]
    [result] = messages(model.last, "tool")
    assert json.loads(result["content"])["arrives"] == "Friday"
    [asking] = messages(model.last, "assistant")
    assert asking["tool_calls"][0]["id"] == result["tool_call_id"]


async def test_assistant(model: ChatServer, variables: dict[str, str], tmp_path: Path) -> None:
    model.script = lambda _: says("Twelve times seven is eighty-four.")
    printed = await talk(variables, tmp_path)
    assert "Assistant: Twelve times seven is eighty-four." in printed
    assert "times seven" in messages(model.last, "user")[-1]["content"]


async def test_live_translator(model: ChatServer, variables: dict[str, str], tmp_path: Path) -> None:
    model.script = lambda _: says("¿Cuánto es doce por siete?")
    sound = tmp_path / "translation.wav"
    printed = await run_program(variables, "translator.py", QUESTION, sound, "Spanish")
    assert "Spanish: ¿Cuánto es doce por siete?" in printed
    assert "Say in Spanish what the user says" in messages(model.last, "system")[0]["content"]
    assert "twelve times seven" in messages(model.last, "user")[-1]["content"]
    assert sound.stat().st_size > 500 * BYTES_PER_MS
