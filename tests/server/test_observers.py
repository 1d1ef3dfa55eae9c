"""Two clients of one session, over real sockets.

Nobody joins by the wire yet: the service of this test lets those in who name a session in place of a model.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from voxwire.runtime.directory import Hosted, LocalDirectory
from voxwire.runtime.event_attachment import EventAttachment
from voxwire.runtime.leases import EngineLeases
from voxwire.runtime.principal import LOCAL
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, hosted
from voxwire.testing.fake_vad import FakeVad
from voxwire.testing.live_server import served

GA, PREVIEW = "/v1/realtime?model=", "/openai/realtime?api-version=2025-04-01-preview&deployment="
LIMITS = RuntimeLimits(outbox_high_bytes=20_000, outbox_low_bytes=5_000, observer_limit_bytes=100_000)


class OpenDirectory(LocalDirectory):
    """The name of a session means the default, for it is not answered by another deployment."""

    def find(self, name: str | None, project: str = LOCAL) -> Hosted | None:
        return super().find(None if name is not None and name.startswith("sess_") else name, project)


class OpenHouse(Service):
    """`?model=sess_…` joins that session."""

    def __init__(self) -> None:
        deployment = fake_deployment(llm=FakeLlm("word " * 400))
        directory = OpenDirectory([hosted(deployment, EngineLeases())], default=deployment.name)
        super().__init__(directory=directory, vad=FakeVad(), runtime_limits=LIMITS)

    @asynccontextmanager
    async def converse(self, *args: Any, **options: Any) -> AsyncIterator[EventAttachment]:
        model = options["model"]
        if model.startswith("sess_"):
            door = self.join(model, codec=options["codec"], transport=options["transport"])
        else:
            door = super().converse(*args, **options)
        async with door as attachment:
            yield attachment


async def event(client: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return json.loads(await client.recv())  # type: ignore[no-any-return]


async def events_until(client: ClientConnection, type: str) -> list[dict[str, Any]]:
    events = [await event(client)]
    while events[-1]["type"] != type:
        events.append(await event(client))
    return events


def unread(url: str) -> socket.socket:
    """A socket that takes little while nobody reads."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((urlsplit(url).hostname, urlsplit(url).port))
    return sock


async def test_each_sees_the_session_in_its_own_dialect_until_its_speaker_leaves() -> None:
    async with served(OpenHouse()) as url:
        url = url.replace("http", "ws", 1)
        async with connect(url + GA + "gpt-realtime") as speaker:
            created = await event(speaker)
            await speaker.send(
                json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "x"}})
            )
            await events_until(speaker, "session.updated")
            async with connect(url + PREVIEW + created["session"]["id"]) as observer:
                seen = await event(observer)
                assert (seen["type"], seen["session"]["id"]) == ("session.created", created["session"]["id"])
                assert (seen["session"]["instructions"], seen["session"]["modalities"]) == ("x", ["text", "audio"])
                await observer.send(json.dumps({"type": "response.create", "response": {"modalities": ["text"]}}))
                heard = [e["type"] for e in await events_until(speaker, "response.done")]
                seen_types = [e["type"] for e in await events_until(observer, "response.done")]
                assert "response.output_text.delta" in heard
                assert "response.text.delta" in seen_types
                await speaker.close()
                with pytest.raises(ConnectionClosed):
                    await events_until(observer, "never")
                assert (observer.close_code, observer.close_reason) == (1000, "The session has ended.")


async def test_one_that_does_not_read_is_dropped_and_the_speaker_hears_the_whole_answer() -> None:
    service = OpenHouse()
    async with served(service) as address:
        url = address.replace("http", "ws", 1)
        async with connect(url + GA + "gpt-realtime", max_size=None) as speaker:
            session_id = (await event(speaker))["session"]["id"]
            async with connect(url + GA + session_id, sock=unread(address), max_queue=1) as observer:
                await event(observer)
                await speaker.send(json.dumps({"type": "response.create"}))
                events = await events_until(speaker, "response.done")
                assert events[-1]["response"]["status"] == "completed"
                sound = sum(len(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
                assert sound >= 60 * 5 * 400 * 48 * 4 / 3, "the whole answer"
                with pytest.raises(ConnectionClosed):
                    await events_until(observer, "never")
            await speaker.send(json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}}))
            await events_until(speaker, "response.done")
    assert service.budget.used == 0
