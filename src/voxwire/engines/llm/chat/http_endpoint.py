"""HTTP with a chat endpoint. Nothing of httpx2 leaves this file."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

import httpx2
import msgspec

from voxwire.engines.llm.chat import failures
from voxwire.engines.llm.chat.chat_options import ChatOptions
from voxwire.engines.llm.chat.patience import Patience
from voxwire.errors import EngineError

#: An error's body is looked at, and a list of models read, up to this size.
_MOST_BODY: Final = 1024 * 1024
#: Making a connection and sending a request take longer than this only when nobody is there.
_CONNECT_S: Final = 5.0
_LIST_S: Final = 10.0
#: Connections that wait for the next request. How many are in use is bounded by the sessions.
_IDLE_CONNECTIONS: Final = 32


class Listing(NamedTuple):
    """What `/models` answered: its status, and the names, None where the body is no list of models."""

    status: int
    names: tuple[str, ...] | None


class Refused(Exception):
    """The endpoint answered a request with an error. `field` is the part of the body that it does not take."""

    def __init__(self, status: int, retry_after: str | None, code: str | None, field: str | None) -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after
        self.code = code
        self.field = field


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] | None


class Endpoint:
    """One chat endpoint. It is opened by its first use; `close` it at the end."""

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def models(self, below: str = "") -> Listing:
        """Ask for the list of models, `below` the address. Raises EngineError when nobody answers."""
        patience = Patience(_LIST_S, _LIST_S)
        client = await self._opened()
        request = client.build_request("GET", f"{self._options.base_url}{below}/models")
        response = await patience.wait(_sent(client, request))
        try:
            body = await patience.wait(_read(response))
        finally:
            await response.aclose()
        try:
            listed = msgspec.json.decode(body, type=_Models).data
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Listing(response.status_code, None)
        return Listing(response.status_code, tuple(model.id for model in listed or ()))

    @asynccontextmanager
    async def post(self, body: bytes, patience: Patience) -> AsyncIterator[AsyncIterator[bytes]]:
        """Ask for an answer; yields what arrives. Leaving closes the socket, unless the answer was read to its end.

        Raises Refused for an error status and EngineError for everything else.
        """
        client = await self._opened()
        request = client.build_request(
            "POST",
            f"{self._options.base_url}/chat/completions",
            content=body,
            headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        )
        response = await patience.wait(_sent(client, request))
        try:
            if response.status_code != 200:
                raise await _refusal(response, patience)
            if response.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/event-stream":
                raise failures.broken_stream("something that is no event stream")
            yield _pieces(response)
        finally:
            await response.aclose()

    async def _opened(self) -> httpx2.AsyncClient:
        """The client. A thread makes it: it reads the certificates of all authorities, which takes 20 to 200 ms."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity", "User-Agent": "voxwire", **self._options.secret_headers()},
            timeout=httpx2.Timeout(None, connect=_CONNECT_S, write=_CONNECT_S),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS),
            # A proxy of the environment cannot reach what runs on this machine.
            trust_env=not self._options.on_loopback,
        )


async def _sent(client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
    """Send a request, a second time on a connection that the endpoint closed while it waited for us."""
    try:
        try:
            return await client.send(request, stream=True)
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
            return await client.send(request, stream=True)
    except (httpx2.TransportError, ssl.SSLError, OSError):
        raise failures.unreachable() from None


async def _pieces(response: httpx2.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in response.aiter_raw():
            yield piece
    except (httpx2.TransportError, httpx2.StreamError, OSError):
        raise failures.disconnected() from None


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for piece in _pieces(response):
        body += piece
        if len(body) > _MOST_BODY:
            break
    return body


async def _refusal(response: httpx2.Response, patience: Patience) -> Refused:
    body = b""
    with suppress(EngineError):  # the status says enough when the rest does not come
        body = await patience.wait(_read(response))
    return Refused(
        response.status_code,
        response.headers.get("retry-after"),
        failures.error_field(body, "code"),
        failures.error_field(body, "param"),
    )
