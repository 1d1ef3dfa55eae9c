"""A chat completions endpoint for tests: real sockets, scripted bytes, every byte of the requests kept."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

#: A step of an answer: bytes to send as they are, seconds to wait, or an event to wait for.
ChatStep = bytes | float | asyncio.Event


@dataclass
class Received:
    """One request as it came; `closed` is set when the client closed its socket."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


#: What a request is answered with: steps, the last of which may leave the connection open for more.
ChatScript = Callable[[Received], Iterable[ChatStep]]


def head(status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    """The head of an answer whose body ends with the connection."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {content_type}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(status: int, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """An answer with its length, after which the connection may be used again."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def event(data: Any) -> bytes:
    """One server-sent event with JSON in it."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def chat_delta(finish: str | None = None, **fields: Any) -> bytes:
    """One piece of an answer: `chat_delta(content="Hello")`."""
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


def call(index: int, arguments: str = "", **fields: Any) -> bytes:
    """One piece of a tool call: `call(0, id="c1", name="f")`, then `call(0, '{"a"')`."""
    function = {"arguments": arguments, **({"name": fields.pop("name")} if "name" in fields else {})}
    return chat_delta(tool_calls=[{"index": index, "type": "function", "function": function, **fields}])


DONE = b"data: [DONE]\n\n"


def says(text: str, *, finish: str = "stop", usage: dict[str, Any] | None = None) -> list[ChatStep]:
    """A whole answer, word by word, on a connection that can be used again."""
    words = [chat_delta(content=word) for word in text.replace(" ", "\0 ").split("\0")]
    end = [chat_delta(finish), *([event({"choices": [], "usage": usage})] if usage else []), DONE]
    return [chunked_head(), *map(chunk, [*words, *end]), b"0\r\n\r\n"]


def chunked_head() -> bytes:
    """The head of an event stream of unknown length."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of such a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class ChatServer:
    """Answers `POST …/chat/completions`, or another `path`, by `script`, and `GET …/v1/models` with `models`; `others`
    are further paths below the address."""

    def __init__(
        self, script: ChatScript, *, models: Iterable[str] = ("scripted",), path: str = "/chat/completions"
    ) -> None:
        self.script = script
        self.path = path
        self.others: dict[str, ChatScript] = {}
        self.models: ChatScript = lambda _: [
            whole(200, json.dumps({"data": [{"id": name} for name in models]}).encode())
        ]
        self.requests: list[Received] = []
        self.listings: list[Received] = []
        self.connections = 0
        self._serving: set[asyncio.Task[Any]] = set()
        self.url = ""
        self.asked = asyncio.Event()
        """Set at the first request for an answer."""

    @property
    def last(self) -> Received:
        return self.requests[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while (request := await _request(reader)) is not None:
                await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            self._serving.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _end(self) -> None:
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(serving)

    def _script(self, request: Received) -> ChatScript | None:
        if request.path.endswith(self.path):
            self.requests.append(request)
            self.asked.set()
            return self.script
        if request.path.endswith("/v1/models"):
            self.listings.append(request)
            return self.models
        return next((script for path, script in self.others.items() if request.path.endswith(f"/v1{path}")), None)

    async def _answer(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._script(request)
        if script is None:
            writer.write(whole(404, b"<html>not found</html>", "text/html"))
            return
        steps = iter(script(request))
        watch = asyncio.create_task(_closed(reader, request))
        try:
            for step in steps:
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                    if b"Connection: close" in step.partition(b"\r\n\r\n")[0]:
                        watch.set_name("last")
                else:
                    await asyncio.wait({watch}, timeout=step) if isinstance(step, float) else await step.wait()
                if request.closed.is_set():
                    raise ConnectionResetError
        except ConnectionError:  # writing may notice it before the watcher does
            request.closed.set()
            raise
        finally:
            # A `StreamReader` serves one waiter: the watcher goes before the next request is read.
            watch.cancel()
            await asyncio.wait({watch})
        if watch.get_name() == "last":
            raise ConnectionResetError


async def _request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head, _, _ = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


async def _closed(reader: asyncio.StreamReader, request: Received) -> None:
    """Notices the end of the client's side; a client says nothing more before it has its answer."""
    if not await reader.read(1):
        request.closed.set()


@contextlib.asynccontextmanager
async def chat_server(
    script: ChatScript,
    *,
    models: Iterable[str] = ("scripted",),
    port: int = 0,
    path: str = "/chat/completions",
) -> AsyncIterator[ChatServer]:
    """Run one on a port of the loopback, a free one unless it is named; `url` is what the engine calls `base_url`."""
    served = ChatServer(script, models=models, path=path)
    listener = await asyncio.start_server(served._serve, "127.0.0.1", port)
    served.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield served
    finally:
        listener.close()
        await served._end()
