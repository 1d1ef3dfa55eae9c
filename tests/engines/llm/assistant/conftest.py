"""One assistant for all tests (its gazetteer takes half a second to load), at a fixed moment."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from llm_cases import NOW, Answer, Ask, user

from voxwire.engines.llm.assistant.engine import OfflineAssistant
from voxwire.engines.llm.assistant.places import Gazetteer, installed_gazetteer
from voxwire.events.items import Item
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText, LlmToolArguments, LlmToolCall


@pytest.fixture(scope="session")
def assistant() -> OfflineAssistant:
    made = OfflineAssistant(clock=lambda: NOW)
    asyncio.run(made.start())
    return made


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return installed_gazetteer()


@pytest.fixture
def ask(assistant: OfflineAssistant) -> Ask:
    """Ask the assistant for the next response; a plain string is a typed user turn."""

    async def ask(
        *items: str | Item, tools: Sequence[FunctionTool] = (), tool_choice: Any = "auto", instructions: str = ""
    ) -> Answer:
        request = LlmRequest(
            instructions=instructions,
            items=tuple(user(item) if isinstance(item, str) else item for item in items),
            tools=tuple(tools),
            tool_choice=tool_choice,
        )
        answer = Answer()
        names: list[str] = []
        arguments: list[str] = []
        events = [event async for event in assistant.respond(request)]
        assert [event for event in events if isinstance(event, LlmDone)] == [events[-1]]
        for event in events:
            if isinstance(event, LlmText):
                answer.words.append(event.text)
            elif isinstance(event, LlmToolCall):
                names.append(event.name)
                arguments.append("")
            elif isinstance(event, LlmToolArguments):
                arguments[-1] += event.delta
        answer.calls = [(name, msgspec.json.decode(text)) for name, text in zip(names, arguments, strict=True)]
        return answer

    return ask
