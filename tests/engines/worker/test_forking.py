"""A worker that copies itself for each stream."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import parrot
import pytest

from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import ConfigurationError, EngineError

DECODER: msgspec.msgpack.Decoder[parrot.Reply] = msgspec.msgpack.Decoder(parrot.Reply)
#: What the fixture `pool_of` is: it takes fields of a `WorkerSpec`.
MakePool = Callable[..., Awaitable[WorkerPool[parrot.Reply]]]


@pytest.fixture
async def pool_of(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakePool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(parrot.__file__).parent))
    pools: list[WorkerPool[parrot.Reply]] = []

    async def make(**spec: Any) -> WorkerPool[parrot.Reply]:
        pool = WorkerPool(
            WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService", forks=True, capacity=4, **spec),
            DECODER,
            size=1,
        )
        pools.append(pool)
        await pool.start()
        return pool

    yield make
    for pool in pools:
        await pool.close()


def alive(pid: int) -> bool:
    """Whether the process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def say(stream: Stream[parrot.Reply], text: str) -> parrot.Said:
    await stream.send(parrot.Say(text))
    async for reply in stream:
        if isinstance(reply, parrot.Said):
            return reply
    raise AssertionError("The stream ended without an answer.")


async def test_each_stream_has_a_process_and_one_host_sees_them_all(pool_of: MakePool) -> None:
    pool = await pool_of()
    streams = [await pool.lease(1) for _ in range(3)]
    said = await asyncio.gather(*(say(stream, f"ä{number}") for number, stream in enumerate(streams)))
    assert [reply.text for reply in said] == ["ä0", "ä1", "ä2"]
    assert len({reply.pid for reply in said} | set(pool.pids)) == 4


async def test_what_is_taught_is_known_to_later_streams(pool_of: MakePool) -> None:
    pool = await pool_of()
    before = await pool.lease(1)
    assert (await say(before, "one")).text == "one"
    lesson = await pool.lease(1)
    await lesson.send(parrot.Teach("!"))
    assert [reply async for reply in lesson] == []
    assert (await say(await pool.lease(1), "two")).text == "two!"
    assert (await say(before, "three")).text == "three"


async def test_a_copy_that_dies_fails_its_own_stream_alone(pool_of: MakePool) -> None:
    pool = await pool_of()
    good, bad = await pool.lease(1), await pool.lease(1)
    await say(good, "before")
    pid = (await say(bad, "here")).pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        async for _ in bad:
            pass
    assert (caught.value.stage, caught.value.code) == ("test", "engine_died")
    assert (await say(good, "after")).text == "after"
    assert len(pool.pids) == 1


async def test_cancelled_streams_free_their_places(pool_of: MakePool) -> None:
    pool = await pool_of()
    for round in range(3):
        streams = [await pool.lease(5) for _ in range(4)]
        if round:
            await asyncio.gather(*(say(stream, "x") for stream in streams))
        for stream in streams:
            stream.cancel()
    assert (await say(await pool.lease(5), "again")).text == "again"


async def test_messages_larger_than_a_socket_takes_pass_whole(pool_of: MakePool) -> None:
    pool = await pool_of(window=4 * 1024 * 1024)
    stream = await pool.lease(1)
    text = "x" * 3_000_000
    assert (await say(stream, text)).text == text


async def test_the_end_of_the_worker_ends_its_copies(pool_of: MakePool) -> None:
    pool = await pool_of()
    pid = (await say(await pool.lease(1), "x")).pid
    await pool.close()
    async with asyncio.timeout(5):
        while alive(pid):  # noqa: ASYNC110 - what another process does raises no event here
            await asyncio.sleep(0.01)


async def test_what_the_operator_must_change_is_a_configuration_error(pool_of: MakePool) -> None:
    with pytest.raises(ConfigurationError, match="Install the parrot"):
        await pool_of(options={"fault": "configuration"})


async def test_an_idle_worker_answers_its_heartbeat(pool_of: MakePool) -> None:
    pool = await pool_of(heartbeat_s=0.02)
    pids = pool.pids
    await asyncio.sleep(0.5)  # twenty beats; three without an answer would have ended it
    assert pool.pids == pids
    assert (await say(await pool.lease(1), "x")).text == "x"
