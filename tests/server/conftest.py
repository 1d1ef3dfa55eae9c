"""Servers over real sockets, in the test's own event loop."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from echo_service import EchoService, Serve

from voxwire.testing.live_server import served


@pytest.fixture(autouse=True)
def nothing_blocks(unblocked_loop: None) -> None:
    """Nothing of the server may block the event loop."""


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`url = await serve(auth={"api_keys": [...]})` starts a server on an `EchoService`; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def start(service: Any = None, **tables: dict[str, Any]) -> str:
            return await stack.enter_async_context(served(service or EchoService(), **tables))

        yield start


@pytest.fixture
async def url(serve: Serve) -> str:
    """A server without keys."""
    return await serve()
