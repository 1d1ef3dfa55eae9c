"""The language engine reads the beginning of a conversation before somebody speaks."""

import asyncio

import pytest
from runtime_client import connected

from voxwire.events.session_config import SessionKind
from voxwire.interfaces.llm import LlmRequest
from voxwire.runtime.deployment import Deployment
from voxwire.testing.fake_llm import FakeLlm, WarmingLlm
from voxwire.testing.fake_service import fake_deployment, fake_service

TOOL = {"type": "function", "name": "get_weather", "description": "Weather", "parameters": {"type": "object"}}


def deployment(llm: FakeLlm) -> Deployment:
    return fake_deployment(llm=llm)


async def rested() -> None:
    """Whatever can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_is_read_when_the_session_opens_and_when_it_changes() -> None:
    llm = WarmingLlm()
    async with connected(fake_service(deployment(llm))) as client:
        await client.wire.wait_for("session.created")
        await rested()
        assert [beginning.instructions for beginning in llm.beginnings] == [""]
        await client.configure(instructions="Be brief.", tools=[TOOL])
        await client.configure(instructions="Be brief.", audio={"output": {"speed": 1.2}})  # is read no other way
        await rested()
        assert llm.reading == 1, "what was to be read before is given up"
    last = llm.beginnings[-1]
    assert len(llm.beginnings) == 2
    assert (last.instructions, [tool.name for tool in last.tools], last.items) == ("Be brief.", ["get_weather"], ())
    assert llm.reading == 0, "the session has ended"


async def test_requests_begin_as_it_was_read() -> None:
    llm = WarmingLlm()
    async with connected(fake_service(deployment(llm))) as client:
        await client.configure(instructions="Be brief.", tools=[TOOL], tool_choice="required")
        await client.say_text("Hello!")
        await client.send("response.create")
        await client.wire.wait_for("response.done")

    def beginning(request: LlmRequest) -> tuple[object, ...]:
        return request.instructions, request.tools, request.tool_choice, request.reasoning, request.session_key

    assert beginning(llm.beginnings[-1]) == beginning(llm.requests[0])


async def test_a_request_ends_the_reading() -> None:
    llm = WarmingLlm()
    async with connected(fake_service(deployment(llm))) as client:
        await client.configure(instructions="Be brief.")
        await client.say_text("Hello!")
        await client.send("response.create")
        await client.wire.wait_for("response.done")
        assert (len(llm.requests), llm.reading) == (1, 0)


async def test_who_only_transcribes_asks_no_language_engine() -> None:
    llm = WarmingLlm()
    async with connected(fake_service(deployment(llm)), SessionKind.TRANSCRIPTION) as client:
        await client.wire.wait_for("session.created")
        await rested()
    assert llm.beginnings == []


async def test_a_bug_in_it_ends_no_session(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(WarmingLlm):
        async def warm(self, request: LlmRequest) -> None:
            raise KeyError(request.instructions)

    async with connected(fake_service(deployment(Broken()))) as client:
        await client.configure(instructions="what somebody said")
        await client.say_text("Hello!")
        await client.send("response.create")
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status"] == "completed"
    assert "language engine failed: engine_failed" in caplog.text
    assert "somebody said" not in caplog.text
