"""A service that means harm, in a process of its own: `python hostile_service.py KIND [MEGABYTES]` prints its address.

mute      accepts connections and never answers a handshake
silent    opens the WebSocket, and says nothing
deaf      begins a session, and reads nothing from then on
flood     begins a session and a spoken response, and sends so many megabytes of audio, then the rest of the response
          and `input_audio_buffer.speech_started`
"""

import asyncio
import base64
import json
import sys

from aiohttp import web

from scripted_service import CREATED, message, response, spoken

#: A second of sound a message.
SECOND = bytes(48_000)

PLACE = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}


async def mute() -> int:
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


async def talkative(kind: str, megabytes: int) -> int:
    async def answer(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if kind != "silent":
            await ws.send_str(json.dumps({"event_id": "event_0", **CREATED}))
        if kind == "deaf":
            assert request.transport is not None
            request.transport.pause_reading()  # type: ignore[attr-defined]
        if kind == "flood":
            await flood(ws, megabytes)
        await asyncio.sleep(3600)
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


async def flood(ws: web.WebSocketResponse, megabytes: int) -> None:
    beginning = spoken()[:5]
    delta = {"type": "response.audio.delta", **PLACE, "delta": base64.b64encode(SECOND).decode()}
    part = {"type": "audio", "transcript": "Hello"}
    end = [
        {"type": "response.content_part.done", **PLACE, "part": part},
        {
            "type": "response.output_item.done",
            "response_id": "resp_1",
            "output_index": 0,
            "item": message("completed", "item_1", [part]),
        },
        {"type": "response.done", "response": response("completed")},
        {"type": "input_audio_buffer.speech_started", "item_id": "item_2", "audio_start_ms": 0},
    ]
    for event in beginning:
        await ws.send_str(json.dumps({"event_id": "event_1", **event}))
    frame = json.dumps({"event_id": "event_2", **delta})
    for _ in range(megabytes * 1_000_000 // len(SECOND)):
        await ws.send_str(frame)
    for event in end:
        await ws.send_str(json.dumps({"event_id": "event_3", **event}))


async def main() -> None:
    kind, megabytes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    port = await (mute() if kind == "mute" else talkative(kind, megabytes))
    print(f"http://127.0.0.1:{port}", flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
