"""HTTP with an endpoint, by both ways: the plain one to this machine, and the library's own to all others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.http import HttpAnswer, HttpEndpoint
from voxwire.engines.remote.loopback import LoopbackTransport
from voxwire.engines.remote.patience import Patience
from voxwire.errors import EngineError
from voxwire.testing.chat_server import ChatServer, ChatStep, Received, chat_server, chunk, chunked_head, head, whole

FAILURES = Failures("llm", "language model")


@pytest.fixture(params=[True, False], ids=["plain", "library"], autouse=True)
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("voxwire.engines.remote.http.on_loopback", lambda address: False)
    return bool(request.param)


@asynccontextmanager
async def endpoint(server: ChatServer) -> AsyncIterator[HttpEndpoint]:
    one = HttpEndpoint(server.url, {}, FAILURES)
    yield one
    await one.close()


@asynccontextmanager
async def asked(one: HttpEndpoint, content: bytes = b"{}") -> AsyncIterator[HttpAnswer]:
    async with one.ask("POST", "/chat/completions", Patience(5, 5, FAILURES), content=content) as answer:
        yield answer


async def body_of(one: HttpEndpoint, content: bytes = b"{}") -> bytes:
    async with asked(one, content) as answer:
        return b"".join([piece async for piece in answer.pieces()])


async def test_it_goes_the_way_that_is_meant(plain: bool) -> None:
    async with chat_server(lambda _: [whole(200, b"yes")]) as server, endpoint(server) as one:
        assert await body_of(one) == b"yes"
        assert one._client is not None
        assert isinstance(one._client._transport, LoopbackTransport) is plain


async def test_a_connection_is_used_again_while_it_is_good() -> None:
    async with chat_server(lambda _: [whole(200, b"yes")]) as server, endpoint(server) as one:
        assert [await body_of(one) for _ in range(3)] == [b"yes"] * 3
        assert server.connections == 1


async def test_one_that_was_closed_meanwhile_is_not() -> None:
    async with chat_server(lambda _: [head(), b"yes"]) as server, endpoint(server) as one:
        assert [await body_of(one) for _ in range(3)] == [b"yes"] * 3
        assert server.connections == 3


async def test_what_came_unasked_is_no_answer() -> None:
    """Some servers say that they waited for too long before they hang up."""
    late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    sent = asyncio.Event()

    def script(_: Received) -> Iterator[ChatStep]:
        first = len(server.requests) == 1
        yield whole(200, b"yes")
        if first:
            yield 0.01
            yield late
            sent.set()

    async with chat_server(script) as server, endpoint(server) as one:
        assert await body_of(one) == b"yes"
        await sent.wait()
        await asyncio.sleep(0.05)  # time for it to arrive, without which the test would only show less
        async with asked(one) as answer:
            assert answer.status == 200


async def test_much_in_both_directions() -> None:
    """More than a socket holds: each side waits for the other."""
    pieces = [chunk(bytes([number % 251]) * 65_536) for number in range(100)]
    async with (
        chat_server(lambda _: [chunked_head(), *pieces, b"0\r\n\r\n"]) as server,
        endpoint(server) as one,
        asked(one, b"x" * 5_000_000) as answer,
    ):
        await asyncio.sleep(0.05)
        body = b"".join([piece async for piece in answer.pieces()])
        assert len(server.last.body) == 5_000_000
    assert body == b"".join(bytes([number % 251]) * 65_536 for number in range(100))


async def test_leaving_closes_the_socket() -> None:
    async with (
        chat_server(lambda _: [chunked_head(), chunk(b"one"), asyncio.Event()]) as server,
        endpoint(server) as one,
    ):
        async with asked(one) as answer:
            async for piece in answer.pieces():
                assert piece == b"one"
                break
        await asyncio.wait_for(server.last.closed.wait(), 5)


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([b"220 smtp ready\r\n", head()], "llm_unreachable"),
        ([head()[:10]], "llm_unreachable"),
        ([chunked_head(), chunk(b"one")[:-4], head()], "llm_disconnected"),
    ],
)
async def test_what_breaks_off(steps: list[ChatStep], code: str) -> None:
    def script(_: Received) -> Iterator[ChatStep]:
        yield from steps
        raise ConnectionResetError

    async with chat_server(script) as server, endpoint(server) as one:
        with pytest.raises(EngineError) as caught:
            await body_of(one)
        assert caught.value.code == code


async def test_nobody_is_there() -> None:
    async with chat_server(lambda _: []) as server:
        url = server.url
    one = HttpEndpoint(url, {}, FAILURES)
    with pytest.raises(EngineError) as caught:
        await body_of(one)
    assert caught.value.code == "llm_unreachable"
    await one.close()
