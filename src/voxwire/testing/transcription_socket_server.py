"""Sockets of transcription for tests, in both dialects: real ones, with ears that hear a script where there is sound.

Only what the engine needs is imitated; a real peer in GA's dialect is `live_server`.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import pybase64
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voxwire.testing.transcription_server import Upload

SOCKET_SCRIPT: Final = "what is the weather like in Rome and do I need a coat"

#: What a socket does: it is given the session, and ends it by returning.
SocketScript = Callable[["SocketSession"], Awaitable[None]]


@dataclass
class SocketSession:
    """One socket: what came, and sending."""

    connection: ServerConnection
    rate: int
    received: list[dict[str, Any]] = field(default_factory=list)
    pcm: bytearray = field(default_factory=bytearray)
    items: int = 0

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What the client says; its audio is collected."""
        with contextlib.suppress(ConnectionClosed):
            async for message in self.connection:
                event = json.loads(message)
                self.received.append(event)
                if event["type"] == "input_audio_buffer.append":
                    self.pcm += pybase64.b64decode(event["audio"], validate=True)
                yield event

    def heard(self, script: str = SOCKET_SCRIPT) -> str:
        """As many words of the script as there is sound for."""
        return Upload({}, self.rate, bytes(self.pcm)).words(script)


async def ga_ears(session: SocketSession) -> None:
    """A transcription session of the Realtime API, whose words come after the commit."""
    await session.send("session.created", session={"type": "transcription"})
    async for event in session.events():
        match event["type"]:
            case "session.update":
                session.rate = event["session"]["audio"]["input"]["format"]["rate"]
                await session.send("session.updated", session=event["session"])
            case "input_audio_buffer.commit":
                await ga_words(session, f"item_{session.items}")


async def ga_words(session: SocketSession, item: str) -> None:
    """The words of what came, as those of an item; before them some of another one, which is nobody's."""
    session.items += 1
    kind = "conversation.item.input_audio_transcription"
    await session.send("input_audio_buffer.committed", item_id=item, previous_item_id=None)
    await session.send(f"{kind}.delta", item_id="item_of_before", delta="nonsense")
    text = session.heard()
    for at, word in enumerate(text.split()):
        await session.send(f"{kind}.delta", item_id=item, content_index=0, delta=word if at == 0 else f" {word}")
    logprobs = [{"token": token, "logprob": -0.5, "bytes": None} for token in re.findall(r"\s*\S+", text)]
    asked = session.received[0]["session"].get("include")
    more = {"logprobs": logprobs} if asked else {"logprobs": None}
    await session.send(f"{kind}.completed", item_id=item, content_index=0, transcript=text, **more)
    session.pcm.clear()


async def vllm_ears(session: SocketSession) -> None:
    """vLLM's socket, whose words come while somebody speaks."""
    await session.send("session.created", id="sess-1", created=1)
    begun, said = False, ""
    async for event in session.events():
        match event["type"]:
            case "input_audio_buffer.commit" if not event.get("final"):
                begun = True
            case "input_audio_buffer.commit":
                await session.send("transcription.done", text=said, usage=None)
                session.pcm.clear()
                begun, said = False, ""
            case "input_audio_buffer.append" if begun:
                text = session.heard()
                if text != said:
                    await session.send("transcription.delta", delta=text.removeprefix(said))
                    said = text


class SocketServer:
    """Answers each socket by the script; `key` is asked for where it is given."""

    def __init__(self, script: SocketScript, *, rate: int, key: str | None) -> None:
        self.script = script
        self.sessions: list[SocketSession] = []
        self.url = ""
        self.opened = asyncio.Event()
        self._rate = rate
        self._key = key

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """A wrong path or key."""
        if not request.path.partition("?")[0].endswith("/v1/realtime"):
            return connection.respond(HTTPStatus.NOT_FOUND, "not here")
        if self._key and request.headers.get("Authorization") != f"Bearer {self._key}":
            return connection.respond(HTTPStatus.UNAUTHORIZED, "no")
        return None

    async def run(self, connection: ServerConnection) -> None:
        session = SocketSession(connection, self._rate)
        self.sessions.append(session)
        self.opened.set()
        with contextlib.suppress(ConnectionClosed):
            await self.script(session)


@contextlib.asynccontextmanager
async def transcription_sockets(
    script: SocketScript, *, rate: int = 24_000, key: str | None = None
) -> AsyncIterator[SocketServer]:
    """Run one on a free port of the loopback; `url` is what the engine calls `base_url`."""
    served = SocketServer(script, rate=rate, key=key)
    async with serve(served.run, "127.0.0.1", 0, process_request=served.refuse, close_timeout=1) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        served.url = f"ws://127.0.0.1:{port}/v1"
        yield served


class SocketThread:
    """One in an event loop of its own, for suites whose engines are made before any test runs."""

    def __init__(self, script: SocketScript, *, rate: int) -> None:
        self._script = script
        self._rate = rate
        self._ready = threading.Event()
        self.url = ""
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_until_complete, args=[self._main()], daemon=True).start()
        self._ready.wait(10)

    async def _main(self) -> None:
        async with transcription_sockets(self._script, rate=self._rate) as served:
            self.url = served.url
            self._ready.set()
            await asyncio.Event().wait()
