"""The bounded way out of one attachment: frames in order, one writer, a deadline for the peer.

Producers look at `writable` and pause above the high-water mark; a peer that accepts nothing for the write deadline
is given up, and others do not notice. So is one for whom no producer pauses, when more waits than its limit. Frames are
dropped in one case alone: audio of an answer that was interrupted before they left. The client would throw it away,
it keeps the words of the next answer waiting, and nothing on the wire counts on it: no event repeats or sums up the
audio, and truncation clamps to what there is.

Most frames leave without the writer, in `flush` or two turns of the loop later (ADR 44).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, final

from voxwire.events.closing import CloseReason
from voxwire.interfaces.transport import Transport, TransportClosed
from voxwire.runtime.budget import Share
from voxwire.runtime.contracts import Clock, Timer
from voxwire.runtime.runtime_limits import RuntimeLimits

#: Frames handed to the transport together: more gains nothing, and cannot be taken back.
_TOGETHER_BYTES: Final = 16 * 1024


@final
class DeferredFrame:
    """A frame that the writer has made only when its turn has come, because that takes long.

    `make` returns the frame, or None when there is nothing to send; `size` is what it weighs until then.
    """

    __slots__ = ("make", "size")

    def __init__(self, make: Callable[[], Awaitable[bytes | None]], size: int) -> None:
        self.make = make
        self.size = size

    def __len__(self) -> int:
        return self.size


class Ending(Enum):
    """How the writer ended."""

    FINISHED = auto()
    """Everything was sent, then the transport was closed as asked."""
    GONE = auto()
    """The peer had closed the connection."""
    STALLED = auto()
    """The peer accepted nothing until a deadline."""
    OVERFLOWED = auto()
    """More waited than the limit allows."""


class Life(Enum):
    """Where an outbox stands, where nothing more has to be known."""

    OPEN = auto()
    """It takes frames."""
    CLOSED = auto()
    """The writer has ended."""


@dataclass(frozen=True, slots=True)
class Finishing:
    """What is queued leaves, then the transport is closed so."""

    reason: CloseReason
    message: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Nothing more leaves; the transport is closed as `farewell` says."""

    ending: Ending
    farewell: Finishing


_NOT_READING: Final = Finishing(CloseReason.NOT_READING, CloseReason.NOT_READING.value)


