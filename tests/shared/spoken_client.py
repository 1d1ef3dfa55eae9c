"""A caller with a headset: real sockets to a real server, recordings in, events out."""

import asyncio
import base64
import json
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from voxwire.server.build import build_service
from voxwire.testing.live_server import served_in_thread, settings_for_tests

Event = dict[str, Any]

FIXTURES = Path(__file__).parents[1] / "fixtures"
_BYTES_PER_MS = 48


def recording(name: str) -> bytes:
    """The speech of a fixture, 24 kHz PCM16, with a little silence around it."""
    with wave.open(str(FIXTURES / f"{name}_24k.wav")) as clip:
        return bytes(clip.readframes(clip.getnframes()))


class Caller:
    """One session; `events` are all that came, `heard_at` when the last one did (`time.perf_counter`)."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.events: list[Event] = []
        self.heard_at = 0.0

    async def send(self, type: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": type, **fields}))

    async def configure(self, **session: Any) -> None:
        await self.send("session.update", session={"type": "realtime", **session})
        await self.until("session.updated")

    async def say(self, name: str, *, silence_ms: int = 1000, pace: float = 0.0) -> None:
        """Speak a fixture, as fast as it is taken or, at `pace` 1, as people do.

        Without silence behind it the turn does not end.
        """
        pcm = recording(name) + bytes(_BYTES_PER_MS * silence_ms)
        for start in range(0, len(pcm), 100 * _BYTES_PER_MS):
            piece = base64.b64encode(pcm[start : start + 100 * _BYTES_PER_MS]).decode()
            await self.send("input_audio_buffer.append", audio=piece)
            await asyncio.sleep(0.1 * pace)

    async def until(self, type: str) -> Event:
        """The next event of this type."""
        async for frame in self._socket:
            self.heard_at = time.perf_counter()
            event: Event = json.loads(frame)
            self.events.append(event)
            assert event["type"] != "error", event
            if event["type"] == type:
                return event
        raise AssertionError(f"The session ended before {type}.")

    def spoken_ms(self, response: Event) -> int:
        """Length of the speech of a response."""
        mine = (event for event in self.events if event["type"] == "response.output_audio.delta")
        audio = [base64.b64decode(event["delta"]) for event in mine if event["response_id"] == response["id"]]
        return sum(map(len, audio)) // _BYTES_PER_MS


def transcript(response: Event) -> str:
    """What a response says."""
    assert response["status"] == "completed", response["status_details"]
    [item] = response["output"]
    return str(item["content"][0]["transcript"])


@asynccontextmanager
async def calling(url: str, deployment: str) -> AsyncIterator[Caller]:
    """A session of the server at `url`."""
    async with connect(f"{url.replace('http', 'ws')}/v1/realtime?model={deployment}", max_size=None) as socket:
        caller = Caller(socket)
        await caller.until("session.created")
        yield caller


@contextmanager
def voice_server(**llms: dict[str, Any]) -> Iterator[str]:
    """A server of ours in a thread, with the embedded ears and voice; a deployment for each language model."""
    tables: dict[str, dict[str, Any]] = {
        "deployments": {name: {"llm": llm} for name, llm in llms.items()},
        "limits": {"transcript_deadline_s": 60},
    }
    with served_in_thread(build_service(settings_for_tests(**tables)), **tables) as url:
        yield url
