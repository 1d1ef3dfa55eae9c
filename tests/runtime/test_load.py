"""Whether there is room."""

import asyncio
import logging

import pytest

from voxwire.interfaces.engine import Claim
from voxwire.runtime.load import Load
from voxwire.runtime.newcomers import Newcomer


class Ears:
    def __init__(self) -> None:
        self.speaking, self.capacity, self.late_s = 0, 10.0, 0.0

    def hearing(self) -> tuple[int, float, float]:
        return self.speaking, self.capacity, self.late_s


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def load(ears: Ears, clock: Clock) -> Load:
    return Load(lambda: [ears, object()], clock)


async def admitted(load: Load, clock: Clock) -> Newcomer | None:
    """As if time passed only while it waits."""
    asking = asyncio.ensure_future(load.admit())
    for _ in range(20):
        await asyncio.sleep(0)
        if asking.done():
            break
        clock.now += 0.25
        load.judge(0.0)
    return await asking


async def newcomer_of(load: Load) -> Newcomer:
    """One that is let in at once."""
    async with asyncio.timeout(0):
        newcomer = await load.admit()
    assert newcomer is not None
    return newcomer


async def test_those_who_have_just_come_count_as_speakers(load: Load, clock: Clock, ears: Ears) -> None:
    ears.speaking = 6
    for _ in range(4):
        (await newcomer_of(load)).sends()
    assert await admitted(load, clock) is None, "four people may be about to speak"
    clock.now += 5.1  # they say nothing
    await newcomer_of(load)


async def test_as_many_as_can_be_followed_come_at_once_when_all_of_them_speak(load: Load, clock: Clock) -> None:
    for _ in range(10):
        newcomer = await newcomer_of(load)
        newcomer.sends()
        newcomer.speaks()
    assert await admitted(load, clock) is None


async def test_one_who_has_just_spoken_counts_in_a_pause_too(load: Load, clock: Clock, ears: Ears) -> None:
    ears.capacity = 1.0
    newcomer = await newcomer_of(load)
    newcomer.sends()
    newcomer.speaks()
    assert await admitted(load, clock) is None
    clock.now += 2.1
    await newcomer_of(load)


async def test_one_who_speaks_counts_once(load: Load, ears: Ears) -> None:
    """The recogniser hears those who have just come, too."""
    for _ in range(8):
        newcomer = await newcomer_of(load)
        newcomer.sends()
        newcomer.speaks()
        ears.speaking += 1
    await newcomer_of(load)


async def test_idle_programs_that_come_back_all_at_once_are_let_in(load: Load, clock: Clock) -> None:
    """Of the first nobody knows; once they have sent nothing for a while, it is known what kind they are."""
    asking = [asyncio.ensure_future(load.admit()) for _ in range(1000)]
    began = clock.now
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sum(task.done() for task in asking) == 10
    while not all(task.done() for task in asking):
        clock.now += 0.25
        load.judge(0.0)
        await asyncio.sleep(0)
    assert None not in [task.result() for task in asking]
    assert clock.now - began < 3


async def test_a_crowd_is_one_also_some_time_after_idle_programs(load: Load, clock: Clock, ears: Ears) -> None:
    for _ in range(10):
        await newcomer_of(load)
    clock.now += 1.1
    for _ in range(50):
        await newcomer_of(load)
    clock.now += 31
    load.judge(0.0)
    clock.now += 31
    ears.speaking = 9
    (await newcomer_of(load)).sends()
    assert await admitted(load, clock) is None


async def test_those_who_wait_are_let_in_in_their_order(load: Load, ears: Ears) -> None:
    ears.capacity = 1.0
    order: list[int] = []

    async def ask(number: int) -> None:
        newcomer = await load.admit()
        assert newcomer is not None
        order.append(number)
        newcomer.left()
        load.judge(0.0)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_a_principal_that_opens_many_sessions_keeps_nobody_else_out(load: Load, ears: Ears) -> None:
    ears.capacity = 1.0
    order: list[str] = []

    async def ask(principal: str) -> None:
        newcomer = await load.admit(Claim(principal=principal))
        assert newcomer is not None
        order.append(principal)
        await asyncio.sleep(0)
        newcomer.left()
        load.judge(0.0)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(ask("many"))
        group.create_task(ask("one"))
    assert order.index("one") == 1
    assert len(order) == 21


async def test_one_who_gives_up_leaves_its_place(load: Load, ears: Ears) -> None:
    ears.capacity = 1.0
    first = await newcomer_of(load)
    waiting = [asyncio.ensure_future(load.admit()) for _ in range(2)]
    await asyncio.sleep(0)
    first.left()
    load.judge(0.0)
    waiting[0].cancel()  # in the very moment in which it was let in
    await asyncio.wait({waiting[0]})
    load.judge(0.0)
    assert await waiting[1] is not None


async def test_the_end_leaves_nobody_waiting(load: Load, ears: Ears) -> None:
    ears.capacity = 1.0
    await newcomer_of(load)
    waiting = asyncio.ensure_future(load.admit())
    await asyncio.sleep(0)
    await load.close()
    assert await waiting is None


async def test_those_who_have_left_again_do_not_count(load: Load, clock: Clock) -> None:
    """A program that opens one short session after the other is never a crowd."""
    for _ in range(50):
        (await newcomer_of(load)).left()
        clock.now += 0.1


def test_one_late_look_is_no_crowd(load: Load) -> None:
    load.judge(2.0)
    assert not load.full
    load.judge(0.0)
    load.judge(2.0)
    assert not load.full


async def test_one_session_is_let_in_however_slow_the_machine(load: Load, clock: Clock, ears: Ears) -> None:
    ears.capacity = 0.4
    (await newcomer_of(load)).sends()
    assert await admitted(load, clock) is None


@pytest.mark.parametrize("what", ["loop", "ears"])
def test_lateness_fills_until_all_has_been_well_for_a_while(load: Load, clock: Clock, ears: Ears, what: str) -> None:
    if what == "loop":
        load.judge(0.3)
        load.judge(0.3)
    else:
        ears.late_s = 0.6
    assert load.full
    load.judge(0.0)
    ears.late_s = 0.0
    assert load.full
    clock.now += 2.1
    assert not load.full


def test_the_log_tells_each_change_once(load: Load, clock: Clock, ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ears.speaking = 10
    assert [load.full for _ in range(50)] == [True] * 50
    ears.speaking = 0
    clock.now += 3
    assert not load.full
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "'can_follow': 10" in caplog.text


async def test_without_ears_that_tell_there_is_no_capacity() -> None:
    load = Load(lambda: [object()])
    for _ in range(500):
        await newcomer_of(load)
    assert load.describe() == {"loop_late_ms": 0, "hearing_late_ms": 0, "speaking": 0, "can_follow": None}