class Outbox:
    """Frames on their way to one transport. `put` never waits; `run` is the writer, to be run once.

    OPEN ──finish──▶ Finishing ──all sent──▶ CLOSED
      └──overflow, stall──▶ GivenUp ──────────▲ the peer may close at any time
    """

    def __init__(
        self,
        transport: Transport,
        limits: RuntimeLimits,
        clock: Clock,
        on_drained: Callable[[], None],
        share: Share,
        *,
        limit_bytes: int,
    ) -> None:
        """`on_drained` is called when `writable` has turned true again. Frames count in `share` from the
        high-water mark until the low one: below, there is nothing to speak of, and a delta need not be counted.
        `limit_bytes` is how much may wait, apart from the frame on its way and from those not made yet, which are
        large now and then; with them, it is what the limits say of every outbox."""
        self._transport = transport
        self._limits = limits
        self._clock = clock
        self._on_drained = on_drained
        self._share = share
        self._limit_bytes = limit_bytes
        # A list: mostly it is empty, and an empty deque weighs 600 bytes. Most of it leaves at once.
        self._frames: list[tuple[bytes | DeferredFrame, str | None]] = []
        self._bytes = 0
        self._excused = 0
        self.writable = True
        """False from the high-water mark until the low one."""
        self._state: Life | Finishing | GivenUp = Life.OPEN
        self._waiting: asyncio.Future[None] | None = None
        self._leaves = False
        self._scope: asyncio.Timeout | None = None
        self._sending_since: float | None = None
        self._watchdog: Timer | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames not yet handed to the transport."""
        return self._bytes

    @property
    def crowded(self) -> bool:
        """Whether the messages of all clients leave no memory for a large one."""
        return self._share.spent

    def put(self, frame: bytes | DeferredFrame, audio_of: str | None = None) -> None:
        """Queue a frame; `audio_of` names the response whose audio it carries. It leaves after the next `flush`."""
        if self._state is not Life.OPEN:
            return
        self._frames.append((frame, audio_of))
        self._bytes += len(frame)
        if type(frame) is DeferredFrame:
            self._excused += frame.size
        if self._bytes >= self._limits.outbox_high_bytes:
            self.writable = False
            self._share.hold(self._bytes)
            if self._bytes > self._limits.outbox_limit_bytes or self._bytes - self._excused > self._limit_bytes:
                self._give_up(Ending.OVERFLOWED)

    def flush(self, *, at_once: bool = False) -> None:
        """Let what was put leave: `at_once` where somebody waits for it, else in the turn of the loop after the next.
        By then the work that an input sets off has begun, an answer with its first sound, and all leaves in one write.
        Where many sessions speak, two turns of the loop are milliseconds."""
        if not self._frames or self._waiting is None:
            return
        if at_once:
            self._leave()
        elif not self._leaves:
            self._leaves = True
            asyncio.get_running_loop().call_soon(self._leave_next)

    def _leave_next(self) -> None:
        self._leaves = False
        asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        """What can leave without waiting does so here, the rest by the writer."""
        if self._frames and self._sending_since is None:
            self._send_now()
        if self._frames:
            self._wake_writer()

    def _wake_writer(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _send_now(self) -> None:
        """What the writer would hand over next. It does not send anything at the moment."""
        if self._state is not Life.OPEN or isinstance(self._frames[0][0], DeferredFrame):
            return
        frames, size = self._next_frames()
        if self._transport.send_now(*frames):
            del self._frames[: len(frames)]
            self._bytes -= size
            self._resume_producers()

    def discard_audio(self, response_id: str) -> None:
        """Drop the audio of an interrupted answer that is still here; everything else keeps its order."""
        dropped = sum(len(frame) for frame, audio_of in self._frames if audio_of == response_id)
        if dropped:
            self._frames = [entry for entry in self._frames if entry[1] != response_id]
            self._bytes -= dropped
            self._resume_producers()

    def finish(self, reason: CloseReason, message: str) -> None:
        """Send what is queued, then close the transport. Later frames are dropped."""
        if self._state is Life.OPEN:
            self._state = Finishing(reason, message)
            self._clock_watchdog(self._clock.time() + self._limits.close_deadline_s)
            self._wake_writer()

    async def run(self) -> Ending:
        """Write until finished, gone or given up; then the transport is closed, unless the peer did it."""
        try:
            async with asyncio.timeout(0 if isinstance(self._state, GivenUp) else None) as self._scope:
                await self._write()
            ending = Ending.FINISHED
        except TransportClosed:
            ending = Ending.GONE
        except TimeoutError:
            ending = self._state.ending if isinstance(self._state, GivenUp) else Ending.STALLED
        finally:
            self._scope = None
            last = self._state
            self._abandon()
        if ending is not Ending.GONE:
            await self._close(_farewell(last))
        return ending

    async def _write(self) -> None:
        while True:
            while self._frames:
                await self._send_next()
            if isinstance(self._state, Finishing):
                return
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    async def _send_next(self) -> None:
        """Apart from the loop: what was sent last is not held until the next frame comes."""
        if isinstance(head := self._frames[0][0], DeferredFrame):
            await self._make(head)
            return
        frames, size = self._next_frames()
        del self._frames[: len(frames)]
        self._excused += size
        self._sending_since = self._clock.time()
        if self._watchdog is None:
            self._clock_watchdog(self._sending_since + self._limits.write_deadline_s)
        await self._transport.send(*frames)
        self._sending_since = None
        self._bytes -= size
        self._excused -= size
        self._resume_producers()

    async def _make(self, head: DeferredFrame) -> None:
        """Put what the first frame becomes in its place; nobody else takes frames from there meanwhile."""
        frame = await head.make()
        self._bytes -= head.size
        self._excused -= head.size
        if frame is None:
            del self._frames[0]
            self._resume_producers()
        else:
            self._frames[0] = frame, None
            self._bytes += len(frame)
            if not self.writable:
                self._share.hold(self._bytes)

    def _next_frames(self) -> tuple[list[bytes], int]:
        """The frames to hand over together, and their bytes: what one turn of the loop made is one write."""
        frames: list[bytes] = []
        size = 0
        for frame, _ in self._frames:
            if type(frame) is DeferredFrame or (frames and size + len(frame) > _TOGETHER_BYTES):
                break
            frames.append(frame)
            size += len(frame)
        return frames, size

    async def _close(self, farewell: Finishing) -> None:
        try:
            async with asyncio.timeout(self._limits.close_deadline_s):
                await self._transport.close(farewell.reason, farewell.message)
        except TimeoutError:
            pass  # the peer does not read, so it cannot be told either; the transport tears down

    def _resume_producers(self) -> None:
        if self.writable:
            return
        if self._bytes > self._limits.outbox_low_bytes:
            self._share.hold(self._bytes)
        else:
            self._share.hold(0)
            self.writable = True
            self._on_drained()

    # One timer serves many frames: it is set when sending begins and looks, when it fires, whether the
    # frame then on its way has waited too long.

    def _clock_watchdog(self, when: float) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog = self._clock.call_at(when, self._look)

    def _look(self) -> None:
        self._watchdog = None
        if isinstance(self._state, Finishing):
            self._give_up(Ending.STALLED)
        elif self._sending_since is not None:
            due = self._sending_since + self._limits.write_deadline_s
            if due <= self._clock.time():
                self._give_up(Ending.STALLED)
            else:
                self._clock_watchdog(due)

    def _give_up(self, ending: Ending) -> None:
        if self._state is Life.OPEN or isinstance(self._state, Finishing):
            self._state = GivenUp(ending, _farewell(self._state))
            if self._scope is not None:
                self._scope.reschedule(asyncio.get_running_loop().time())

    def _abandon(self) -> None:
        self._state = Life.CLOSED
        self._frames.clear()
        self._bytes = self._excused = 0
        self._resume_producers()
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None


def _farewell(state: Life | Finishing | GivenUp) -> Finishing:
    """What the peer is told: what was decided first."""
    match state:
        case Finishing():
            return state
        case GivenUp():
            return state.farewell
    return _NOT_READING
