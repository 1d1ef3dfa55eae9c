"""The pool with real processes that run the parrot service."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import parrot
import pytest
import uvloop

from voxwire.engines.worker.pool import WorkerPool, default_size
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import ConfigurationError, EngineBusy, EngineDied, EngineError
from voxwire.interfaces.engine import Claim

DECODER: msgspec.msgpack.Decoder[parrot.Reply] = msgspec.msgpack.Decoder(parrot.Reply)
#: What the fixture `pool_of` is: it takes fields of a `WorkerSpec`.
MakePool = Callable[..., Awaitable[WorkerPool[parrot.Reply]]]


@pytest.fixture(autouse=True)
def _parrot_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children inherit the environment, so that they find the service."""
    monkeypatch.setenv("PYTHONPATH", str(Path(parrot.__file__).parent))


@pytest.fixture
async def pool_of() -> AsyncIterator[MakePool]:
    """Makes started pools and closes them."""
    pools: list[WorkerPool[parrot.Reply]] = []

    async def make(size: int = 1, **spec: Any) -> WorkerPool[parrot.Reply]:
        pool = WorkerPool(
            WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService", **spec), DECODER, size=size
        )
        pools.append(pool)
        await pool.start()
        return pool

    yield make
    for pool in pools:
        await pool.close()


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def said(stream: Stream[parrot.Reply]) -> parrot.Said:
    """The next spoken text."""
    async for reply in stream:
        if isinstance(reply, parrot.Said):
            return reply
    raise AssertionError("The stream ended without a text.")


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what another process does raises no event here
            await asyncio.sleep(0.01)


