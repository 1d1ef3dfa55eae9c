"""A relay in front of a server that tells when each WebSocket message of the browser arrived."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

#: Gets the payload of a message, and when it was here: `time.time()`, the clock of JavaScript's `Date.now()`.
Listener = Callable[[bytes, float], None]


@contextlib.asynccontextmanager
async def tapped(url: str, listener: Listener) -> AsyncIterator[str]:
    """Relay TCP connections, HTTP and WebSocket, to the server at `url`; yields the relay's address."""
    target = urlsplit(url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(target.hostname, target.port)
        # Reads along; what it would answer is not sent.
        protocol = ServerProtocol()
        is_websocket = True

        def read_along(data: bytes, at: float) -> None:
            nonlocal is_websocket
            if not is_websocket:
                return
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    is_websocket = "Upgrade" in event.headers
                elif isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                    listener(bytes(event.data), at)
            if is_websocket and protocol.parser_exc:
                raise protocol.parser_exc

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_forward(reader, to_server, read_along))
                both.create_task(_forward(from_server, writer))
        finally:
            to_server.close()
            writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener: Listener | None = None
) -> None:
    # A browser that closes resets what is still on its way.
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            if listener:
                listener(data, time.time())
            writer.write(data)
            await writer.drain()
        writer.write_eof()
