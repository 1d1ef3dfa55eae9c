"""The `chat` engine keeps the contract of language engines, at an endpoint that can call functions."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from voxwire.engines.llm.chat.engine import ChatEngine, engine
from voxwire.testing.chat_server import ChatStep, Received, call, chat_delta, chat_server, event, head
from voxwire.testing.contract import LlmContract
from voxwire.testing.llama_server import llama_server
from voxwire.testing.scripted_gguf import word_pieces, write_model

STORY = "Once upon a time there was a parrot that said whatever it heard."
_END = b"data: [DONE]\n\n"


def script(request: Received) -> Iterator[ChatStep]:
    """Calls the first function when the weather is asked for, else tells a story word by word."""
    asked, tools = json.dumps(request.json["messages"][-1:]), request.json.get("tools")
    yield head()
    if tools and "weather" in asked:
        yield call(0, id="call_1", name=tools[0]["function"]["name"])
        yield call(0, '{"city": ')
        yield call(0, '"Paris"}')
        yield chat_delta("tool_calls")
    else:
        for word in STORY.split(" "):
            yield 0.005
            yield chat_delta(content=f"{word} ")
        yield chat_delta("stop")
    yield event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 14}})
    yield _END


class TestChat(LlmContract):
    url = ""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def endpoint(cls) -> Iterator[None]:
        """In a thread of its own: the engine has the loop of the tests."""
        ready: Future[str] = Future()
        stop = asyncio.Event()
        loop = asyncio.new_event_loop()

        async def serve() -> None:
            async with chat_server(script) as server:
                ready.set_result(server.url)
                await stop.wait()

        thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
        thread.start()
        cls.url = ready.result(10)
        yield
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()

    @classmethod
    def make_engine(cls) -> ChatEngine:
        return engine({"base_url": cls.url, "images": True, "hears": True})


class TestChatWithLlamaCpp(LlmContract):
    """The same with llama.cpp's real server: only the model is scripted."""

    url = ""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        model = write_model(
            tmp_path_factory.mktemp("models") / "talker.gguf",
            word_pieces("Once upon a time somebody told long stories."),
        )
        with llama_server(model, context=16_384) as server:
            cls.url = server.url
            yield

    @classmethod
    def make_engine(cls) -> ChatEngine:
        return engine({"base_url": cls.url, "context_tokens": 4_000})
