"""The WebSocket of a service. Nothing of websockets leaves this file."""

import asyncio
import logging
import ssl
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from voxwire.engines.llm.relay.relay_options import RelayOptions
from voxwire.engines.llm.relay.service_errors import SERVICE_FAILURES
from voxwire.engines.llm.relay.upstream_events import UpstreamEvent, read_event
from voxwire.engines.remote.address import on_loopback
from voxwire.errors import EngineError

#: A delta holds a few seconds of audio at most; this is far beyond, and still bounded.
_MOST_FRAME: Final = 16 * 1024 * 1024
#: Frames that wait while nobody reads: the service is held up then.
_WAITING_FRAMES: Final = 64
_CLOSE_S: Final = 1.0
#: A pong waits behind the frames of an answer whose listener is slow.
_PONG_S: Final = 60.0
#: Both of them write the lines of the handshake, keys included, to logs of the level DEBUG.
_SILENT: Final = logging.getLogger("voxwire.engines.relay.websocket")
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL)
_SILENT.addHandler(logging.NullHandler())


class _Connect(connect):
    """Redirects are not followed: the key would travel to the host that is named there."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class UpstreamGone(Exception):
    """The connection has ended."""


class UpstreamSocket:
    """An open connection. Everything but `close` raises UpstreamGone when it has ended."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, type: str, **fields: Any) -> None:
        frame = msgspec.json.encode({"type": type, **fields})
        try:
            await self._connection.send(frame, text=True)
        except ConnectionClosed:
            raise UpstreamGone from None

    async def receive(self) -> UpstreamEvent:
        """The next event. Raises EngineError for what is none."""
        try:
            frame = await self._connection.recv()
        except ConnectionClosed:
            raise UpstreamGone from None
        try:
            return read_event(frame)
        except ValueError:
            raise SERVICE_FAILURES.broken("something that is no event") from None

    async def close(self) -> None:
        await self._connection.close()


class UpstreamDoor:
    """Opens connections to one service."""

    def __init__(self, options: RelayOptions) -> None:
        self._options = options
        self._trust: ssl.SSLContext | None = None

    async def open(self) -> UpstreamSocket:
        """Raises EngineError when there is no connection to be had."""
        options = self._options
        address = options.address()
        if address.startswith("wss:") and self._trust is None:
            # In a thread: it reads the certificates of all authorities, which takes 20 to 200 ms.
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        try:
            connection = await _Connect(
                address,
                additional_headers=options.secret_headers(),
                user_agent_header="voxwire",
                ssl=self._trust if address.startswith("wss:") else None,
                # A proxy of the environment cannot reach what runs on this machine.
                proxy=None if on_loopback(address) else True,
                compression=None,
                open_timeout=options.connect_s,
                close_timeout=_CLOSE_S,
                ping_timeout=_PONG_S,
                max_size=_MOST_FRAME,
                max_queue=_WAITING_FRAMES,
                logger=_SILENT,
            )
        except InvalidStatus as refused:
            response = refused.response
            raise SERVICE_FAILURES.of_status(response.status_code, response.headers.get("retry-after")) from None
        except TimeoutError:
            raise SERVICE_FAILURES.silent(options.connect_s) from None
        except (InvalidHandshake, EOFError, ValueError):
            raise SERVICE_FAILURES.broken("something that is no WebSocket") from None
        except OSError:
            raise SERVICE_FAILURES.unreachable() from None
        return UpstreamSocket(connection)


def is_passing(error: EngineError) -> bool:
    """Whether a failure may pass by itself, and is no mistake of the operator."""
    return error.code in ("llm_unreachable", "llm_timeout", "llm_server_error", "llm_rate_limited", "llm_disconnected")
