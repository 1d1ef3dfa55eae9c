"""A client of a whole in-process service: real session, real dialect, fake engines."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from voxwire.dialects.variant import Dialect, Variant
from voxwire.dialects.wire_codec import WireCodec
from voxwire.events.session_config import SessionKind
from voxwire.runtime.directory import Hosted
from voxwire.runtime.event_attachment import EventAttachment
from voxwire.runtime.principal import Principal
from voxwire.runtime.service import Service
from voxwire.testing.memory_transport import Event, MemoryTransport

ANYBODY = Principal(id="anybody")


class Client:
    """Sends frames as a GA client does; `wire` holds what came back."""

    def __init__(self, attachment: EventAttachment, wire: MemoryTransport) -> None:
        self.attachment = attachment
        self.wire = wire

    async def send(self, type: str, **fields: Any) -> None:
        await self.attachment.receive(msgspec.json.encode({"type": type, **fields}).decode())

    async def configure(self, **session: Any) -> Event:
        count = len(self.wire.all("session.updated"))
        await self.send("session.update", session={"type": "realtime", **session})
        return await self.wire.wait_for("session.updated", count + 1)

    async def append(self, pcm: bytes, chunk_ms: int = 20) -> None:
        """In frames of this length, as fast as they are taken, by both ways that our own server has: every other frame
        as if it came in a read with others."""
        size = 48 * chunk_ms
        for number, at in enumerate(range(0, len(pcm), size)):
            audio = base64.b64encode(pcm[at : at + size]).decode()
            frame = msgspec.json.encode({"type": "input_audio_buffer.append", "audio": audio})
            if number % 2 or len(frame) >= 64 * 1024 or not self.attachment.append(frame):
                await self.attachment.receive(frame.decode())

    async def say_text(self, text: str) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.send("conversation.item.create", item=item)

    def spoken_ms(self) -> float:
        """Length of all audio deltas so far."""
        return sum(len(base64.b64decode(event["delta"])) for event in self.wire.all("response.output_audio.delta")) / 48


@asynccontextmanager
async def connected(
    service: Service, kind: SessionKind = SessionKind.REALTIME, *, principal: Principal = ANYBODY, shared: bool = False
) -> AsyncIterator[Client]:
    """One connection; on leaving it is checked that the conversation left no task behind, unless the loop is
    `shared` with conversations that go on."""
    before = runtime_tasks()
    wire = MemoryTransport()
    hosted = await default_of(service)
    codec = WireCodec(Variant(dialect=Dialect.GA, transcription=kind is SessionKind.TRANSCRIPTION))
    async with service.converse(hosted, principal=principal, kind=kind, codec=codec, transport=wire) as attachment:
        yield Client(attachment, wire)
    assert shared or runtime_tasks() <= before


async def default_of(service: Service) -> Hosted:
    """What answers where nobody names a deployment, once it is ready."""
    hosted = service.directory.find(None)
    assert hosted is not None
    await hosted.tried()
    return hosted


def runtime_tasks() -> set[asyncio.Task[Any]]:
    """Tasks that belong to conversations."""
    parts = ("live", "outbox", "cascade", "voicing", "transcriber", "turn_judge")
    return {task for task in asyncio.all_tasks() if Path(task.get_coro().cr_code.co_filename).stem in parts}
