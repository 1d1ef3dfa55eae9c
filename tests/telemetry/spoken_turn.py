"""Conversations for tests of what an operator sees: real sockets, fake engines, words that nobody may find again."""

import base64
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from voxwire.testing.fake_vad import loud, quiet

GA = "/v1/realtime?model=gpt-realtime"
#: What is said, and answered. No line, metric or span may hold a word of it.
HEARD = "marzipan heard"
ANSWERED = "albatross answered"
#: Half a second of it as it goes over the wire.
AUDIO = base64.b64encode(quiet(320) + loud(640) + quiet(960)).decode()


def is_told(text: str) -> bool:
    """Whether a text holds something of a conversation."""
    return any(word in text for word in (*HEARD.split(), *ANSWERED.split(), AUDIO[2000:2040]))


async def events_until(client: ClientConnection, type: str) -> list[dict[str, Any]]:
    """All events up to the next of this type."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] != type:
        events.append(json.loads(await client.recv()))
    return events


async def speak(client: ClientConnection) -> list[dict[str, Any]]:
    """One turn, to the end of its answer."""
    await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO}))
    return await events_until(client, "response.done")


def calling(url: str, path: str = GA, **headers: str) -> connect:
    """A connection; `calling(url, traceparent="00-…")`."""
    return connect(url.replace("http", "ws") + path, additional_headers=headers, max_size=None)
