"""Opening a socket, and what can go wrong with that. Nothing of websockets leaves this file."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from voxwire.engines.remote.address import on_loopback
from voxwire.engines.stt.realtime_transcription.socket_options import SocketOptions
from voxwire.engines.stt.stt_failures import STT_FAILURES

_OPEN_S: Final = 10.0
_CLOSE_S: Final = 1.0
#: An event holds a few words, or probabilities of them.
_MOST_MESSAGE: Final = 1024 * 1024


Closing = set["asyncio.Future[None]"]


class _Connect(connect):
    """Redirects are not followed: the key would travel to the host that is named there."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class TranscriptionSocket:
    """An open socket. It is closed in the background: an utterance that is over need not wait for a goodbye."""

    def __init__(self, connection: ClientConnection, closing: "Closing") -> None:
        self._connection = connection
        self._closing = closing

    async def send(self, message: dict[str, Any]) -> None:
        """Raises EngineError when the socket is gone."""
        try:
            await self._connection.send(msgspec.json.encode(message).decode())
        except ConnectionClosed:
            raise STT_FAILURES.disconnected() from None

    async def messages(self) -> AsyncIterator[str | bytes]:
        """What comes. Raises EngineError at the end, however it came."""
        try:
            async for message in self._connection:
                yield message
        except ConnectionClosed:
            pass
        raise STT_FAILURES.disconnected()

    def close(self) -> None:
        task = asyncio.ensure_future(self._connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class RefusedSocket(Exception):
    """The endpoint answered the handshake with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def open_socket(options: SocketOptions, closing: "Closing") -> TranscriptionSocket:
    """Open one; `closing` has those that are being closed, to be waited for at the end.

    Raises RefusedSocket, and EngineError when nobody answers."""
    try:
        connection = await _Connect(
            options.url,
            additional_headers=options.secret_headers(),
            compression=None,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            max_size=_MOST_MESSAGE,
            # A proxy of the environment cannot reach what runs on this machine.
            proxy=None if on_loopback(options.url) else True,
        )
    except InvalidStatus as error:
        raise RefusedSocket(error.response.status_code) from None
    except (InvalidHandshake, InvalidURI, EOFError, TimeoutError, ssl.SSLError, OSError):
        raise STT_FAILURES.unreachable() from None
    return TranscriptionSocket(connection, closing)
