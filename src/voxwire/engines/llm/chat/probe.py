"""What `voxwire doctor --llm` asks an endpoint: who is there, how fast it begins, whether it can call functions."""

import asyncio
from typing import NamedTuple

from voxwire.engines.llm.chat.chat_options import ChatOptions
from voxwire.engines.llm.chat.engine import ChatEngine
from voxwire.errors import EngineError
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText, LlmToolCall

_WEATHER = FunctionTool(
    name="get_weather",
    description="The weather at a place",
    parameters={"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
)


class Findings(NamedTuple):
    """What an endpoint showed. `first_token_ms` is of a short question, the second time it is asked: the first may
    load the model, which `loading_ms` tells. `calls_tools` is None when the question about tools failed."""

    model: str
    loading_ms: float
    first_token_ms: float
    calls_tools: bool | None


async def probe(options: ChatOptions) -> Findings:
    """Ask three short questions. Raises ConfigurationError and EngineError as the engine does."""
    engine = ChatEngine(options)
    try:
        await engine.find_model()
        loading_ms = await _first_token_ms(engine)
        first_token_ms = await _first_token_ms(engine)
        try:
            calls_tools = await _calls_tools(engine)
        except EngineError:
            calls_tools = None
        return Findings(engine.capabilities.info.label, loading_ms, first_token_ms, calls_tools)
    finally:
        await engine.close()


async def _first_token_ms(engine: ChatEngine) -> float:
    clock = asyncio.get_running_loop()
    began = clock.time()
    answer = engine.respond(_question("Say hello."))
    try:
        async for event in answer:
            if isinstance(event, LlmText):
                break
    finally:
        await answer.aclose()
    return (clock.time() - began) * 1000


async def _calls_tools(engine: ChatEngine) -> bool:
    answer = engine.respond(_question("What is the weather in Paris?", tools=(_WEATHER,)))
    try:
        async for event in answer:
            if isinstance(event, LlmToolCall | LlmDone):
                return isinstance(event, LlmToolCall)
    finally:
        await answer.aclose()
    return False


def _question(text: str, tools: tuple[FunctionTool, ...] = ()) -> LlmRequest:
    item = MessageItem(role=Role.USER, content=(InputText(text=text),))
    return LlmRequest(instructions="", items=(item,), tools=tools, max_output_tokens=200)
