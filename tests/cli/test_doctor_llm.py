"""`voxwire doctor --llm`: what it says about an endpoint."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from voxwire.cli import main
from voxwire.testing.chat_server import DONE, ChatScript, ChatStep, call, chat_delta, chat_server, head, says, whole


@contextmanager
def endpoint(script: ChatScript) -> Iterator[str]:
    """A scripted endpoint in a thread, since the command has a loop of its own."""
    ready, url = threading.Event(), ""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        nonlocal url
        async with chat_server(script) as server:
            url = server.url
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    ready.wait()
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def capable(received: Any) -> list[ChatStep]:
    if "tools" in received.json:
        return [head(), call(0, "{}", id="a", name="get_weather"), chat_delta("tool_calls"), DONE]
    return says("Hello!")


def refusing_tools(received: Any) -> list[ChatStep]:
    return [whole(400, b"{}")] if "tools" in received.json else says("Hello!")


@pytest.mark.parametrize(
    ("script", "tools"),
    [
        (capable, "calls functions"),
        (lambda _: says("Hello!"), "did not call a function"),
        (refusing_tools, "refuses functions"),
    ],
)
def test_what_it_found(capsys: pytest.CaptureFixture[str], script: ChatScript, tools: str) -> None:
    with endpoint(script) as url:
        assert main(["doctor", "--llm", url]) == 0
        out = capsys.readouterr().out
        assert "ok      scripted answers" in out
        assert "first token after" in out
        assert tools in out
        assert f"voxwire serve --llm {url} --model scripted" in out


def test_a_wrong_model(capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint(capable) as url:
        assert main(["doctor", "--llm", url, "--model", "other"]) == 1
        assert "no model 'other'. It has: scripted." in capsys.readouterr().err


def test_a_model_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint(lambda _: [whole(500, b"")]) as url:
        assert main(["doctor", "--llm", url]) == 1
        assert "(llm_server_error)" in capsys.readouterr().out


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_nobody_is_there(capsys: pytest.CaptureFixture[str], unused_tcp_port: int, scheme: str) -> None:
    address = f"{scheme}://127.0.0.1:{unused_tcp_port}/v1"
    assert main(["doctor", "--llm", address]) == 1
    out = capsys.readouterr().out
    assert "(llm_unreachable)" in out
    assert f"Nobody answers at {address}" in out
    assert "another address after --llm" in out


def test_a_model_without_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model", "llama3.2"]) == 1
    assert "needs base_url" in capsys.readouterr().err
