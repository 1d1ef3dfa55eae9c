"""A server that omits an event, for tests of the tests: a proxy which drops it on its way to the client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from client_environment import Address
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

#: What belongs to one connection and is made anew for the next.
OWN_HEADERS = ("host", "connection", "upgrade", "sec-websocket-")


class Withholding:
    """A proxy in front of a server, plain on both sides: `address` is its own while it runs.

    It drops the server's events of one type, or none; `withheld` counts them.
    """

    def __init__(self, server: Address, kind: str | None = None) -> None:
        self._server = server
        self._kind = kind
        self.withheld = 0
        self.address = server

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Withholding"]:
        async with serve(self._accept, "127.0.0.1", 0, compression=None, max_size=None) as proxy:
            (host, port) = next(iter(proxy.sockets)).getsockname()
            self.address = Address(f"http://{host}:{port}")
            yield self

    async def _accept(self, client: ServerConnection) -> None:
        request = client.request
        assert request is not None
        headers = [
            (name, value) for name, value in request.headers.raw_items() if not name.lower().startswith(OWN_HEADERS)
        ]
        async with connect(
            self._server.ws + request.path,
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            max_size=None,
        ) as server:
            upwards = asyncio.create_task(self._pass_up(client, server))
            try:
                await self._pass_down(server, client)
            finally:
                upwards.cancel()

    @staticmethod
    async def _pass_up(client: ServerConnection, server: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # a program that failed leaves without a word
            async for message in client:
                await server.send(message)
        await server.close()

    async def _pass_down(self, server: ClientConnection, client: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the client has left
            async for message in server:
                if json.loads(message)["type"] == self._kind:
                    self.withheld += 1
                else:
                    await client.send(message)
