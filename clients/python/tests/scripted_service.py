"""A service that follows a script, and the events it can send."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]


class Peer:
    """One connection, as the script sees it."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        self.ws = ws
        self.request = request
        self.received: list[Json] = []

    async def say(self, *events: Json) -> None:
        for event in events:
            await self.ws.send_str(json.dumps({"event_id": "event_1", **event}))

    async def hear(self, kind: str) -> Json:
        """The next message, which must be of this type."""
        frame = await self.ws.receive()
        assert frame.type is WSMsgType.TEXT, frame
        event: Json = json.loads(frame.data)
        self.received.append(event)
        assert event["type"] == kind, event
        return event

    async def vanish(self) -> None:
        """The network goes, without a close frame."""
        assert self.request.transport is not None
        self.request.transport.abort()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Script = Callable[[Peer], Awaitable[None]]


class Service:
    """What it heard, connection by connection."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.peers: list[Peer] = []
        self.requests: list[web.Request] = []
        self.failure: BaseException | None = None
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        peer = Peer(ws, request)
        self.peers.append(peer)
        try:
            await self.script(peer)
            async for _ in ws:
                pass
        except AssertionError as error:
            self.failure = error
            await ws.close()
        return ws


@asynccontextmanager
async def serving(
    script: Script, handler: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
) -> AsyncIterator[Service]:
    """A service on a free port of loopback; fails the test where the script did not come true."""
    service = Service(script)
    app = web.Application()
    app.router.add_get("/{path:.*}", handler or service.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()
    if service.failure is not None:
        raise service.failure


SESSION: Json = {
    "id": "sess_1",
    "model": "gpt-4o-realtime-preview",
    "modalities": ["text", "audio"],
    "instructions": "",
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": None,
    "turn_detection": None,
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": None,
}
CREATED: Json = {"type": "session.created", "session": SESSION}
USAGE: Json = {
    "total_tokens": 3,
    "input_tokens": 2,
    "output_tokens": 1,
    "input_token_details": {"cached_tokens": 0, "text_tokens": 2, "audio_tokens": 0},
    "output_token_details": {"text_tokens": 1, "audio_tokens": 0},
}
SOUND = bytes(range(256)) * 4


def response(status: str = "in_progress", identifier: str = "resp_1", **more: Any) -> Json:
    return {"id": identifier, "status": status, "status_details": None, "output": [], "usage": None, **more}


def message(status: str = "in_progress", identifier: str = "item_1", content: list[Json] | None = None) -> Json:
    return {"id": identifier, "type": "message", "status": status, "role": "assistant", "content": content or []}


def spoken(words: str = "Hello there", identifier: str = "resp_1", item_id: str = "item_1") -> list[Json]:
    """A whole spoken response."""
    place = {"response_id": identifier, "item_id": item_id, "output_index": 0, "content_index": 0}
    sound = base64.b64encode(SOUND).decode("ascii")
    part = {"type": "audio", "transcript": words}
    first, rest = words[:3], words[3:]
    begun = message(identifier=item_id)
    return [
        {"type": "response.created", "response": response(identifier=identifier)},
        {"type": "rate_limits.updated", "rate_limits": []},
        {"type": "response.output_item.added", "response_id": identifier, "output_index": 0, "item": begun},
        {"type": "conversation.item.created", "previous_item_id": "item_0", "item": begun},
        {"type": "response.content_part.added", **place, "part": {"type": "audio", "transcript": ""}},
        {"type": "response.audio_transcript.delta", **place, "delta": first},
        {"type": "response.audio.delta", **place, "delta": sound},
        {"type": "response.audio_transcript.delta", **place, "delta": rest},
        {"type": "response.audio.delta", **place, "delta": sound},
        {"type": "response.audio.done", **place},
        {"type": "response.audio_transcript.done", **place, "transcript": words},
        {"type": "response.content_part.done", **place, "part": part},
        {
            "type": "response.output_item.done",
            "response_id": identifier,
            "output_index": 0,
            "item": message("completed", item_id, [part]),
        },
        {"type": "response.done", "response": response("completed", identifier, usage=USAGE)},
    ]


def calling(identifier: str = "resp_1", arguments: str = '{"city": "Paris"}') -> list[Json]:
    """A whole response that calls a function."""
    item_id = identifier.replace("resp", "item")
    item = {"id": item_id, "type": "function_call", "status": "in_progress", "name": "weather", "call_id": "call_1"}
    begun = item | {"arguments": ""}
    place = {"response_id": identifier, "item_id": item_id, "output_index": 0, "call_id": "call_1"}
    return [
        {"type": "response.created", "response": response(identifier=identifier)},
        {"type": "conversation.item.created", "previous_item_id": None, "item": begun},
        {
            "type": "response.output_item.added",
            "response_id": identifier,
            "output_index": 0,
            "item": item | {"arguments": ""},
        },
        {"type": "response.function_call_arguments.delta", **place, "delta": arguments[:5]},
        {"type": "response.function_call_arguments.delta", **place, "delta": arguments[5:]},
        {"type": "response.function_call_arguments.done", **place, "name": "weather", "arguments": arguments},
        {
            "type": "response.output_item.done",
            "response_id": identifier,
            "output_index": 0,
            "item": item | {"status": "completed", "arguments": arguments},
        },
        {"type": "response.done", "response": response("completed", identifier)},
    ]
