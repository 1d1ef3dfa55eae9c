"""The connection: one message at a time, in and out."""

import asyncio
import logging
import socket
import sys
import uuid
from collections.abc import Callable
from types import TracebackType

import aiohttp
from aiohttp import WSMsgType
from azure.core.credentials import AzureKeyCredential
from typing_extensions import Self

from rtclient.dialects import Codec, Outgoing, PreviewCodec
from rtclient.dialects.codec import describe
from rtclient.dialects.ga import GaCodec
from rtclient.endpoint import AzureEndpoint, Dialect, Intent, OpenAIEndpoint, TokenCredential
from rtclient.exceptions import ConnectionClosedError, ConnectionError, MalformedMessageError, UnreachableError
from rtclient.handshake import Handshake
from rtclient.models import ServerMessageType, UnknownMessage

__all__ = ["ConnectionError", "Dialect", "RTLowLevelClient", "TokenCredential"]

_LOGGER = logging.getLogger(__name__)

#: Azure answers in a second, a server that loads models first in some more.
CONNECT_TIMEOUT_S = 30.0

#: As long as a connection may take to be made.
FIRST_EVENT_TIMEOUT_S = 30.0

#: Seconds for the other side's half of closing, as RFC 6455 7.1.1 lets a client choose; and the same where the program
#: is being ended, by Ctrl-C or otherwise: enough for a close frame to leave.
_CLOSE_TIMEOUT_S = 2.0
_ABANDON_TIMEOUT_S = 0.1

#: The largest message of the service holds a whole item's audio; aiohttp's own limit of 4 MiB is 65 s of it.
_MAX_MESSAGE_BYTES = 32 * 1024 * 1024

#: A peer that lost its power is noticed within half a minute: after silence by probes (seconds), and in the middle of
#: sending by what stays unacknowledged (milliseconds); left alone, Linux would retransmit for a quarter of an hour.
_KEEPALIVE = {
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPALIVE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,
}

#: RFC 6455: no close frame was received.
_ABNORMAL = 1006


