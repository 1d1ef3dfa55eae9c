"""The connection: one message at a time, in and out."""

import asyncio
import logging
import socket
import sys
import uuid
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
_CONNECT_TIMEOUT_S = 30.0

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

    Raises ValueError where one of them is missing.
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
    ) -> None:
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

    async def connect(self) -> None:
        """Connect, or connect again.

        Raises ConnectionError where the service refuses, UnreachableError where none answers, ValueError where the
        URL is none, and what the credential raises.
        """
        await self.close()
        self.request_id = uuid.uuid4()
        self._lost, self._closing = None, False
        self._codec, self._handshake = self._new_codec(), Handshake()
        address, headers = self._endpoint.address(), await self._endpoint.headers(self.request_id)
        self._session = aiohttp.ClientSession(
            middlewares=(self._handshake,), timeout=aiohttp.ClientTimeout(total=_CONNECT_TIMEOUT_S)
        )
        try:
            self.ws = await self._session.ws_connect(address, headers=headers, max_msg_size=_MAX_MESSAGE_BYTES)
        except BaseException as error:
            await self.close()
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
        asyncio.TimeoutError where no frame comes within `timeout` seconds.
        """
        ws = self._connected()
        while True:
            frame = await ws.receive(timeout)
            if frame.type is not WSMsgType.TEXT:
                self._note_the_end(frame.type, frame.data, frame.extra)
                return None
            message = self._decode(frame.data)
            if message is not None:
                return message

    async def close(self) -> None:
        """Close the connection; nothing happens where it is closed."""
        self._closing = True
        session, self._session = self._session, None
        if session is None:
            return
        if self.ws is not None:
            await self.ws.close()
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
        await self.close()

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
                f"No answer within {_CONNECT_TIMEOUT_S:.0f} seconds", request_id=self.service_request_id
            )
        if isinstance(error, aiohttp.WSServerHandshakeError):
            return ConnectionError(error.message, status=error.status, headers=error.headers or {})
        if isinstance(error, aiohttp.ClientError | OSError):
            return UnreachableError(str(error) or type(error).__name__, request_id=self.service_request_id)
        return error


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
