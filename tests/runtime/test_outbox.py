"""The way out: order, high and low water, what may be dropped, and peers that do not read."""

import asyncio
import sys

import msgspec
import pytest

from voxwire.events.closing import CloseReason
from voxwire.runtime.budget import Budget
from voxwire.runtime.outbox import DeferredFrame, Ending, Outbox
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.testing.memory_transport import MemoryTransport
from voxwire.testing.scripted_clock import ScriptedClock

LIMITS = RuntimeLimits(outbox_high_bytes=1000, outbox_low_bytes=300, outbox_limit_bytes=5000)


def frame(number: int, size: int = 100) -> bytes:
    """A JSON frame of exactly `size` bytes."""
    text = msgspec.json.encode({"type": "frame", "number": number, "pad": ""})
    return text[:-2] + b"x" * (size - len(text)) + text[-2:]


class Bench:
    """An outbox with everything around it in a test's hands."""

    def __init__(self, limits: RuntimeLimits = LIMITS, limit_bytes: int = LIMITS.outbox_limit_bytes) -> None:
        self.transport = MemoryTransport()
        self.clock = ScriptedClock()
        self.drained = 0
        self.budget = Budget(LIMITS.message_bytes)
        self.outbox = Outbox(
            self.transport, limits, self.clock, self._on_drained, self.budget.share(), limit_bytes=limit_bytes
        )
        self.task = asyncio.create_task(self.outbox.run())

    def _on_drained(self) -> None:
        self.drained += 1

    def put(self, frame: bytes, audio_of: str | None = None) -> None:
        self.outbox.put(frame, audio_of)
        self.outbox.flush()

    async def ending(self) -> Ending:
        async with asyncio.timeout(5):
            ending = await self.task
        assert self.budget.used == 0, "whatever the end was, nothing is counted any more"
        return ending

    @property
    def numbers(self) -> list[int]:
        return [event["number"] for event in self.transport.events]


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_frames_leave_in_order_and_finish_closes_behind_them() -> None:
    bench = Bench()
    for number in range(5):
        bench.put(frame(number))
    bench.outbox.finish(CloseReason.EXPIRED, "over")
    bench.put(frame(99))
    assert await bench.ending() is Ending.FINISHED
    assert bench.numbers == [0, 1, 2, 3, 4]
    assert bench.transport.closed == (CloseReason.EXPIRED, "over")


async def test_what_was_sent_is_not_held_until_the_next_frame_comes() -> None:
    bench, sent = Bench(), frame(0, 900)
    held = sys.getrefcount(sent)
    bench.put(sent)
    await settle()
    assert bench.numbers == [0]
    assert sys.getrefcount(sent) == held
    bench.outbox.finish(CloseReason.ENDED, "over")
    await bench.ending()


async def test_the_first_farewell_counts() -> None:
    bench = Bench()
    bench.outbox.finish(CloseReason.EXPIRED, "first")
    bench.outbox.finish(CloseReason.INTERNAL_ERROR, "second")
    await bench.ending()
    assert bench.transport.closed == (CloseReason.EXPIRED, "first")


async def test_producers_pause_at_high_water_and_resume_at_low_water() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    for number in range(9):
        bench.put(frame(number))
    assert bench.outbox.writable
    bench.put(frame(9))
    assert not bench.outbox.writable
    assert bench.outbox.waiting_bytes == 1000
    bench.transport.reading.set()
    await settle()
    assert bench.outbox.writable
    assert bench.drained == 1
    assert bench.outbox.waiting_bytes == 0


async def test_only_unsent_audio_of_the_interrupted_answer_is_dropped() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    bench.put(frame(0), "resp_1")
    await settle()  # this one is on its way already
    bench.put(frame(1), "resp_1")
    bench.put(frame(2))
    bench.put(frame(3), "resp_2")
    bench.put(frame(4, 700), "resp_1")
    assert not bench.outbox.writable
    bench.outbox.discard_audio("resp_1")
    assert bench.outbox.writable
    assert bench.drained == 1
    bench.put(frame(5))
    bench.transport.reading.set()
    await settle()
    assert bench.numbers == [0, 2, 3, 5]
    assert bench.outbox.waiting_bytes == 0
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    await bench.ending()


async def test_frames_wait_for_the_flush_and_leave_in_one_write() -> None:
    bench = Bench()
    await settle()
    bench.outbox.put(frame(0))
    bench.outbox.put(frame(1))
    await settle()
    assert bench.numbers == []
    bench.outbox.flush()
    bench.outbox.put(frame(2))  # made before the writer ran: goes along
    await settle()
    assert bench.transport.writes == [3]
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    await bench.ending()


