"""HTTP with an endpoint. Nothing of httpx2 leaves this file."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx2

from voxwire.engines.remote.address import on_loopback
from voxwire.engines.remote.endpoint_failures import Failures, error_field
from voxwire.engines.remote.handshakes import CLOSE_UNFINISHED
from voxwire.engines.remote.loopback import LoopbackTransport
from voxwire.engines.remote.patience import Patience
from voxwire.errors import EngineError

#: An error's body is looked at, and a whole answer read, up to this size.
_MOST_BODY: Final = 1024 * 1024
#: Making a connection and sending a request take longer than this only when nobody is there.
_CONNECT_S: Final = 5.0
#: Connections that wait for the next request. How many are in use is bounded by the sessions.
_IDLE_CONNECTIONS: Final = 32


class Refused(Exception):
    """The endpoint answered a request with an error. `code` is its own word for it; `field` is the part of the body
    that it does not take."""

    def __init__(self, status: int, retry_after: str | None, code: str | None, field: str | None) -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after
        self.code = code
        self.field = field


class HttpAnswer:
    """What an endpoint answers: its status and the kind of its body (`text/event-stream`), then the body."""

    def __init__(self, response: httpx2.Response, patience: Patience, failures: Failures) -> None:
        self.status = response.status_code
        self.content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._response = response
        self._patience = patience
        self._failures = failures

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes, without a deadline. Raises EngineError when it breaks off."""
        try:
            async for piece in self._response.aiter_raw():
                yield piece
        except (httpx2.TransportError, httpx2.StreamError, OSError):
            raise self._failures.disconnected() from None

    async def body(self) -> bytes:
        """All of it, cut off where it is longer than an answer can be. Raises EngineError."""
        return await self._patience.wait(self._whole())

    async def _whole(self) -> bytes:
        body = b""
        async for piece in self.pieces():
            body += piece
            if len(body) > _MOST_BODY:
                break
        return body

    async def refusal(self) -> Refused:
        """The error that the endpoint answered with."""
        body = b""
        with suppress(EngineError):  # the status says enough when the rest does not come
            body = await self.body()
        return Refused(
            self.status,
            self._response.headers.get("retry-after"),
            error_field(body, "code") or error_field(body, "type"),
            error_field(body, "param"),
        )


class HttpEndpoint:
    """One endpoint below `base_url`. It is opened by its first use; `close` it at the end.

    `headers` go with every request; keys are among them.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], failures: Failures) -> None:
        self.base_url = base_url
        self._headers = dict(headers)
        self._failures = failures
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        patience: Patience,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[HttpAnswer]:
        """Send a request to `base_url + path`; yields the answer, whatever its status.

        Leaving closes the socket, unless the answer was read to its end. Raises EngineError when nobody answers.
        """
        client = await self._opened()
        request = client.build_request(method, f"{self.base_url}{path}", content=content, headers=headers)
        response = await patience.wait(self._sent(client, request))
        try:
            yield HttpAnswer(response, patience, self._failures)
        finally:
            await response.aclose()

    async def _sent(self, client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
        """Send a request, a second time on a connection that the endpoint closed while it waited for us."""
        try:
            try:
                return await client.send(request, stream=True)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                return await client.send(request, stream=True)
        except (httpx2.TransportError, ssl.SSLError, OSError):
            raise self._failures.unreachable() from None

    async def _opened(self) -> httpx2.AsyncClient:
        """The client. A thread makes it: it reads the certificates of all authorities, which takes 20 to 200 ms."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> httpx2.AsyncClient:
        plain = on_loopback(self.base_url) and self.base_url.startswith("http:")
        return httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity", "User-Agent": "voxwire", **self._headers},
            timeout=httpx2.Timeout(None, connect=_CONNECT_S, write=_CONNECT_S),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS),
            # A proxy of the environment cannot reach what runs on this machine.
            trust_env=not on_loopback(self.base_url),
            transport=LoopbackTransport(_IDLE_CONNECTIONS) if plain else None,
            event_hooks=CLOSE_UNFINISHED,
        )
