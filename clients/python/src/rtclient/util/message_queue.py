"""Messages, handed to the one who waits for their kind.

One reader task runs, and only while somebody waits. An arriving message goes to the first waiting receiver whose
predicate takes it; what nobody takes is stored, in order, for later receivers. So output can be read late: after the
response is done, and after the connection is closed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rtclient.util.backlog import DEFAULT_LIMIT, Backlog, weigh

T = TypeVar("T")

Predicate = Callable[[T], bool]


@dataclass(eq=False)
class _Receiver(Generic[T]):
    wants: Predicate[T]
    future: "asyncio.Future[T | None]"
    shares: bool


class MessageQueue(Generic[T]):
    """`receive_delegate` fetches the next message, or None at the end of the stream.

    Queues that share a `backlog` leave it to their delegate to wait for room; a queue of its own sees to it itself.
    """

    def __init__(self, receive_delegate: Callable[[], Awaitable[T | None]], *, backlog: Backlog | None = None) -> None:
        self.receive_delegate = receive_delegate
        self.poll_task: asyncio.Task[None] | None = None
        self._own = backlog is None
        self._backlog = backlog or Backlog(DEFAULT_LIMIT, lambda limit: BufferError(f"{limit} bytes are unread"))
        self._held = 0
        self._stored: list[tuple[T, int]] = []
        self._receivers: list[_Receiver[T]] = []
        self._final: T | None = None

    def __del__(self) -> None:
        # Not `remove()`: the garbage collector may run in any thread, and that wakes a task.
        if hasattr(self, "_held"):
            self._backlog.held -= self._held

    @property
    def is_polling(self) -> bool:
        """Whether the reader runs."""
        return self.poll_task is not None and not self.poll_task.done()

    def queued_messages_count(self) -> int:
        """Messages that nobody has taken."""
        return len(self._stored)

    async def receive(self, predicate: Predicate[T], *, share: bool = False) -> T | None:
        """The oldest message that `predicate` takes; None at the end of the stream.

        `share`: a message that another receiver takes is welcome too.
        Raises what the delegate raises.
        """
        for index, (message, _) in enumerate(self._stored):
            if predicate(message):
                self._drop(index)
                return message
        if self._final is not None:
            return self._final
        receiver = _Receiver(predicate, asyncio.get_running_loop().create_future(), share)
        self._receivers.append(receiver)
        if not self.is_polling:
            self.poll_task = asyncio.create_task(self._poll())
            self.poll_task.add_done_callback(self._cancel_with)
        try:
            return await receiver.future
        except asyncio.CancelledError:
            self._give_back(receiver)
            raise

    def forget(self, predicate: Predicate[T]) -> None:
        """Drop the stored messages that `predicate` takes."""
        kept = [(message, size) for message, size in self._stored if not predicate(message)]
        dropped = self._held - sum(size for _, size in kept)
        self._stored, self._held = kept, self._held - dropped
        self._backlog.remove(dropped)

    def _push_back(self, message: T) -> None:
        """Hand out a message as if it had just arrived."""
        if self._is_final(message):
            self._final = message
            self._release(lambda receiver: receiver.future.set_result(message))
            return
        takers = [r for r in self._receivers if not r.future.done() and r.wants(message)]
        if not takers:
            self._store(message)
            return
        sharer = next((r for r in takers[1:] if r.shares), None)
        for receiver in (takers[0], sharer):
            if receiver is not None:
                self._receivers.remove(receiver)
                receiver.future.set_result(message)

    def _is_final(self, message: T) -> bool:
        """Whether this message ends every wait, now and later."""
        return False

    async def _poll(self) -> None:
        try:
            while self._receivers:
                if self._own and self._backlog.full:
                    await self._backlog.room()
                message = await self.receive_delegate()
                if message is None:
                    self._release(lambda receiver: receiver.future.set_result(None))
                    return
                self._push_back(message)
        except Exception as error:
            fault = error
            self._release(lambda receiver: receiver.future.set_exception(fault))

    def _cancel_with(self, reader: "asyncio.Task[None]") -> None:
        """A cancelled reader may never have begun, so it cannot see to this itself."""
        if reader.cancelled():
            self._release(lambda receiver: receiver.future.cancel())

    def _release(self, settle: Callable[[_Receiver[T]], object]) -> None:
        receivers, self._receivers = self._receivers, []
        for receiver in receivers:
            if not receiver.future.done():
                settle(receiver)

    def _store(self, message: T, *, first: bool = False) -> None:
        size = weigh(message)
        self._stored.insert(0 if first else len(self._stored), (message, size))
        self._held += size
        self._backlog.add(size)

    def _drop(self, index: int) -> None:
        _, size = self._stored.pop(index)
        self._held -= size
        self._backlog.remove(size)

    def _give_back(self, receiver: _Receiver[T]) -> None:
        """A reader that was cancelled between a message's arrival and its reading loses nothing."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)
        elif receiver.future.done() and not receiver.future.cancelled() and receiver.future.exception() is None:
            message = receiver.future.result()
            if message is not None and message is not self._final:
                self._store(message, first=True)


class MessageQueueWithError(MessageQueue[T]):
    """A message that `error_predicate` takes ends every wait, now and later."""

    def __init__(
        self,
        receive_delegate: Callable[[], Awaitable[T | None]],
        error_predicate: Predicate[T],
        *,
        backlog: Backlog | None = None,
    ) -> None:
        super().__init__(receive_delegate, backlog=backlog)
        self._error_predicate = error_predicate

    def _is_final(self, message: T) -> bool:
        return self._error_predicate(message)


class SharedEndQueue(MessageQueue[T]):
    """The messages of one stream for several consumers, all of whom see its end."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[T | None]],
        error_predicate: Predicate[T],
        end_predicate: Predicate[T],
        *,
        backlog: Backlog | None = None,
    ) -> None:
        super().__init__(receive, backlog=backlog)
        self._error_predicate = error_predicate
        self._end_predicate = end_predicate

    def _is_final(self, message: T) -> bool:
        return self._error_predicate(message) or self._end_predicate(message)
