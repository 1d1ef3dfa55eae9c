"""Imitations of Realtime services on loopback: one that does what a test says, and one of Qwen-Omni's shape."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Event = dict[str, Any]
#: What a service does with one event: it says something, or not.
Reaction = Callable[["Line", Event], Awaitable[None]]

_SILENT = logging.getLogger("imitation")
_SILENT.setLevel(logging.CRITICAL)

GREETINGS = {
    "ga": {"type": "realtime", "output_modalities": ["audio"]},
    "flat": {"modalities": ["text", "audio"], "voice": "Cherry"},
}


class Line:
    """One connection of such a service."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.received: list[Event] = []
        self.audio = bytearray()

    async def say(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, "event_id": "event_x", **fields}))

    async def raw(self, frame: str | bytes) -> None:
        await self.connection.send(frame)

    async def answer(self, text: str = "Hello.", ms: float = 600.0, id: str = "resp_1") -> None:
        """A spoken answer as a GA service gives it."""
        await self.begin(id)
        await self.say("response.output_audio_transcript.delta", response_id=id, item_id="item_1", delta=text)
        pcm = base64.b64encode(b"\x01\x00" * int(ms * 24)).decode()
        await self.say("response.output_audio.delta", response_id=id, item_id="item_1", delta=pcm)
        await self.end(id)

    async def begin(self, id: str = "resp_1") -> None:
        await self.say("response.created", response={"id": id, "status": "in_progress"})

    async def end(self, id: str = "resp_1", status: str = "completed", **fields: Any) -> None:
        await self.say("response.done", response={"id": id, "status": status, **fields})

    async def error(self, type: str = "invalid_request_error", **fields: Any) -> None:
        await self.say("error", error={"type": type, "message": "secret words", **fields})


class Imitation:
    """`url` of the service, `lines` that were opened, `handshakes` as they came."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: list[Line] = []
        self.handshakes: list[Request] = []

    @property
    def received(self) -> list[Event]:
        return [event for line in self.lines for event in line.received]

    def types(self) -> list[str]:
        return [event["type"] for event in self.received]

    def told(self, type: str) -> list[Event]:
        return [event for event in self.received if event["type"] == type]


async def plainly(line: Line, event: Event) -> None:
    """Answers whatever is asked."""
    if event["type"] == "response.create":
        await line.answer()


@asynccontextmanager
async def imitation(
    react: Reaction = plainly,
    *,
    greeting: str | None = "ga",
    refusal: HTTPStatus | None = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[Imitation]:
    """`refusal` answers every handshake; `greeting` None says nothing at the beginning."""
    service = Imitation()

    def handshake(_: ServerConnection, request: Request) -> Response | None:
        service.handshakes.append(request)
        if refusal is None:
            return None
        return Response(refusal.value, refusal.phrase, Headers({"Content-Length": "0", **(headers or {})}), b"")

    async def talk(connection: ServerConnection) -> None:
        line = Line(connection)
        service.lines.append(line)
        try:
            if greeting is not None:
                await line.say("session.created", session=GREETINGS[greeting])
            async for frame in connection:
                event = json.loads(frame)
                line.received.append(event)
                await react(line, event)
        except ConnectionClosed:
            return

    # Its log would have the keys that it gets.
    options: Any = {"process_request": handshake, "compression": None, "logger": _SILENT}
    async with serve(talk, "127.0.0.1", 0, **options) as server:
        service.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"
        yield service


async def qwen(line: Line, event: Event) -> None:
    """A service of Qwen-Omni's shape: flat, `pcm`, 16 kHz in, functions as in chat completions, nothing taken back."""
    match event["type"]:
        case "session.update":
            session = event["session"]
            good = session["input_audio_format"] == session.get("output_audio_format", "pcm") == "pcm"
            good = good and all(set(tool) == {"type", "function"} for tool in session.get("tools", []))
            if not good:
                await line.error(code="invalid_value")
            else:
                await line.say("session.updated", session=session)
        case "input_audio_buffer.append":
            line.audio += base64.b64decode(event["audio"])
        case "input_audio_buffer.commit":
            await line.say("input_audio_buffer.committed", item_id=f"item_user_{len(line.received)}")
        case "conversation.item.create":
            if event["item"]["type"] not in ("message", "function_call_output") or "previous_item_id" in event:
                await line.error(code="invalid_value")
        case "response.create":
            id = f"resp_{len(line.received)}"
            item = {"id": f"item_{id}", "type": "message", "role": "assistant"}
            await line.begin(id)
            await line.say("response.output_item.added", response_id=id, output_index=0, item=item)
            where = {"response_id": id, "item_id": item["id"], "output_index": 0, "content_index": 0}
            for word in ("Hello", " from", " afar."):
                pcm = base64.b64encode(b"\x02\x00" * 24 * 400).decode()
                await line.say("response.audio_transcript.delta", **where, delta=word)
                await line.say("response.audio.delta", **where, delta=pcm)
            await line.say("response.audio.done", **where)
            await line.say("response.audio_transcript.done", **where, transcript="Hello from afar.")
            await line.say("response.output_item.done", response_id=id, output_index=0, item=item)
            await line.end(id, usage={"input_tokens": 20, "output_tokens": 30})
        case "response.cancel":
            pass
        case _:
            await line.error(code="invalid_event_type")


@asynccontextmanager
async def tcp(serve_one: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Something that is no WebSocket server; yields its address."""
    tasks: set[asyncio.Task[Any]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await serve_one(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def nobody() -> str:
    """An address at which nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"ws://127.0.0.1:{port}/v1/realtime"
