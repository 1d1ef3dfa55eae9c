"""Messages, handed to whoever waits for their kind.

One reader task runs, and only while somebody waits. An arriving message goes to the first waiting receiver whose
predicate takes it; what nobody takes is stored, in order, for later receivers. So output can be read late: after the
response is done, and after the connection is closed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

Predicate = Callable[[T], bool]

#: Three quarters of an hour of a response's deltas. Who leaves more unread loses the oldest.
_MAX_STORED = 65_536


@dataclass(eq=False)
class _Receiver(Generic[T]):
    wants: Predicate[T]
    future: "asyncio.Future[T | None]"
    shares: bool


class MessageQueue(Generic[T]):
    """`receive_delegate` fetches the next message, or None at the end of the stream."""

    def __init__(self, receive_delegate: Callable[[], Awaitable[T | None]]) -> None:
        self.receive_delegate = receive_delegate
        self.poll_task: asyncio.Task[None] | None = None
        self._stored: list[T] = []
        self._receivers: list[_Receiver[T]] = []
        self._final: T | None = None

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
        for index, message in enumerate(self._stored):
            if predicate(message):
                return self._stored.pop(index)
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

    def _store(self, message: T) -> None:
        if len(self._stored) >= _MAX_STORED:
            _LOGGER.warning("More than %d messages are unread; the oldest is dropped", _MAX_STORED)
            del self._stored[0]
        self._stored.append(message)

    def _give_back(self, receiver: _Receiver[T]) -> None:
        """Whoever was cancelled between a message's arrival and its reading loses nothing."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)
        elif receiver.future.done() and not receiver.future.cancelled() and receiver.future.exception() is None:
            message = receiver.future.result()
            if message is not None and message is not self._final:
                self._stored.insert(0, message)


class MessageQueueWithError(MessageQueue[T]):
    """A message that `error_predicate` takes ends every wait, now and later."""

    def __init__(self, receive_delegate: Callable[[], Awaitable[T | None]], error_predicate: Predicate[T]) -> None:
        super().__init__(receive_delegate)
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
    ) -> None:
        super().__init__(receive)
        self._error_predicate = error_predicate
        self._end_predicate = end_predicate

    def _is_final(self, message: T) -> bool:
        return self._error_predicate(message) or self._end_predicate(message)
