"""One leased place in a worker, as the host's engines use it."""

import asyncio
from collections import deque
from typing import Generic, Protocol, TypeVar

import msgspec

from voxwire.awake import awake_clock
from voxwire.engines.worker.frames import FrameKind, encode_body
from voxwire.errors import EngineError

ReplyT = TypeVar("ReplyT")


class Line(Protocol):
    """The way to the worker."""

    def write(self, kind: FrameKind, stream: int, body: object = None) -> None:
        """Send a frame; does nothing once the worker is gone."""

    def released(self, stream: int) -> None:
        """The stream is over on both sides."""


class Stream(Generic[ReplyT]):
    """A two-way stream of messages; ends by itself, by failure, or by `cancel()`.

    One task may send while another receives. Iterating yields the replies, ends when the worker
    ended the stream or it was cancelled, and raises EngineError, once, when the work failed or the worker died.
    """

    def __init__(self, line: Line, number: int, decoder: msgspec.msgpack.Decoder[ReplyT], window: int) -> None:
        self._line = line
        self._number = number
        self._decoder = decoder
        self._window = window
        self._inbox: deque[msgspec.Raw] = deque()
        self._unacked = 0
        self._open = True
        self._cancelled = False
        self._failure: EngineError | None = None
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._clock = awake_clock()
        self._progress = self._clock.time()

    async def send(self, request: object) -> None:
        """Send a message; waits while the worker is a window behind. Ignored once the stream is over."""
        while self._open and self._unacked >= self._window:
            self._writable.clear()
            await self._writable.wait()
        if not self._open:
            return
        body = encode_body(request)
        if not self._unacked:
            self._touch()
        self._unacked += len(body)
        self._line.write(FrameKind.DATA, self._number, body)

    async def taken(self) -> None:
        """Wait until the worker has dealt with everything that was sent, or the stream is over."""
        while self._open and self._unacked:
            self._writable.clear()
            await self._writable.wait()

    def __aiter__(self) -> "Stream[ReplyT]":
        return self

    async def __anext__(self) -> ReplyT:
        while not self._inbox:
            if self._failure:
                raise self._take_failure()
            if not self._open:
                raise StopAsyncIteration
            self._readable.clear()
            await self._readable.wait()
        body = self._inbox.popleft()
        if self._open:
            self._touch()
            self._line.write(FrameKind.ACK, self._number, len(body))
        return self._decoder.decode(body)

    def cancel(self) -> None:
        """Stop the work; no reply is yielded after this. Idempotent, also after the end."""
        self._inbox.clear()
        self._failure = None
        if self._open:
            self._close()
            self._cancelled = True
            self._touch()
            self._line.write(FrameKind.CANCEL, self._number)

    # --- called by the process ---

    def revoke(self, failure: EngineError) -> None:
        """Take the place back; the iteration raises `failure`."""
        self.cancel()
        self._failure = failure

    def take(self, kind: FrameKind, body: msgspec.Raw) -> None:
        """A frame of the worker for this stream, `END` and `FAIL` excepted."""
        self._touch()
        if kind is FrameKind.ACK:
            self._unacked -= msgspec.msgpack.decode(body, type=int)
            self._writable.set()
        elif self._open:
            self._inbox.append(body)
            self._readable.set()

    def finish(self, failure: EngineError | None = None) -> None:
        """The worker's side is over; what it sent before is still yielded."""
        if self._open:
            self._failure = failure
            self._close()
        self._line.released(self._number)

    def stalled(self, now: float, limit: float) -> bool:
        """Whether the worker owes something and has been silent for `limit` seconds.

        It owes the end of a cancelled stream, or the acknowledgement of a message. While replies wait
        for our own reader, the silence is not the worker's.
        """
        owes = self._cancelled or (self._unacked > 0 and not self._inbox)
        return owes and now - self._progress > limit

    def idle(self, now: float, limit: float) -> bool:
        """Whether we ourselves have asked for nothing for `limit` seconds while holding the place."""
        return self._open and not self._unacked and not self._inbox and now - self._progress > limit

    def _take_failure(self) -> EngineError:
        """Given away, not kept: once raised, it holds the frames of its reader, and us."""
        assert self._failure is not None
        failure, self._failure = self._failure, None
        return failure

    def _touch(self) -> None:
        self._progress = self._clock.time()

    def _close(self) -> None:
        self._open = False
        self._readable.set()
        self._writable.set()
