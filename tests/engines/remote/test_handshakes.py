"""A task that is cancelled in the middle of a TLS handshake leaves no connection behind."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

import pytest

from voxwire.auth.oidc.documents import fetch_keys
from voxwire.config import IssuerSettings
from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.patience import Patience
from voxwire.errors import EngineError

FAILURES: Final = Failures("llm", "language model")
#: The first byte of every record of a TLS handshake.
_HANDSHAKE: Final = b"\x16"

Ask = Callable[[str], Awaitable[object]]


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """It closes what nobody has closed, sooner or later."""
    gc.disable()
    yield
    gc.enable()


class Silent:
    """Accepts connections, and never answers a TLS handshake. As a proxy it first says that the way is free."""

    def __init__(self, is_proxy: bool = False) -> None:
        self._is_proxy = is_proxy
        self.greeted = asyncio.Event()
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_proxy:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT ")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        assert await reader.readexactly(1) == _HANDSHAKE
        self.greeted.set()
        with suppress(ConnectionResetError):
            while await reader.read(65536):
                pass
        self.ended.set()
        writer.close()


async def sees_the_end(peer: Silent, ask: Ask, cancel: bool = True) -> None:
    """`ask` is given the peer's address, and given up when the peer has heard the first of it."""
    async with asyncio.timeout(10), await asyncio.start_server(peer.serve, "127.0.0.1") as server:
        task = asyncio.ensure_future(ask(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        await peer.greeted.wait()
        if cancel:
            task.cancel()
        await asyncio.wait([task])
        await peer.ended.wait()
    assert task.cancelled() is cancel
    if not cancel:
        assert isinstance(task.exception(), EngineError)


def at(address: str) -> HttpEndpoint:
    return HttpEndpoint(f"https://{address}", {}, FAILURES)


async def endpoint_closes(
    peer: Silent, make: Callable[[str], HttpEndpoint] = at, patience_s: float = 60.0, cancel: bool = True
) -> None:
    """The endpoint stays open meanwhile: closing it would end all of its connections."""
    endpoints: list[HttpEndpoint] = []

    async def ask(address: str) -> None:
        endpoints.append(endpoint := make(address))
        async with endpoint.ask("GET", "/models", Patience(patience_s, patience_s, FAILURES)):
            pytest.fail("nobody can have answered")

    await sees_the_end(peer, ask, cancel)
    await endpoints[0].close()


async def test_the_keys_of_an_issuer() -> None:
    async def ask(address: str) -> object:
        return await fetch_keys(IssuerSettings(issuer=f"https://{address}", audience=("voxwire",)))

    await sees_the_end(Silent(), ask)


async def test_an_endpoint() -> None:
    await endpoint_closes(Silent())


async def test_an_endpoint_for_which_no_patience_is_left() -> None:
    await endpoint_closes(Silent(), patience_s=1.0, cancel=False)


async def test_an_endpoint_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def behind(address: str) -> HttpEndpoint:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://{address}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        return HttpEndpoint("https://models.example/v1", {}, FAILURES)

    await endpoint_closes(Silent(is_proxy=True), behind)
