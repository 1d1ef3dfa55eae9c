"""Greedy sessions and a bystander, over real sockets, with the engines that come along."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from voxwire.server.build import build_service
from voxwire.testing.live_server import served, settings_for_tests

pytestmark = pytest.mark.engines

GA = "/v1/realtime?model=gpt-realtime"
SESSIONS, EACH = 4, 16


def message(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


class Crowd:
    """One greedy session; `sounding` are the responses of which some sound has come."""

    def __init__(self, client: ClientConnection) -> None:
        self.client = client
        self.sounding: set[str] = set()
        self.begun = asyncio.Event()

    async def ask(self) -> None:
        words = "Tell me what you can do and then tell me a joke, please."
        response = {"conversation": "none", "input": [message(words)]}
        for _ in range(EACH):
            await self.client.send(json.dumps({"type": "response.create", "response": response}))

    async def watch(self) -> None:
        async for frame in self.client:
            event = json.loads(frame)
            assert event["type"] != "error", event
            if event["type"] == "response.output_audio.delta":
                self.sounding.add(event["response_id"])
                self.begun.set()


async def until(client: ClientConnection, kind: str) -> None:
    while json.loads(await client.recv())["type"] != kind:
        pass


async def test_a_bystander_is_served_before_the_rest_of_a_crowd() -> None:
    """64 responses out of band wait for the synthesiser; an answer in a conversation does not wait for them."""
    service = build_service(settings_for_tests(limits={"parallel_responses": EACH}))
    async with asyncio.timeout(50), served(service) as url:
        address = url.replace("http", "ws") + GA
        crowd = [Crowd(await connect(address, max_size=None, max_queue=None)) for _ in range(SESSIONS)]
        bystander = await connect(address, max_size=None)
        watching = [asyncio.create_task(greedy.watch()) for greedy in crowd]
        await asyncio.gather(*(greedy.ask() for greedy in crowd))
        await asyncio.gather(*(greedy.begun.wait() for greedy in crowd))
        before = sum(len(greedy.sounding) for greedy in crowd)
        await bystander.send(json.dumps({"type": "conversation.item.create", "item": message("What is two plus two?")}))
        await bystander.send(json.dumps({"type": "response.create"}))
        await until(bystander, "response.output_audio.delta")
        after = sum(len(greedy.sounding) for greedy in crowd)
        assert after - before < SESSIONS * EACH // 4
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await asyncio.gather(bystander.close(), *(greedy.client.close() for greedy in crowd))
