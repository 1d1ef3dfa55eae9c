"""Servers over real sockets, in the test's own event loop."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from echo_service import EchoService

from voxwire.config import Settings, load_settings
from voxwire.server.app import create_app
from voxwire.server.run import running

Serve = Callable[..., Awaitable[str]]


def settings_for_tests(**tables: dict[str, Any]) -> Settings:
    """Settings with a free port."""
    return load_settings(None, {**tables, "server": {"port": 0, **tables.get("server", {})}})


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`url = await serve(auth={"api_keys": [...]})` starts a server on an `EchoService`; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def start(service: Any = None, **tables: dict[str, Any]) -> str:
            settings = settings_for_tests(**tables)
            app = create_app(settings, service or EchoService())
            return await stack.enter_async_context(running(app, settings))

        yield start


@pytest.fixture
async def url(serve: Serve) -> str:
    """A server without keys."""
    return await serve()
