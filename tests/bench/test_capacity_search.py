"""The search for the sessions that a server holds, on a model of a server and of a machine that is shared."""

from collections.abc import Iterable

import pytest

from capacity import ATTEMPTS, PRECISION, Found, search
from load import Stage

QUIET = "quiet"
#: What others do to a measurement.
STOLEN, LATE, HICCUP = "the server waits", "the generator is late", "one long lag"


class ModelServer:
    """Holds `capacity` sessions; `weather` is what the machine does to one measurement after the other."""

    def __init__(self, capacity: int, weather: Iterable[str] = ()) -> None:
        self.capacity = capacity
        self.asked: list[int] = []
        self.reported: list[str] = []
        self._weather = iter(weather)

    async def measure(self, sessions: int) -> Stage:
        self.asked.append(sessions)
        now = next(self._weather, QUIET)
        # With stolen time a server holds two thirds of what it could.
        held = self.capacity * 2 // 3 if now == STOLEN else self.capacity
        slow = sessions > held or now in (LATE, HICCUP)
        return Stage(
            sessions,
            100,
            seconds=5.0,
            updates=[900.0 if slow else 20.0],
            late=[50.0 if now == LATE else 1.0],
            waited_s=2.0 if now == STOLEN else 0.1,
        )

    async def search(self, start: int, most: int = 4000) -> Found:
        return await search(self.measure, start, self.reported.append, most, pause_s=0)


@pytest.mark.parametrize("capacity", [1, 3, 37, 437, 1065, 2382])
@pytest.mark.parametrize("start", [1, 200, 1200])
async def test_what_is_found_is_held_and_hardly_more_is(capacity: int, start: int) -> None:
    server = ModelServer(capacity)
    found = await server.search(start)
    assert found.failed is not None
    assert found.held <= capacity < found.failed
    assert found.failed - found.held <= max(1, capacity * PRECISION)
    assert found.sessions == found.held
    assert not server.reported


async def test_from_near_by_it_takes_few_measurements() -> None:
    server = ModelServer(1065)
    await server.search(850)
    assert len(server.asked) <= 10


async def test_a_server_that_holds_none_is_a_result() -> None:
    server = ModelServer(0)
    assert await server.search(200) == Found(0, 1)
    assert str(Found(0, 1)) == "0 sessions held"


async def test_more_is_not_asked_than_the_load_can_make() -> None:
    server = ModelServer(10_000)
    assert await server.search(900, most=1000) == Found(1000)
    assert max(server.asked) == 1000


async def test_one_hiccup_ends_no_search() -> None:
    found = await ModelServer(437, [QUIET, HICCUP, QUIET, HICCUP]).search(200)
    assert found.held <= 437 < (found.failed or 0)


async def test_what_proves_nothing_is_measured_again() -> None:
    """Every second measurement is disturbed, in either way; the same is found as on a quiet machine."""
    weather = [LATE, QUIET, STOLEN, QUIET] * 30
    found = await ModelServer(437, weather).search(200)
    assert found.sessions is not None
    assert found.held <= 437 < (found.failed or 0)


async def test_what_is_held_although_others_took_time_is_held() -> None:
    server = ModelServer(900, [STOLEN])
    await server.search(500)
    assert server.asked.count(500) == 1
    assert not server.reported


async def test_what_a_late_generator_measured_is_thrown_away_and_said() -> None:
    server = ModelServer(900, [LATE])
    await server.search(500)
    assert server.asked[:2] == [500, 500]
    assert server.reported == ["500 sessions: thrown away, the generator fell behind (50 ms at p95)"]


async def test_a_disturbed_run_finds_no_capacity_and_says_so() -> None:
    """It was once written as "0 sessions held"."""
    server = ModelServer(900, [LATE] * 100)
    found = await server.search(500)
    assert found.sessions is None
    assert str(found) == "no sound result (500 sessions were disturbed 4 times)"
    assert server.asked == [500] * ATTEMPTS
    assert len(server.reported) == ATTEMPTS


async def test_a_run_disturbed_later_says_what_was_proven() -> None:
    found = await ModelServer(900, [QUIET, *[LATE] * 100]).search(500)
    assert (found.held, found.sessions) == (500, None)
    assert "at least 500 sessions held" in str(found)
