"""Asking the `chat` engine something at a scripted endpoint."""

import asyncio
from typing import Any

import pytest

from voxwire.engines.llm.chat.engine import ChatEngine, engine
from voxwire.errors import EngineError
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import LlmEvent, LlmRequest, LlmText
from voxwire.testing.chat_server import DONE, ChatScript, ChatServer, chat_server, head

QUESTION = MessageItem(role=Role.USER, content=(InputText(text="Hello?"),))
WEATHER = FunctionTool(name="get_weather", description="The weather", parameters={"type": "object"})


def request(**changes: Any) -> LlmRequest:
    return LlmRequest(**{"instructions": "Be kind.", "items": (QUESTION,), **changes})


def made(server: ChatServer, **options: Any) -> ChatEngine:
    return engine({"base_url": server.url, "model": "scripted", **options})


async def answered(server: ChatServer, asked: LlmRequest | None = None, **options: Any) -> list[LlmEvent]:
    chat = made(server, **options)
    try:
        return [event async for event in chat.respond(asked or request())]
    finally:
        await chat.close()


def words(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, LlmText))


async def failure(script: ChatScript, asked: LlmRequest | None = None, **options: Any) -> EngineError:
    async with chat_server(script) as server:
        with pytest.raises(EngineError) as caught:
            await answered(server, asked, **options)
        assert server.url not in caught.value.message, "no address of the inside"
        assert caught.value.stage == "llm"
        return caught.value


def stream(*events: bytes, end: bytes = DONE) -> ChatScript:
    return lambda _: [head(), *events, end]


async def nobody() -> str:
    """An address at which nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}/v1"
