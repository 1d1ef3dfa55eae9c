"""The way to an endpoint on this machine: HTTP without TLS and proxies, over plain asyncio.

A new connection costs some tenths of a millisecond less than over the library's own sockets. llama.cpp closes its
connection after every answer, so each first word waits for a new one.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import httpcore2
import httpx2

#: Bytes that came and were not read yet, above which the endpoint waits.
_MOST_UNREAD: Final = 256 * 1024


class LoopbackTransport(httpx2.AsyncBaseTransport):
    """What `httpx2.AsyncClient` sends its requests with. `idle` is how many connections are kept for the next one."""

    def __init__(self, idle: int) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=None, max_keepalive_connections=idle, network_backend=_Backend()
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = await self._pool.handle_async_request(asked)
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        with _as_httpx():
            await self._stream.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Both libraries have the same failures, by the same names."""
    try:
        yield
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        raise getattr(httpx2, type(error).__name__, httpx2.TransportError)(str(error)) from None


class _Backend(httpcore2.AsyncNetworkBackend):
    """Sockets of asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(_Stream, host, port)
                return stream
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(httpcore2.AsyncNetworkStream, asyncio.Protocol):
    """One connection. Reading has no deadline: those who read keep their own (`voxwire.engines.remote.patience`)."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._paused = False
        self._ended = False
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports have no common base with these

    def data_received(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > _MOST_UNREAD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._changed.set()

    def connection_lost(self, _: Exception | None) -> None:
        self._ended = True
        self._changed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- httpcore2.AsyncNetworkStream ---

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Nothing is the end: a connection that broke and one that was closed look alike, and HTTP tells them apart."""
        while not self._data and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        piece = bytes(self._data[:max_bytes])
        del self._data[:max_bytes]
        if self._paused and len(self._data) <= _MOST_UNREAD and self._transport is not None and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._ended or self._transport is None:
            raise httpcore2.WriteError("closed")
        self._transport.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._writable.wait()
        except TimeoutError:
            raise httpcore2.WriteTimeout from None

    async def aclose(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks before it uses a connection again: one that ended, or on which something came unasked,
        is of no use any more. The loop may not have heard of it yet."""
        if self._transport is None:
            return None
        if info == "is_readable":
            return self._ended or bool(self._data) or _is_readable(self._transport.get_extra_info("socket").fileno())
        return self._transport.get_extra_info(info)


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