class TestAtOnce:
    """What somebody waits for leaves in the flush, with all that was there before."""

    async def test_nothing_has_to_run_before(self) -> None:
        bench = Bench()
        await settle()
        bench.put(frame(0))
        bench.outbox.put(frame(1))
        bench.outbox.flush(at_once=True)
        assert bench.numbers == [0, 1]
        assert (bench.outbox.waiting_bytes, bench.transport.writes) == (0, [2])
        await settle()
        bench.put(frame(2))
        await settle()
        assert bench.numbers == [0, 1, 2]
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_what_would_wait_is_the_writers(self) -> None:
        bench = Bench()
        await settle()
        bench.transport.reading.clear()
        for number in range(2):  # the first finds an idle writer, the second one that waits for the peer
            bench.outbox.put(frame(number))
            bench.outbox.flush(at_once=True)
            await settle()
        assert bench.numbers == []
        bench.transport.reading.set()
        await settle()
        assert bench.numbers == [0, 1]
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_not_while_the_writer_sends(self) -> None:
        """Frames keep their order: some of them were handed over, and are on their way."""
        bench = Bench()
        bench.transport.reading.clear()
        bench.put(frame(0))
        await settle()
        bench.outbox.put(frame(1))
        bench.transport.reading.set()
        bench.outbox.flush(at_once=True)
        assert bench.numbers == []
        await settle()
        assert bench.numbers == [0, 1]
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_behind_a_frame_that_is_not_made_yet(self) -> None:
        bench = Bench()
        await settle()
        made = asyncio.get_running_loop().create_future()
        bench.outbox.put(deferred(made))
        bench.outbox.put(frame(1))
        bench.outbox.flush(at_once=True)
        await settle()
        assert bench.numbers == []
        made.set_result(frame(0))
        await settle()
        assert bench.numbers == [0, 1]
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_more_than_one_write_goes_on_by_the_writer(self) -> None:
        bench = Bench(RuntimeLimits())
        await settle()
        for number in range(5):
            bench.outbox.put(frame(number, 10_000))
        bench.outbox.flush(at_once=True)
        assert bench.numbers == [0]
        await settle()
        assert bench.numbers == [0, 1, 2, 3, 4]
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_producers_go_on(self) -> None:
        bench = Bench()
        await settle()
        bench.outbox.put(frame(0, 1000))
        assert not bench.outbox.writable
        bench.outbox.flush(at_once=True)
        assert (bench.outbox.writable, bench.drained, bench.budget.used) == (True, 1, 0)
        bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
        await bench.ending()

    async def test_a_peer_that_is_gone_is_found_by_the_writer(self) -> None:
        bench = Bench()
        await settle()
        bench.transport.gone = True
        bench.outbox.put(frame(0))
        bench.outbox.flush(at_once=True)
        assert await bench.ending() is Ending.GONE

    async def test_not_before_the_writer_runs_nor_after_the_farewell(self) -> None:
        bench = Bench()
        bench.outbox.put(frame(0))
        bench.outbox.flush(at_once=True)
        assert bench.numbers == []
        await settle()
        bench.outbox.put(frame(1))
        bench.outbox.finish(CloseReason.ENDED, "over")
        bench.outbox.flush(at_once=True)
        assert bench.numbers == [0]
        assert await bench.ending() is Ending.FINISHED
        assert bench.numbers == [0, 1]


def deferred(made: "asyncio.Future[bytes | None]", size: int = 200) -> DeferredFrame:
    async def make() -> bytes | None:
        return await made

    return DeferredFrame(make, size)


async def test_a_deferred_frame_keeps_its_place() -> None:
    bench = Bench()
    made = asyncio.get_running_loop().create_future()
    bench.outbox.put(frame(0))
    bench.outbox.put(deferred(made))
    bench.put(frame(2), "resp_1")
    bench.put(frame(3))
    await settle()
    assert bench.numbers == [0]
    bench.outbox.discard_audio("resp_1")
    assert bench.outbox.waiting_bytes == 300
    made.set_result(frame(1, 150))
    await settle()
    assert bench.numbers == [0, 1, 3]
    assert bench.outbox.waiting_bytes == 0
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    assert await bench.ending() is Ending.FINISHED


async def test_a_deferred_frame_that_turns_out_to_be_none_is_passed_over() -> None:
    bench = Bench()
    made = asyncio.get_running_loop().create_future()
    bench.put(deferred(made, 1000))
    assert not bench.outbox.writable
    await settle()
    made.set_result(None)
    await settle()
    assert bench.outbox.writable
    assert bench.outbox.waiting_bytes == 0
    bench.put(frame(0))
    await settle()
    assert bench.numbers == [0]
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    await bench.ending()


async def test_a_deferred_frame_holds_up_no_farewell() -> None:
    bench = Bench()
    bench.put(deferred(asyncio.get_running_loop().create_future()))
    await settle()
    bench.outbox.finish(CloseReason.RESTARTING, "restart")
    bench.clock.advance(LIMITS.close_deadline_s)
    assert await bench.ending() is Ending.STALLED
    assert bench.transport.closed == (CloseReason.RESTARTING, "restart")


