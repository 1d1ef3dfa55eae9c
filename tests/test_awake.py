"""Deadlines do not run while nothing runs."""

import asyncio
import heapq
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from voxwire.awake import AwakeClock, Deadline, awake_clock


class FakeLoop:
    """A loop whose time is moved by hand: `run` passes it in small steps, `sleep` at one stroke."""

    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> Any:
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, callback))
        return self

    def call_later(self, delay: float, callback: Callable[[], object]) -> Any:
        return self.call_at(self.now + delay, callback)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += 0.01
            self.turn()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.turn()

    def turn(self) -> None:
        while self._timers and self._timers[0][0] <= self.now:
            heapq.heappop(self._timers)[2]()


def test_time_passes_as_the_loops() -> None:
    loop: Any = FakeLoop()
    clock = AwakeClock(loop)
    loop.run(5)
    assert clock.time() == pytest.approx(105)
    loop.sleep(1.0)  # late, as a busy machine is
    assert clock.time() == pytest.approx(106)


def test_a_pause_does_not_count() -> None:
    loop: Any = FakeLoop()
    clock = AwakeClock(loop)
    fired: list[float] = []
    clock.call_at(clock.time() + 10, lambda: fired.append(loop.now))
    loop.run(4)
    loop.sleep(3600)
    assert 104 <= clock.time() <= 105
    loop.run(5)
    assert fired == []
    loop.run(1.5)
    assert len(fired) == 1


def test_who_looks_before_the_loop_does_sees_the_same() -> None:
    loop: Any = FakeLoop()
    clock = AwakeClock(loop)
    loop.run(1)
    loop.now += 3600
    assert clock.time() < 102
    loop.turn()
    assert clock.time() < 102


def test_several_pauses() -> None:
    loop: Any = FakeLoop()
    clock = AwakeClock(loop)
    for _ in range(5):
        loop.run(1)
        loop.sleep(60)
    assert clock.time() <= 108


class TestDeadline:
    async def test_ends_a_wait(self) -> None:
        with pytest.raises(TimeoutError):
            async with Deadline(0.05):
                await asyncio.sleep(10)

    async def test_none_waits(self) -> None:
        async with Deadline(None) as deadline:
            await asyncio.sleep(0.01)
            deadline.restart(10)
            deadline.restart(None)

    async def test_set_anew(self) -> None:
        async def wait() -> None:
            async with Deadline(None) as deadline:
                deadline.restart(0.02)
                await asyncio.sleep(10)

        with pytest.raises(TimeoutError):
            await wait()

    @pytest.mark.parametrize("before", [10.0, 0.03, 0.001])
    async def test_set_anew_to_sooner_or_later(self, before: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def wait() -> None:
            async with Deadline(None) as deadline:
                for _ in range(5):
                    deadline.restart(before)
                deadline.restart(0.05)
                await asyncio.sleep(10)

        with pytest.raises(TimeoutError):
            await wait()
        assert loop.time() - began > 0.045

    async def test_steps_cost_a_timer_only_near_their_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        timers = []
        schedule = AwakeClock.schedule
        monkeypatch.setattr(AwakeClock, "schedule", lambda *args: timers.append(args) or schedule(*args))
        async with Deadline(None) as deadline:
            for seconds in (30, 15) * 50:
                deadline.restart(seconds)
                await asyncio.sleep(0)
                deadline.restart(None)
            assert not timers
            for _ in range(100):
                deadline.restart(0.3)
                await asyncio.sleep(0)
                deadline.restart(None)
        assert len(timers) == 1

    async def test_one_that_is_far_away_ends_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.awake._TICK_S", 0.01)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def wait() -> None:
            async with Deadline(10) as deadline:
                deadline.restart(0.05)
                await asyncio.sleep(5)

        with pytest.raises(TimeoutError):
            await wait()
        assert 0.045 < loop.time() - began < 2

    async def test_the_clock_keeps_nothing_of_what_has_ended(self) -> None:
        async with Deadline(10), Deadline(20):
            assert len(awake_clock().far) == 2
        assert not awake_clock().far

    async def test_what_was_done_in_time_is_not_cut_off_by_the_timer_that_is_left(self) -> None:
        async with Deadline(0.01) as deadline:
            deadline.restart(None)
            await asyncio.sleep(0.05)
            deadline.restart(10)
            await asyncio.sleep(0.05)

    async def test_a_cancellation_from_elsewhere_is_one(self) -> None:
        async def wait() -> None:
            async with Deadline(10):
                await asyncio.sleep(10)

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_one_clock_for_a_loop(self) -> None:
        assert awake_clock() is awake_clock()

    async def test_goes_on_after_a_real_pause(self) -> None:
        """SIGSTOP for longer than the deadline; what is waited for comes soon after it."""
        code = """
import asyncio
from voxwire.awake import Deadline

async def answer():
    print("ready", flush=True)
    for _ in range(10):
        await asyncio.sleep(0.1)

async def main():
    async with Deadline(3.0):
        await answer()
    print("answered", flush=True)

asyncio.run(main())
"""
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGSTOP)
        await asyncio.sleep(4)
        os.kill(process.pid, signal.SIGCONT)
        assert await process.stdout.readline() == b"answered\n"
        assert await process.wait() == 0