class RTLowLevelClient:
    """A connection to a Realtime service.

    With `url` it is an Azure resource: `azure_deployment` and a key or token credential are needed (the token wins).
    Without, it is OpenAI: `model` and `key_credential` are needed, and `base_url` may name another server.
    `dialect="ga"` speaks to a service of today; the models stay as they are, and what differs is translated.
    `intent="transcription"` opens a session that only listens; its settings are sent as plain JSON objects.
    `connect_timeout` and `first_event_timeout` are seconds: for the handshake, and from then to the first message.

    While the program does not call `recv()`, the connection is not read. Raises ValueError for wrong arguments.
    """

    def __init__(
        self,
        url: str | None = None,
        token_credential: TokenCredential | None = None,
        key_credential: AzureKeyCredential | None = None,
        model: str | None = None,
        azure_deployment: str | None = None,
        *,
        dialect: Dialect = "preview",
        base_url: str | None = None,
        intent: Intent | None = None,
        connect_timeout: float = CONNECT_TIMEOUT_S,
        first_event_timeout: float = FIRST_EVENT_TIMEOUT_S,
    ) -> None:
        if min(connect_timeout, first_event_timeout) <= 0:
            raise ValueError("connect_timeout and first_event_timeout are seconds, more than none")
        if dialect not in ("preview", "ga"):
            raise ValueError(f'dialect must be "preview" or "ga", not {dialect!r}')
        self._endpoint: AzureEndpoint | OpenAIEndpoint
        if url is not None:
            if key_credential is None and token_credential is None:
                raise ValueError("key_credential or token_credential is required for Azure OpenAI")
            if azure_deployment is None:
                raise ValueError("azure_deployment is required for Azure OpenAI")
            if base_url is not None:
                raise ValueError("base_url is for OpenAI; an Azure resource is named by url")
            self._endpoint = AzureEndpoint(url, azure_deployment, dialect, key_credential, token_credential, intent)
        else:
            if key_credential is None:
                raise ValueError("key_credential is required for OpenAI")
            if model is None:
                raise ValueError("model is required for OpenAI")
            self._endpoint = OpenAIEndpoint(model, dialect, key_credential, base_url, intent)
        #: Of the newest `connect()`; Azure logs it.
        self.request_id: uuid.UUID | None = None
        self.ws: aiohttp.ClientWebSocketResponse[bool] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._codec: Codec = PreviewCodec()
        self._handshake = Handshake()
        self._lost: ConnectionClosedError | None = None
        self._closing = False
        self._connect_timeout = connect_timeout
        self._first_event_timeout = first_event_timeout
        self._heard = False
        self._gave_up = False

    async def connect(self) -> None:
        """Connect, or connect again.

        Raises ConnectionError where the service refuses, UnreachableError where none answers, ValueError where the
        URL is none, and what the credential raises.
        """
        await self.close()
        self.request_id = uuid.uuid4()
        self._lost, self._closing, self._heard, self._gave_up = None, False, False, False
        self._codec, self._handshake = self._new_codec(), Handshake()
        address, headers = self._endpoint.address(), await self._endpoint.headers(self.request_id)
        self._session = aiohttp.ClientSession(
            middlewares=(self._handshake,), timeout=aiohttp.ClientTimeout(total=self._connect_timeout)
        )
        try:
            self.ws = await self._session.ws_connect(address, headers=headers, max_msg_size=_MAX_MESSAGE_BYTES)
        except BaseException as error:
            await self.abandon()
            explained = self._explained(error)
            if explained is error:
                raise
            raise explained from error
        _notice_a_dead_peer(self.ws)

    async def send(self, message: Outgoing) -> None:
        """Send a message: a model, or the JSON object of an event that has no model.

        Raises ConnectionClosedError where the connection has ended, RuntimeError where there was none.
        """
        ws = self._connected()
        try:
            for frame in self._codec.encode(message):
                await ws.send_frame(frame, WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError) as error:
            raise self._ended() from error

    async def recv(self, timeout: float | None = None) -> ServerMessageType | None:
        """The next message; None where the connection has ended (`lost` tells how).

        Raises MalformedMessageError where the frame is no message; the connection stays usable. Raises
        asyncio.TimeoutError where no frame comes within `timeout` seconds; without it, UnreachableError where the first
        message does not come within `first_event_timeout`.
        """
        if self._heard or timeout is not None:
            return await self._receive(timeout)
        return await self.first(lambda message: True)

    async def first(self, wanted: Callable[[ServerMessageType], bool]) -> ServerMessageType | None:
        """The first message that `wanted` takes; None where the connection has ended. Others are passed over.

        Raises UnreachableError where it does not come within `first_event_timeout`, and MalformedMessageError.
        """
        # The end of the connection ends the wait: a timeout of each frame would begin anew at every ping.
        timer = asyncio.get_running_loop().call_later(self._first_event_timeout, self._give_up)
        try:
            while (message := await self._receive(None)) is not None:
                if wanted(message):
                    return message
        finally:
            timer.cancel()
        if self._gave_up:
            raise UnreachableError(
                f"No first event within {self._first_event_timeout:g} seconds", request_id=self.service_request_id
            )
        return None

    def _give_up(self) -> None:
        self._gave_up = True
        self._handshake.abort()

    async def _receive(self, timeout: float | None) -> ServerMessageType | None:
        ws = self._connected()
        while True:
            frame = await ws.receive(timeout)
            if frame.type is not WSMsgType.TEXT:
                self._note_the_end(frame.type, frame.data, frame.extra)
                return None
            self._heard = True
            message = self._decode(frame.data)
            if message is not None:
                return message

    async def close(self) -> None:
        """Close the connection; nothing happens where it is closed. Waits two seconds at most for the other side."""
        await self._close(_CLOSE_TIMEOUT_S)

    async def abandon(self) -> None:
        """Close the connection without waiting for the other side."""
        await self._close(_ABANDON_TIMEOUT_S)

    async def _close(self, seconds: float) -> None:
        self._closing = True
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if self.ws is not None:
                # As a whole: aiohttp's own limit begins anew at every frame, and does not bound its sending.
                await asyncio.wait_for(self.ws.close(), seconds)
        except asyncio.TimeoutError:
            _LOGGER.debug("The other side did not close within %g seconds", seconds)
        finally:
            self._handshake.abort()  # what a peer does not read would keep the connection open
            await session.close()

    @property
    def closed(self) -> bool:
        """Whether messages can no longer be exchanged."""
        return self.ws is None or self.ws.closed

    @property
    def lost(self) -> ConnectionClosedError | None:
        """How the service, or the network, ended the connection; None where it did not."""
        return self._lost

    @property
    def service_request_id(self) -> str | None:
        """What the service calls this connection, else what this side called it."""
        return self._handshake.request_id or (str(self.request_id) if self.request_id else None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerMessageType:
        message = await self.recv()
        if message is None:
            raise StopAsyncIteration
        return message

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await (self.abandon() if is_ending(exc) else self.close())

    def _new_codec(self) -> Codec:
        if self._endpoint.dialect == "ga":
            return GaCodec()
        return PreviewCodec(null_turn_detection=isinstance(self._endpoint, OpenAIEndpoint))

    def _connected(self) -> "aiohttp.ClientWebSocketResponse[bool]":
        if self.ws is None:
            raise RuntimeError("Call connect() first")
        return self.ws

    def _decode(self, frame: str) -> ServerMessageType | None:
        try:
            message = self._codec.decode(frame)
        except ValueError as error:
            raise MalformedMessageError(
                f"The server sent a malformed message: {describe(error)}", self.service_request_id
            ) from error
        if isinstance(message, UnknownMessage):
            _LOGGER.debug("Received a message of unknown type %s", message.type)
        return message

    def _note_the_end(self, frame_type: WSMsgType, code: object, reason: object) -> None:
        if frame_type is WSMsgType.BINARY:
            raise MalformedMessageError("The server sent a binary message", self.service_request_id)
        if self._closing or self._lost is not None:
            return
        if frame_type is WSMsgType.CLOSE and isinstance(code, int):
            self._lost = ConnectionClosedError(code, str(reason or ""), self.service_request_id)
        else:
            # aiohttp calls an end without close frame a normal one.
            self._lost = ConnectionClosedError(_ABNORMAL, "", self.service_request_id)

    def _ended(self) -> ConnectionClosedError:
        return self._lost or ConnectionClosedError(
            (self.ws and self.ws.close_code) or _ABNORMAL, "", self.service_request_id
        )

    def _explained(self, error: BaseException) -> BaseException:
        """The exception of this library for one of aiohttp's."""
        if isinstance(error, ConnectionError):
            error.request_id = error.request_id or self.service_request_id
            return error
        if isinstance(error, asyncio.TimeoutError):
            return UnreachableError(
                f"No answer within {self._connect_timeout:g} seconds", request_id=self.service_request_id
            )
        if isinstance(error, aiohttp.WSServerHandshakeError):
            return ConnectionError(error.message, status=error.status, headers=error.headers or {})
        if isinstance(error, aiohttp.ClientError | OSError):
            return UnreachableError(str(error) or type(error).__name__, request_id=self.service_request_id)
        return error


def is_ending(error: BaseException | None) -> bool:
    """Whether the program or its task is being ended, by Ctrl-C or a cancellation; courtesies would hold that up."""
    return error is not None and not isinstance(error, Exception)


def _notice_a_dead_peer(ws: "aiohttp.ClientWebSocketResponse[bool]") -> None:
    """Let the kernel probe an idle connection, so that no wait outlives its peer."""
    connection = ws.get_extra_info("socket")
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform != "win32":
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
