"""Servers that share their counts, by a real Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from service_processes import RedisServer

from voxwire.config import QuotaLimits, QuotaSettings
from voxwire.errors import ConfigurationError
from voxwire.events.response import TokenUsage
from voxwire.quotas import Exchange, QuotaKeeper, QuotaRules, RedisCounts
from voxwire.quotas.exchange import OwnCount
from voxwire.quotas.session_allowance import SessionAllowance
from voxwire.runtime import Allowance, Hosted, Principal, QuotaExceeded
from voxwire.testing.fake_service import fake_deployment, fake_directory

SHOP = Principal(id="key_1", project="shop")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may be late with an answer of Redis, and without one a server decides for itself."""
    monkeypatch.setattr("voxwire.quotas.exchange._PATIENCE_S", 10.0)


@pytest.fixture
async def hosted() -> Hosted:
    directory = fake_directory(fake_deployment())
    found = directory.find(None)
    assert found is not None
    await found.tried()
    return found


@asynccontextmanager
async def server(redis: RedisServer, *, place_s: float = 30.0, **limits: int) -> AsyncIterator[QuotaKeeper]:
    exchange = Exchange(RedisCounts(redis.url, place_s=place_s), place_s=place_s)
    keeper = QuotaKeeper(QuotaRules(QuotaSettings(principal=QuotaLimits(**limits))), exchange)
    async with keeper.running():
        yield keeper


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def let_in(keeper: QuotaKeeper, hosted: Hosted, sessions: int) -> AsyncIterator[None]:
    """So many sessions at once, as soon as all of them are let in."""
    async with AsyncExitStack() as held:
        async with asyncio.timeout(10):
            while True:
                try:
                    async with AsyncExitStack() as tried:
                        for _ in range(sessions):
                            await tried.enter_async_context(keeper.session(SHOP, hosted))
                        held.push_async_exit(tried.pop_all())
                        break
                except QuotaExceeded:
                    await asyncio.sleep(0.01)
        yield


def left(allowance: Allowance) -> dict[str, int]:
    return {rate.name: rate.remaining for rate in allowance.left()}


async def test_what_one_server_has_counted_is_not_left_on_another(redis: RedisServer, hosted: Hosted) -> None:
    async with (
        server(redis, requests_per_minute=3, tokens_per_minute=1000) as a,
        server(redis, requests_per_minute=3, tokens_per_minute=1000) as b,
        a.session(SHOP, hosted) as here,
        b.session(SHOP, hosted) as there,
    ):
        here.begin("resp_1", 400)
        await until(lambda: left(there) == {"requests": 2, "tokens": 600})
        here.settle("resp_1", TokenUsage(output_text=100))
        await until(lambda: left(there) == {"requests": 2, "tokens": 900})
        there.begin("resp_2", 100)
        there.begin("resp_3", 100)
        await until(lambda: left(here) == {"requests": 0, "tokens": 700})
        with pytest.raises(QuotaExceeded):
            here.begin("resp_4", 1)
        async with server(redis, requests_per_minute=3) as late:  # a server that has just come knows it at the door
            with pytest.raises(QuotaExceeded) as caught:
                async with late.session(SHOP, hosted):
                    pass
        assert 50 <= caught.value.retry_after_s <= 61


async def test_seconds_of_audio_are_shared(redis: RedisServer, hosted: Hosted) -> None:
    async with (
        server(redis, audio_seconds_per_day=10) as a,
        server(redis, audio_seconds_per_day=10) as b,
        a.session(SHOP, hosted) as here,
        b.session(SHOP, hosted) as there,
    ):
        here.hear(9_500)
        assert isinstance(there, SessionAllowance)
        await until(lambda: any(scope.audio_ms.used == 9_500 for scope in there._scopes))
        with pytest.raises(QuotaExceeded):
            there.hear(600)
        there.hear(400)


async def test_places_for_sessions_are_shared_and_given_back(redis: RedisServer, hosted: Hosted) -> None:
    async with server(redis, concurrent_sessions=2) as a, server(redis, concurrent_sessions=2) as b:
        async with a.session(SHOP, hosted), b.session(SHOP, hosted):
            for one in (a, b):
                with pytest.raises(QuotaExceeded, match="may hold 2"):
                    async with one.session(SHOP, hosted):
                        pass
        async with let_in(b, hosted, sessions=2):
            pass