async def test_a_peer_that_accepts_nothing_is_given_up_at_the_write_deadline() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    bench.put(frame(0))
    await settle()
    bench.clock.advance(29.9)
    await settle()
    assert not bench.task.done()
    bench.clock.advance(0.2)
    assert await bench.ending() is Ending.STALLED
    assert bench.transport.closed is not None
    assert bench.transport.closed[0] is CloseReason.NOT_READING
    assert bench.outbox.waiting_bytes == 0


async def test_a_peer_that_accepts_now_and_then_is_kept() -> None:
    bench = Bench()
    for number in range(4):
        bench.transport.reading.clear()
        bench.put(frame(number))
        await settle()
        bench.clock.advance(25)
        bench.transport.reading.set()
        await settle()
    assert not bench.task.done()
    assert bench.numbers == [0, 1, 2, 3]
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    await bench.ending()


async def test_a_timer_serves_many_frames() -> None:
    bench = Bench()
    for number in range(200):
        bench.put(frame(number, 60))
        await settle()
    assert bench.clock.timers_set == 1
    bench.clock.advance(3600)  # nothing on its way: no deadline
    await settle()
    assert not bench.task.done()
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    assert await bench.ending() is Ending.FINISHED


async def test_more_than_the_limit_ends_the_attachment_at_once() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    for number in range(51):
        bench.put(frame(number))
    assert await bench.ending() is Ending.OVERFLOWED
    assert bench.transport.closed is not None
    assert bench.transport.closed[0] is CloseReason.NOT_READING


async def test_who_was_given_up_is_told_why_whatever_is_said_later() -> None:
    bench = Bench()
    for number in range(51):
        bench.put(frame(number))
    bench.outbox.finish(CloseReason.RESTARTING, "restart")
    assert await bench.ending() is Ending.OVERFLOWED
    assert bench.transport.closed is not None
    assert bench.transport.closed[0] is CloseReason.NOT_READING


async def test_a_farewell_after_the_end_starts_nothing() -> None:
    bench = Bench()
    bench.transport.gone = True
    bench.put(frame(0))
    assert await bench.ending() is Ending.GONE
    before = bench.clock.timers_set
    bench.outbox.finish(CloseReason.RESTARTING, "restart")
    assert bench.clock.timers_set == before
    assert bench.transport.closed is None


async def test_one_that_may_wait_less_is_given_up_earlier() -> None:
    bench = Bench(limit_bytes=1000)
    bench.transport.reading.clear()
    bench.put(frame(0, 900))
    await settle()  # on its way: it does not count
    for number in range(10):
        bench.put(frame(number))
    await settle()
    assert not bench.task.done()
    bench.put(frame(10))
    assert await bench.ending() is Ending.OVERFLOWED


async def test_a_large_frame_that_was_asked_for_is_no_reason() -> None:
    """Neither while it is not made, nor while it is on its way."""
    bench = Bench(limit_bytes=1000)
    made = asyncio.get_running_loop().create_future()
    bench.put(deferred(made, 4000))
    for number in range(5):
        bench.put(frame(number))
    bench.transport.reading.clear()
    made.set_result(frame(99, 4000))
    await settle()
    for number in range(5):
        bench.put(frame(number))
    await settle()
    assert not bench.task.done()
    bench.put(frame(10))
    assert await bench.ending() is Ending.OVERFLOWED


async def test_a_farewell_to_a_peer_that_does_not_read_is_bounded() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    bench.put(frame(0))
    await settle()
    bench.outbox.finish(CloseReason.RESTARTING, "restart")
    bench.clock.advance(LIMITS.close_deadline_s)
    assert await bench.ending() is Ending.STALLED
    assert bench.transport.closed == (CloseReason.RESTARTING, "restart")


async def test_a_transport_that_cannot_even_close_is_left() -> None:
    bench = Bench(RuntimeLimits(close_deadline_s=0.01))

    async def never(reason: CloseReason, message: str) -> None:
        await asyncio.Event().wait()

    bench.transport.close = never  # type: ignore[method-assign]
    bench.outbox.finish(CloseReason.CLIENT_LEFT, "")
    assert await bench.ending() is Ending.FINISHED


async def test_a_peer_that_left_is_not_closed_again() -> None:
    bench = Bench()
    bench.transport.gone = True
    bench.put(frame(0))
    bench.put(frame(1))
    assert await bench.ending() is Ending.GONE
    assert bench.transport.closed is None
    bench.put(frame(2))
    assert bench.outbox.waiting_bytes == 0


async def test_cancelling_the_writer_leaves_nothing() -> None:
    bench = Bench()
    bench.transport.reading.clear()
    bench.put(frame(0, 2000))
    await settle()
    bench.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bench.task
    assert bench.outbox.writable
    bench.clock.advance(60)
