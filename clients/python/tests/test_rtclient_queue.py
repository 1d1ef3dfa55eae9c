"""Queues: who gets which message."""

import asyncio

import pytest

import rtclient.util.backlog
from rtclient.util.backlog import Backlog, weigh
from rtclient.util.message_queue import MessageQueue, MessageQueueWithError, SharedEndQueue


class Source:
    """Numbers, one by one; 0 is the end; an exception is raised."""

    def __init__(self, *messages: int | Exception) -> None:
        self.messages = list(messages)
        self.more = asyncio.Event()
        self.calls = 0

    async def __call__(self) -> int | None:
        self.calls += 1
        while not self.messages:
            self.more.clear()
            await self.more.wait()
        message = self.messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return message or None

    def add(self, *messages: int | Exception) -> None:
        self.messages += messages
        self.more.set()


def is_even(number: int) -> bool:
    return number % 2 == 0


def is_odd(number: int) -> bool:
    return number % 2 == 1


async def test_stored_messages_first_and_in_order() -> None:
    queue = MessageQueue(Source(1, 3, 2, 5))
    assert await queue.receive(is_even) == 2
    assert queue.queued_messages_count() == 2
    assert [await queue.receive(is_odd) for _ in range(3)] == [1, 3, 5]
    assert queue.queued_messages_count() == 0


async def test_the_reader_runs_only_while_somebody_waits() -> None:
    source = Source()
    queue = MessageQueue(source)
    assert not queue.is_polling
    assert queue.poll_task is None
    waiting = asyncio.create_task(queue.receive(is_odd))
    await asyncio.sleep(0)
    assert queue.is_polling
    source.add(1, 3)
    assert await waiting == 1
    await asyncio.sleep(0)
    assert not queue.is_polling
    assert source.messages == [3]


async def test_the_first_waiting_receiver_gets_it() -> None:
    source = Source()
    queue = MessageQueue(source)
    first, second, sharer = (
        asyncio.create_task(queue.receive(is_odd)),
        asyncio.create_task(queue.receive(is_odd)),
        asyncio.create_task(queue.receive(is_odd, share=True)),
    )
    await asyncio.sleep(0)
    source.add(1, 3)
    assert list(await asyncio.gather(first, second, sharer)) == [1, 3, 1]


async def test_the_end_reaches_all() -> None:
    source = Source(1, 0, 0)
    queue = MessageQueue(source)
    assert list(await asyncio.gather(queue.receive(is_even), queue.receive(is_even))) == [None, None]
    assert await queue.receive(is_odd) == 1
    assert await queue.receive(is_odd) is None


async def test_a_fault_of_the_reader_reaches_all() -> None:
    queue = MessageQueue(Source(OSError("gone"), 1))
    for fault in await asyncio.gather(queue.receive(is_even), queue.receive(is_even), return_exceptions=True):
        assert isinstance(fault, OSError)
    assert await queue.receive(is_odd) == 1


async def test_a_cancelled_receiver_loses_nothing() -> None:
    source = Source()
    queue = MessageQueue(source)
    waiting, other = asyncio.create_task(queue.receive(is_odd)), asyncio.create_task(queue.receive(is_even))
    await asyncio.sleep(0)
    queue._push_back(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await queue.receive(is_odd) == 1
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await other
    source.add(4)
    assert await queue.receive(is_even) == 4


async def test_a_cancelled_reader_cancels_who_waits() -> None:
    queue = MessageQueue(Source())
    waiting = asyncio.create_task(queue.receive(is_odd))
    await asyncio.sleep(0)
    assert queue.poll_task is not None
    queue.poll_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_push_back_serves_who_waits() -> None:
    queue = MessageQueue(Source())
    waiting = asyncio.create_task(queue.receive(is_odd))
    await asyncio.sleep(0)
    queue._push_back(2)
    queue._push_back(3)
    assert await waiting == 3
    assert queue.queued_messages_count() == 1
    assert queue.poll_task is not None
    queue.poll_task.cancel()


async def test_an_error_stays() -> None:
    queue = MessageQueueWithError(Source(1, 9, 3), lambda number: number == 9)
    assert list(await asyncio.gather(queue.receive(is_even), queue.receive(is_even))) == [9, 9]
    assert await queue.receive(is_even) == 9
    assert await queue.receive(is_odd) == 1, "what came before is still there"
    assert await queue.receive(is_odd) == 9


async def test_two_consumers_see_the_end() -> None:
    queue = SharedEndQueue(Source(1, 2, 3, 100), lambda number: number == 9, lambda number: number == 100)

    async def all_of(wanted: object) -> list[int]:
        got: list[int] = []
        while (message := await queue.receive(is_even if wanted == "even" else is_odd)) not in (None, 100):
            assert message is not None
            got.append(message)
        return got

    assert list(await asyncio.gather(all_of("even"), all_of("odd"))) == [[2], [1, 3]]
    assert await queue.receive(is_odd) == 100


async def test_a_consumer_does_not_wait_for_the_others_messages() -> None:
    source = Source()
    queue = SharedEndQueue(source, lambda number: False, lambda number: False)
    even, odd = asyncio.create_task(queue.receive(is_even)), asyncio.create_task(queue.receive(is_odd))
    await asyncio.sleep(0)
    source.add(1)
    assert await odd == 1
    assert not even.done()
    source.add(2)
    assert await even == 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtclient.util.backlog, "PATIENCE_S", 0.2)
    monkeypatch.setattr(rtclient.util.backlog, "_LOOK_S", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_who_leaves_too_much_unread_is_told() -> None:
    backlog = Backlog(2 * weigh(1), BufferError)
    source = Source(1, 3, 5, 2)

    async def receive() -> int | None:
        if backlog.full:
            await backlog.room()
        return await source()

    queue = MessageQueue(receive, backlog=backlog)
    with pytest.raises(BufferError):
        await queue.receive(is_even)
    assert source.messages == [5, 2], "no more was read"
    waiting = asyncio.create_task(queue.receive(is_even))
    assert [await queue.receive(is_odd) for _ in range(3)] == [1, 3, 5], "in order, and nothing is lost"
    assert await waiting == 2
    assert backlog.held == 0


async def test_a_queue_that_goes_takes_its_messages_along() -> None:
    backlog = Backlog(1000, BufferError)
    queue = MessageQueue(Source(1, 2), backlog=backlog)
    assert await queue.receive(is_even) == 2
    assert backlog.held == weigh(1)
    await asyncio.sleep(0)  # the reader ends
    del queue
    assert backlog.held == 0


def test_nested_values_are_weighed() -> None:
    nested: list[object] = ["x" * 1000]
    for _ in range(100_000):
        nested = [nested]
    assert weigh(nested) > 1000
    unnested = nested
    while isinstance(inner := unnested[0], list):
        unnested = inner
