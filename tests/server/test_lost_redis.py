"""Redis is lost while people talk: they go on, newcomers are let in, and each server counts for itself meanwhile."""

import asyncio
import json

from scraped import scrape, value
from service_processes import RedisServer
from websockets.asyncio.client import ClientConnection, connect

from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import served

REALTIME = "/v1/realtime?model=gpt-realtime"
LIMIT = 100


async def answer(socket: ClientConnection) -> int:
    """Have an answer made; what is left of the requests after it."""
    await socket.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
    left: int | None = None
    done = False
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "response.done":
            assert event["response"]["status"] == "completed"
            done = True
        elif event["type"] == "rate_limits.updated":
            left = next(limit["remaining"] for limit in event["rate_limits"] if limit["name"] == "requests")
        if done and left is not None:
            return left
    raise AssertionError("the connection has ended")


async def said_of_redis(url: str, unreachable: float) -> None:
    """Wait until the metrics say so."""
    async with asyncio.timeout(20):
        while value(await scrape(url), "realtime_store_unreachable", store="redis") != unreachable:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_conversations_go_on_and_are_counted(redis: RedisServer) -> None:
    settings = {"quotas": {"redis_url": redis.url, "principal": {"requests_per_minute": LIMIT}}}
    async with (
        served(fake_service(), **settings) as first,
        served(fake_service(), **settings) as second,
        connect(first.replace("http", "ws", 1) + REALTIME) as talking,
    ):
        assert await answer(talking) == LIMIT - 1
        assert value(await scrape(first), "realtime_store_unreachable", store="redis") == 0
        redis.kill()
        assert await answer(talking) == LIMIT - 2
        await said_of_redis(first, 1)
        async with connect(second.replace("http", "ws", 1) + REALTIME) as newcomer:
            assert LIMIT - 2 <= await answer(newcomer) < LIMIT  # it may have heard of the first answer, and of no more
        redis.start()
        assert await answer(talking) <= LIMIT - 3
        await said_of_redis(first, 0)
