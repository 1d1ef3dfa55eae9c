"""What is used is written down, and a quota shows in every session of the one who has it."""

from typing import Any

import pytest
from runtime_client import Client, connected

from voxwire.events.response import TokenUsage
from voxwire.runtime.principal import Principal, Quota
from voxwire.runtime.usage import MinuteBook
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service

SHOP = Principal(id="key-1", limits=Quota(requests_per_minute=5, tokens_per_minute=1000))
OTHER = Principal(id="key-1", project="other", limits=SHOP.limits)
FREE = Principal(id="key-2")
USED = TokenUsage(input_text=10, output_audio=30)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> MinuteBook:
    return MinuteBook(clock)


def left(book: MinuteBook, principal: Principal) -> dict[str, int]:
    return {rate.name: rate.remaining for rate in book.left(principal)}


class TestBook:
    def test_a_minute_is_counted_over_all_sessions(self, book: MinuteBook, clock: Clock) -> None:
        book.count(SHOP, USED)
        clock.now += 20
        book.count(SHOP, USED)
        assert left(book, SHOP) == {"requests": 3, "tokens": 920}
        assert {rate.reset_seconds for rate in book.left(SHOP)} == {40.0}
        clock.now += 40
        assert left(book, SHOP) == {"requests": 5, "tokens": 1000}

    def test_nobody_pays_for_another(self, book: MinuteBook) -> None:
        book.count(SHOP, USED)
        assert left(book, OTHER) == {"requests": 5, "tokens": 1000}
        assert left(book, FREE) == {}

    def test_never_below_nothing_and_only_what_is_bounded(self, book: MinuteBook) -> None:
        small = Principal(id="small", limits=Quota(tokens_per_minute=5))
        book.count(small, USED)
        assert left(book, small) == {"tokens": 0}


async def answer(client: Client) -> dict[str, Any]:
    """What `rate_limits.updated` says after one more answer; its usage beside it."""
    count = len(client.wire.all("rate_limits.updated"))
    await client.send("response.create", response={"output_modalities": ["text"]})
    event = await client.wire.wait_for("rate_limits.updated", count + 1)
    limits = {limit["name"]: (limit["limit"], limit["remaining"]) for limit in event["rate_limits"]}
    return limits | {"used": client.wire.all("response.done")[-1]["response"]["usage"]["total_tokens"]}


async def test_sessions_of_one_principal_see_what_is_left_for_all_of_them() -> None:
    service = fake_service()
    async with connected(service, principal=SHOP, shared=True) as one, connected(service, principal=SHOP) as two:
        first = await answer(one)
        assert first == {"requests": (5, 4), "tokens": (1000, 1000 - first["used"]), "used": first["used"]}
        second = await answer(two)
        assert second["requests"] == (5, 3)
        assert second["tokens"] == (1000, 1000 - first["used"] - second["used"])
        third = await answer(one)
        assert third["requests"] == (5, 2)


async def test_without_a_quota_the_large_numbers_stay() -> None:
    async with connected(fake_service(), principal=FREE) as client:
        assert (await answer(client))["requests"] == (100_000, 99_999)


async def test_an_answer_that_its_client_leaves_behind_is_paid() -> None:
    service = fake_service(fake_deployment(llm=FakeLlm([3600.0])))
    async with connected(service, principal=SHOP) as client:
        await client.send("response.create")
        await client.wire.wait_for("response.created")
    async with connected(service, principal=SHOP) as client:
        await client.send("response.create")
        await client.wire.wait_for("response.created")
        await client.send("response.cancel")
        event = await client.wire.wait_for("rate_limits.updated")
        assert {limit["name"]: limit["remaining"] for limit in event["rate_limits"]}["requests"] == 3