def let_hours_pass(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """For the loop alone: what is due by then is due now, in its order; no process gets any time."""
    loop = asyncio.get_running_loop()
    tell = loop.time
    monkeypatch.setattr(loop, "time", lambda: tell() + 3600 * hours)


class TestStart:
    async def test_warm_workers_answer_and_keep_order(self, pool_of: MakePool) -> None:
        pool = await pool_of(2)
        assert len(set(pool.pids)) == 2
        stream = await pool.lease(1)
        for number in range(50):
            await stream.send(parrot.Say(f"ä{number}"))
        await stream.send(parrot.Finish())
        texts = [reply.text async for reply in stream if isinstance(reply, parrot.Said)]
        assert texts == [f"ä{number}" for number in range(50)]

    async def test_children_get_one_thread_and_none_of_our_keys(
        self, pool_of: MakePool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VOXWIRE_API_KEY", "sk-secret")
        pool = await pool_of()
        assert pool.description["environment"] == {"OPENBLAS_NUM_THREADS": "1", "VOXWIRE_API_KEY": None}

    async def test_what_the_operator_must_change_is_a_configuration_error(self, pool_of: MakePool) -> None:
        with pytest.raises(ConfigurationError, match="Install the parrot"):
            await pool_of(options={"fault": "configuration"})

    async def test_a_child_that_dies_while_loading_is_an_engine_error(self, pool_of: MakePool) -> None:
        with pytest.raises(EngineDied, match="signal 9"):
            await pool_of(options={"fault": "crash"})

    async def test_a_child_that_never_gets_ready_is_killed(self, pool_of: MakePool) -> None:
        with pytest.raises(EngineError) as caught:
            await pool_of(options={"fault": "hang"}, start_s=1.0)
        assert caught.value.code == "engine_start_timeout"

    async def test_a_service_that_cannot_be_loaded_is_an_engine_error(self) -> None:
        pool = WorkerPool(WorkerSpec(stage="test", name="none", service="parrot:Nothing"), DECODER, size=1)
        with pytest.raises(EngineError) as caught:
            await pool.start()
        assert caught.value.code == "engine_failed"

    def test_default_size_is_bounded(self) -> None:
        assert 1 <= default_size() <= 4


class TestLease:
    async def test_no_free_place_until_the_deadline_is_busy(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        held = await pool.lease(1)
        with pytest.raises(EngineBusy) as caught:
            await pool.lease(0.05)
        assert (caught.value.stage, caught.value.code) == ("test", "engine_busy")
        held.cancel()
        assert await pool.lease(1)

    async def test_waiting_is_first_come_first_served(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        held = await pool.lease(1)
        order: list[str] = []

        async def wait(name: str) -> None:
            stream = await pool.lease(5)
            order.append(name)
            stream.cancel()

        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(wait(name))
                await asyncio.sleep(0)
            held.cancel()
        assert order == ["a", "b", "c"]

    async def test_owners_take_turns_and_what_somebody_waits_for_comes_first(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        held = await pool.lease(1, Claim("greedy"))
        order: list[str] = []

        async def wait(name: str, claim: Claim) -> None:
            stream = await pool.lease(5, claim)
            order.append(name)
            stream.cancel()

        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(wait(f"greedy {number}", Claim("greedy")))
            for number in range(2):
                group.create_task(wait(f"aside {number}", Claim("other", background=True)))
            await asyncio.sleep(0)
            group.create_task(wait("bystander", Claim("bystander")))
            await asyncio.sleep(0)
            held.cancel()
        assert order == ["bystander", "greedy 0", "greedy 1", "greedy 2", "aside 0", "aside 1"]

    async def test_a_principal_with_twenty_sessions_does_not_keep_one_with_a_single_one_waiting(
        self, pool_of: MakePool
    ) -> None:
        pool = await pool_of()
        held = await pool.lease(1, Claim("session 0", principal="many"))
        order: list[str] = []

        async def wait(claim: Claim) -> None:
            stream = await pool.lease(10, claim)
            order.append(claim.principal)
            stream.cancel()

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(wait(Claim(f"session {number}", principal="many")))
            await asyncio.sleep(0)
            for _ in range(3):
                group.create_task(wait(Claim("the only one", principal="single")))
            await asyncio.sleep(0)
            held.cancel()
        assert order[:6] == ["single", "many"] * 3
        assert len(order) == 23

    async def test_the_last_free_place_is_not_for_the_background(self, pool_of: MakePool) -> None:
        pool = await pool_of(2)
        aside = await pool.lease(1, Claim("greedy", background=True))
        waiting = asyncio.create_task(pool.lease(5, Claim("greedy", background=True)))
        await asyncio.sleep(0)
        assert not waiting.done()
        answer = await pool.lease(1, Claim("bystander"))
        aside.cancel()
        answer.cancel()
        assert await waiting

    async def test_giving_up_while_waiting_leaves_the_place_to_others(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        held = await pool.lease(1)
        waiting = asyncio.create_task(pool.lease(5))
        await asyncio.sleep(0)
        waiting.cancel()
        held.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await pool.lease(1)

    async def test_capacity_lets_streams_share_a_process(self, pool_of: MakePool) -> None:
        pool = await pool_of(capacity=2)
        one, two = await pool.lease(1), await pool.lease(1)
        await one.send(parrot.Say("one"))
        await two.send(parrot.Say("two"))
        assert [(await said(two)).text, (await said(one)).text] == ["two", "one"]
        with pytest.raises(EngineBusy):
            await pool.lease(0.05)

    async def test_an_idle_holder_loses_its_place_once_others_wait(self, pool_of: MakePool) -> None:
        pool = await pool_of(idle_s=0.2)
        idle = await pool.lease(1)
        await idle.send(parrot.Say("I begin and then"))
        assert await said(idle)
        assert isinstance(await anext(idle), parrot.Closed)
        await asyncio.sleep(0.5)
        await idle.send(parrot.Say("nobody waited, so I kept it"))
        assert await said(idle)
        assert isinstance(await anext(idle), parrot.Closed)
        other = await pool.lease(5)
        await other.send(parrot.Say("my turn"))
        assert (await said(other)).text == "my turn"
        with pytest.raises(EngineError) as caught:
            await said(idle)
        assert caught.value.code == "engine_idle"

    async def test_a_closed_pool_refuses(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        held = await pool.lease(1)
        waiting = asyncio.create_task(pool.lease(5))
        await asyncio.sleep(0)
        await pool.close()
        with pytest.raises(EngineDied):
            await waiting
        with pytest.raises(EngineDied):
            await pool.lease(1)
        with pytest.raises(EngineDied):
            await said(held)


class TestFlow:
    async def test_the_sender_waits_while_the_worker_is_behind(self, pool_of: MakePool) -> None:
        pool = await pool_of(window=10_000)
        stream = await pool.lease(1)
        await stream.send(parrot.Swallow(bytes(9_000), seconds=0.3))
        await stream.send(parrot.Swallow(bytes(9_000)))
        blocked = asyncio.create_task(stream.send(parrot.Say("done")))
        await asyncio.sleep(0.05)
        assert not blocked.done()
        await blocked
        assert (await said(stream)).text == "done"

    async def test_the_worker_waits_for_a_slow_reader_and_is_not_killed_for_it(
        self, pool_of: MakePool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pool = await pool_of(window=10_000, stall_s=3600.0)
        stream = await pool.lease(1)
        await stream.send(parrot.Flood(count=100, size=1_000))
        await until(lambda: len(stream._inbox) == 10, seconds=30)
        let_hours_pass(monkeypatch, 2)
        await asyncio.sleep(0.001)  # the watch was due before
        assert len(stream._inbox) == 10
        await stream.send(parrot.Finish())
        assert len([reply async for reply in stream]) == 100

    async def test_a_message_larger_than_the_window_passes(self, pool_of: MakePool) -> None:
        pool = await pool_of(window=1_000)
        stream = await pool.lease(1)
        await stream.send(parrot.Swallow(bytes(2_000_000)))
        await stream.send(parrot.Say("after"))
        assert (await said(stream)).text == "after"


class TestCancel:
    async def test_cancel_stops_a_flood_and_yields_nothing_more(self, pool_of: MakePool) -> None:
        pool = await pool_of(window=10_000)
        stream = await pool.lease(1)
        await stream.send(parrot.Flood(count=10**9, size=1_000))
        assert await said(stream)
        stream.cancel()
        stream.cancel()
        assert [reply async for reply in stream] == []
        await stream.send(parrot.Say("ignored"))
        again = await pool.lease(1)
        await again.send(parrot.Say("hello"))
        assert (await said(again)).text == "hello"

    async def test_the_task_is_closed_once(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        for finish in (True, False):
            stream = await pool.lease(1)
            if finish:
                await stream.send(parrot.Finish())
                assert [reply async for reply in stream] == []
            stream.cancel()
        stream = await pool.lease(1)
        await stream.send(parrot.Say("count"))
        replies = [await anext(stream), await anext(stream)]
        assert replies[1] == parrot.Closed(2)

    async def test_cancel_wakes_a_reader_that_waits(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        stream = await pool.lease(1)
        reading = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        stream.cancel()
        assert await reading is None


class TestFailure:
    async def test_an_engine_error_of_the_child_arrives_typed(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        stream = await pool.lease(1)
        await stream.send(parrot.Raise("Not today.", engine=True))
        with pytest.raises(EngineError) as caught:
            await said(stream)
        assert (caught.value.stage, caught.value.code, caught.value.message) == ("test", "told_so", "Not today.")
        assert await pool.lease(1)

    async def test_other_errors_do_not_carry_what_was_said(
        self, pool_of: MakePool, caplog: pytest.LogCaptureFixture
    ) -> None:
        pool = await pool_of()
        stream = await pool.lease(1)
        await stream.send(parrot.Raise("my secret"))
        with pytest.raises(EngineError, match=r"KeyError in receive") as caught:
            await said(stream)
        await until(lambda: "parrot.py" in caplog.text)
        assert "my secret" not in str(caught.value) + caplog.text

    async def test_a_message_that_the_service_cannot_read_fails_its_stream_alone(self, pool_of: MakePool) -> None:
        pool = await pool_of(capacity=2)
        good, bad = await pool.lease(1), await pool.lease(1)
        await bad.send({"type": "nonsense"})
        with pytest.raises(EngineError):
            await said(bad)
        await good.send(parrot.Say("still here"))
        assert (await said(good)).text == "still here"

    async def test_kill_9_fails_streams_at_once_and_a_replacement_comes(self, pool_of: MakePool) -> None:
        pool = await pool_of(capacity=2)
        streams = [await pool.lease(1), await pool.lease(1)]
        victim = pool.pids[0]
        os.kill(victim, signal.SIGKILL)
        began = time.monotonic()
        for stream in streams:
            with pytest.raises(EngineDied, match="signal 9") as caught:
                await said(stream)
            assert caught.value.code == "engine_died"
        assert time.monotonic() - began < 1
        stream = await pool.lease(10)
        await stream.send(parrot.Say("new"))
        assert (await said(stream)).pid != victim

    async def test_a_crash_inside_the_service_is_the_same(self, pool_of: MakePool) -> None:
        pool = await pool_of()
        stream = await pool.lease(1)
        await stream.send(parrot.Crash(signal.SIGABRT))
        with pytest.raises(EngineDied, match="signal 6"):
            await said(stream)

    async def test_a_worker_that_stops_answering_is_killed(self, pool_of: MakePool) -> None:
        pool = await pool_of(stall_s=0.3)
        stream = await pool.lease(1)
        await stream.send(parrot.Swallow(b"", seconds=60))
        with pytest.raises(EngineDied, match="no progress"):
            await said(stream)
        assert await pool.lease(10)

    async def test_a_cancelled_worker_that_does_not_let_go_is_killed(self, pool_of: MakePool) -> None:
        pool = await pool_of(stall_s=0.3)
        stream = await pool.lease(1)
        await stream.send(parrot.Swallow(b"", seconds=60))
        stream.cancel()
        assert await pool.lease(10)

    async def test_one_that_hangs_while_idle_is_replaced_before_it_gets_work(self, pool_of: MakePool) -> None:
        pool = await pool_of(2, heartbeat_s=0.1)
        hanging, healthy = pool.pids
        os.kill(hanging, signal.SIGSTOP)
        await until(lambda: hanging not in pool.pids and len(pool.pids) == 2, 15)
        assert healthy in pool.pids
        for _ in range(2):
            stream = await pool.lease(5)
            await stream.send(parrot.Say("hello"))
            assert (await said(stream)).pid != hanging

    async def test_one_that_may_hang_gets_no_work(self, pool_of: MakePool) -> None:
        pool = await pool_of(2, heartbeat_s=0.3)
        hanging, healthy = pool.pids
        os.kill(hanging, signal.SIGSTOP)
        (suspect,) = (worker for worker in pool._workers if worker.pid == hanging)
        await until(lambda: not suspect.free, 15)
        stream = await pool.lease(1)
        await stream.send(parrot.Say("hello"))
        assert (await said(stream)).pid == healthy
        os.kill(hanging, signal.SIGCONT)
        other = await pool.lease(5)  # once it answers, or from its replacement
        await other.send(parrot.Say("hello"))
        assert (await said(other)).pid != healthy

    async def test_a_pause_of_everything_kills_nobody(self) -> None:
        """SIGSTOP for all, longer than a worker may be silent, as when a machine sleeps."""
        code = """
import asyncio, os, msgspec, parrot
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec

async def main():
    spec = WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService", heartbeat_s=0.5, stall_s=2.0)
    pool = WorkerPool(spec, msgspec.msgpack.Decoder(parrot.Reply), size=2)
    await pool.start()
    pids = pool.pids
    stream = await pool.lease(1)
    await stream.send(parrot.Swallow(b"", seconds=0.4))
    await stream.send(parrot.Say("awake"))
    print("ready", flush=True)
    async for reply in stream:
        if isinstance(reply, parrot.Said):
            break
    await asyncio.sleep(1)
    print(reply.text, pool.pids == pids, flush=True)
    stream.cancel()
    await pool.close()

asyncio.run(main())
"""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        os.killpg(process.pid, signal.SIGSTOP)
        await asyncio.sleep(4)
        os.killpg(process.pid, signal.SIGCONT)
        assert await process.stdout.readline() == b"awake True\n"
        assert await process.wait() == 0

    async def test_without_a_replacement_leases_say_why(self, pool_of: MakePool, tmp_path: Path) -> None:
        marker = tmp_path / "marker"
        pool = await pool_of(options={"fault": "once", "marker": str(marker)})
        marker.touch()
        os.kill(pool.pids[0], signal.SIGKILL)
        await until(lambda: not pool.pids)
        with pytest.raises(EngineDied, match="No feathers"):
            await pool.lease(2)
        marker.unlink()
        assert await pool.lease(10)

    async def test_what_a_child_prints_reaches_the_log(
        self, pool_of: MakePool, caplog: pytest.LogCaptureFixture
    ) -> None:
        pool = await pool_of()
        stream = await pool.lease(1)
        with caplog.at_level(logging.WARNING):
            await stream.send(parrot.Print("a complaint"))
            await until(lambda: caplog.text.count("a complaint") == 2)


class TestEnd:
    async def test_close_leaves_no_process(self, pool_of: MakePool) -> None:
        pool = await pool_of(2)
        pids = pool.pids
        busy = await pool.lease(1)
        await busy.send(parrot.Swallow(b"", seconds=60))  # does not see that its socket closed: is killed
        await pool.close()
        await pool.close()
        assert not any(alive(pid) for pid in pids)

    @pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
    @pytest.mark.parametrize("beginning", ["start", "replacement"])
    def test_close_while_a_process_is_made_leaves_none(
        self, loop_factory: Callable[[], asyncio.AbstractEventLoop], beginning: str
    ) -> None:
        """Told to end at each of the steps that it takes to make a process."""

        async def scenario(steps: int) -> None:
            before = children()  # of other tests
            pool = WorkerPool(WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService"), DECODER, size=1)
            starting = asyncio.ensure_future(pool.start())
            if beginning == "replacement":
                await starting
                os.kill(pool.pids[0], signal.SIGKILL)
                while pool.pids:  # noqa: ASYNC110 - to the very step in which the loss is seen
                    await asyncio.sleep(0)
            for _ in range(steps):
                await asyncio.sleep(0)
            starting.cancel()
            await asyncio.wait({starting})
            async with asyncio.timeout(10):
                await pool.close()
            assert children() <= before, steps

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            for steps in range(10):
                runner.run(scenario(steps))

    async def test_children_leave_by_themselves_when_the_host_dies(self) -> None:
        program = """
import asyncio, msgspec, os, parrot, signal
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
async def main():
    pool = WorkerPool(WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService"),
                      msgspec.msgpack.Decoder(parrot.Reply), size=2)
    await pool.start()
    print(*pool.pids, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
        host = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        output, _ = await host.communicate()
        pids = [int(pid) for pid in output.split()]
        assert len(pids) == 2
        await until(lambda: not any(running(pid) for pid in pids))

    async def test_it_works_on_uvloop(self) -> None:
        async def scenario() -> str:
            pool = WorkerPool(WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService"), DECODER, size=1)
            await pool.start()
            stream = await pool.lease(1)
            os.kill(pool.pids[0], signal.SIGKILL)
            with pytest.raises(EngineDied):
                await said(stream)
            stream = await pool.lease(10)
            await stream.send(parrot.Say("uv"))
            reply = await said(stream)
            await pool.close()
            return reply.text

        assert await asyncio.to_thread(uvloop.run, scenario()) == "uv"


def children() -> set[str]:
    """Processes that this one has made and not yet seen off, zombies too.

    Asked of each process, not of our threads: a thread may end while it is asked, and leave its children to another.
    """
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, and whoever made it has seen it off
            if (process / "stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.add(process.name)
    return found


def running(pid: int) -> bool:
    """Whether an orphan still runs; one that ended may wait for its new parent as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return alive(pid) if not Path("/proc").exists() else False
