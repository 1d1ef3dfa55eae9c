"""The floor: the least a Python server of this protocol can do, as a measure for ours.

uvicorn (`websockets-sansio`), uvloop, no compression; msgspec and strict base64 on every append,
canned answers, no speech detection, no audio processing, no state.

    python bench/floor.py PORT
"""

import sys
from typing import Any, Literal

import msgspec
import pybase64
import uvicorn

_SILENCE = pybase64.b64encode(bytes(4800)).decode()


class Append(msgspec.Struct, tag="input_audio_buffer.append", forbid_unknown_fields=True):
    audio: str
    event_id: str | None = None


class Update(msgspec.Struct, tag="session.update", forbid_unknown_fields=True):
    session: dict[str, Any]
    event_id: str | None = None


class Create(msgspec.Struct, tag="response.create", forbid_unknown_fields=True):
    response: dict[str, Any] | None = None
    event_id: str | None = None


class Item(msgspec.Struct, tag="conversation.item.create", forbid_unknown_fields=True):
    item: dict[str, Any]
    event_id: str | None = None
    previous_item_id: str | Literal["root"] | None = None


decode = msgspec.json.Decoder(Append | Update | Create | Item).decode
UPDATED = '{"type":"session.updated","event_id":"event_1","session":{"id":"sess_1","object":"realtime.session"}}'
ANSWER = [
    '{"type":"response.created","event_id":"event_2","response":{"id":"resp_1"}}',
    '{"type":"response.output_audio.delta","event_id":"event_3","response_id":"resp_1","item_id":"item_1",'
    f'"output_index":0,"content_index":0,"delta":"{_SILENCE}"}}',
    '{"type":"response.done","event_id":"event_4","response":{"id":"resp_1","status":"completed"}}',
]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": UPDATED.replace("updated", "created")})
    while (message := await receive())["type"] == "websocket.receive":
        event = decode(message["text"])
        match event:
            case Append():
                pybase64.b64decode(event.audio, validate=True)
            case Update() | Item():
                await send({"type": "websocket.send", "text": UPDATED})
            case Create():
                for text in ANSWER:
                    await send({"type": "websocket.send", "text": text})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_level="error",
    )
