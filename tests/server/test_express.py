"""Text messages that reach the application at once, and those that take the queue: one order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from echo_service import EchoAttachment, EchoService, Serve
from websockets.asyncio.client import connect

from voxwire.events.session_config import SessionKind
from voxwire.interfaces.transport import Transport


class PickyAttachment(EchoAttachment):
    """Takes messages at once, but for every third; says by which way each came."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.number = 0
        self.heard: list[tuple[str, str]] = []
        self.more = asyncio.Event()

    def offer(self, frame: str) -> bool:
        self.number += 1
        if self.number % 3 == 0:
            return False
        self._hear("at once", frame)
        return True

    async def receive(self, frame: str | bytes, *, binary: bool = False) -> None:
        self._hear("queue", str(frame))
        await asyncio.sleep(0)

    def _hear(self, way: str, frame: str) -> None:
        self.heard.append((way, frame))
        self.more.set()

    async def all(self, count: int) -> list[tuple[str, str]]:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self.more.clear()
                await self.more.wait()
        return self.heard


class PickyService(EchoService):
    """Keeps the one attachment that it makes."""

    attachment: PickyAttachment

    @asynccontextmanager
    async def converse(
        self, deployment: Any, *, kind: SessionKind, codec: Any, transport: Transport, model: str | None, **_: Any
    ) -> AsyncIterator[EchoAttachment]:
        self.attachment = PickyAttachment(transport)
        await transport.send(b"{}")
        yield self.attachment


@pytest.fixture
def service() -> PickyService:
    return PickyService()


async def test_messages_keep_their_order_whichever_way_they_come(serve: Serve, service: PickyService) -> None:
    url = await serve(service)
    async with connect(url.replace("http", "ws", 1) + "/v1/realtime?model=gpt-realtime") as client:
        await client.recv()
        for number in range(200):
            await client.send(str(number))
        heard = await service.attachment.all(200)
    assert [text for _, text in heard] == [str(number) for number in range(200)]
    assert {way for way, _ in heard} == {"at once", "queue"}


async def test_fragments_are_taken_as_one(serve: Serve, service: PickyService) -> None:
    url = await serve(service)
    async with connect(url.replace("http", "ws", 1) + "/v1/realtime?model=gpt-realtime") as client:
        await client.recv()
        await client.send("whole")
        await client.send(["in ", "two"])
        assert await service.attachment.all(2) == [("at once", "whole"), ("at once", "in two")]