async def test_places_of_a_server_that_crashed_are_free_after_a_while(redis: RedisServer, hosted: Hosted) -> None:
    crashed = RedisCounts(redis.url, place_s=2.0)
    assert await crashed.take("gone", [("principal/shop/key_1:sessions", 1)]) is None
    await crashed.close()
    async with server(redis, place_s=2.0, concurrent_sessions=1) as alive:
        with pytest.raises(QuotaExceeded):
            async with alive.session(SHOP, hosted):
                pass
        async with let_in(alive, hosted, sessions=1):
            await asyncio.sleep(3)  # it is renewed meanwhile
            other = RedisCounts(redis.url)
            assert await other.take("late", [("principal/shop/key_1:sessions", 1)]) == 0
            await other.close()


async def test_a_lost_redis_leaves_each_server_its_own_counts_until_it_is_back(
    redis: RedisServer, hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    limits = {"requests_per_minute": 4, "concurrent_sessions": 3}
    async with AsyncExitStack() as stack:
        a, b = [await stack.enter_async_context(server(redis, **limits)) for _ in range(2)]
        here = await stack.enter_async_context(a.session(SHOP, hosted))
        there = await stack.enter_async_context(b.session(SHOP, hosted))
        here.begin("resp_1", 1)
        await until(lambda: left(there)["requests"] == 3)
        redis.kill()  # and all that it knew is lost
        here.begin("resp_2", 1)
        there.begin("resp_3", 1)
        assert left(here)["requests"] == 2, "the conversation goes on, with what is known"
        await until(lambda: "Quotas are counted by each server for itself" in caplog.text)
        async with a.session(SHOP, hosted), a.session(SHOP, hosted):
            with pytest.raises(QuotaExceeded):
                async with a.session(SHOP, hosted):
                    pass
        there.begin("resp_4", 1)
        there.begin("resp_5", 1)
        with pytest.raises(QuotaExceeded):
            there.begin("resp_6", 1)
        await asyncio.to_thread(redis.start)
        await until(lambda: "shared with other servers again" in caplog.text)
        await until(lambda: left(here)["requests"] == 0)  # nothing that was counted meanwhile is forgotten
        with pytest.raises(QuotaExceeded):
            here.begin("resp_7", 1)


async def test_to_tell_the_same_twice_makes_no_difference(redis: RedisServer) -> None:
    one, other = RedisCounts(redis.url), RedisCounts(redis.url)
    for _ in range(3):
        await one.exchange([OwnCount("x", 7, 60.0)])
    assert await other.exchange([OwnCount("x", 0, 60.0), OwnCount("nothing", 0, 60.0)]) == [
        (7, pytest.approx(60, abs=2)),
        None,
    ]
    await one.exchange([OwnCount("x", 5, 60.0)])
    assert (await other.exchange([OwnCount("x", 1, 60.0)]))[0] == (5, pytest.approx(60, abs=2))
    await one.close()
    await other.close()


async def test_more_names_than_one_call_takes(redis: RedisServer) -> None:
    counts = RedisCounts(redis.url)
    learned = await counts.exchange([OwnCount(f"n{number}", 1, 60.0) for number in range(1201)])
    assert [known[0] for known in learned if known is not None] == [0] * 1201
    await counts.renew([(f"holder {number}", "places") for number in range(1201)])
    assert await counts.take("one more", [("places", 1201)]) == 0
    await counts.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"quotas\.redis_url"):
        RedisCounts("redis://host:port")


async def test_without_redis_from_the_start_a_server_counts_for_itself(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = RedisServer()  # not started
    async with server(nowhere, requests_per_minute=1) as keeper, keeper.session(SHOP, hosted) as allowance:
        allowance.begin("resp_1", 1)
        with pytest.raises(QuotaExceeded):
            allowance.begin("resp_2", 1)
        await until(lambda: "Redis cannot be used (ConnectionError). Quotas are counted by each" in caplog.text)
