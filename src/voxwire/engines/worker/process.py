"""One worker process, as the host sees it: start, frames, watch, end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final, Generic, cast

import msgspec

from voxwire.awake import awake_clock
from voxwire.engines.worker.frames import (
    BadFrame,
    Frame,
    FrameKind,
    FrameReader,
    Start,
    WorkerFailure,
    encode_body,
    encode_frame,
)
from voxwire.engines.worker.stream import ReplyT, Stream
from voxwire.errors import ConfigurationError, EngineDied, EngineError

_log = logging.getLogger(__name__)
#: How long a child may take to leave by itself once its socket is closed, before it is killed.
_LEAVE_S: Final = 1.0
#: Looks after which a worker that has not answered is taken to hang.
_MISSED: Final = 3


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of worker.

    `service` is `package.module:callable`; it runs in the child with `options` and returns a
    `voxwire.engines.worker.child.Service`. `stage` goes into errors, `name` into logs.
    """

    stage: str
    name: str
    service: str
    options: dict[str, Any] = {}
    capacity: int = 1
    """Streams that one process serves at a time."""
    forks: bool = False
    """Whether each stream gets a process of its own, forked from the one that has loaded the service
    (`voxwire.engines.worker.forking`)."""
    window: int = 64 * 1024
    """Bytes that either side may be ahead of the other in one stream: two seconds of 16 kHz audio."""
    start_s: float = 60.0
    """Loading a model takes 0.3 s warm, several seconds from a cold disk; past this it will not come."""
    stall_s: float = 10.0
    """A worker that owes an answer and is silent this long is killed."""
    heartbeat_s: float = 1.0
    """A worker with nothing to do is asked this often whether it is there. One that hangs is killed, and replaced,
    when it has not answered three times."""
    idle_s: float = 5.0
    """A stream whose owner asks nothing for this long loses its place once others wait for one: a client
    that stops in the middle of a sentence costs only itself."""


class WorkerProcess(asyncio.Protocol, Generic[ReplyT]):
    """A running child.

    `freed` is called when a place may have become free, `ended` once, after its streams have failed;
    `wanted` tells whether somebody waits for a place.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        decoder: msgspec.msgpack.Decoder[ReplyT],
        *,
        freed: Callable[[], None],
        ended: Callable[["WorkerProcess[ReplyT]"], None],
        wanted: Callable[[], bool],
    ) -> None:
        self.spec = spec
        self.description: Any = None
        self._decoder = decoder
        self._freed = freed
        self._ended = ended
        self._wanted = wanted
        self._streams: dict[int, Stream[ReplyT]] = {}
        self._last_stream = 0
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reason: str | None = None
        self._spawning: asyncio.Task[None] | None = None
        self._reaper: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._watch_s = min(spec.stall_s / 4, spec.idle_s / 4, spec.heartbeat_s)
        self._looks = 0
        self._looks_a_beat = max(1, round(spec.heartbeat_s / self._watch_s))
        self._unanswered = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def warm(self) -> bool:
        """Whether the service came up; stays true after the end."""
        return self._ready.done() and not self._ready.exception()

    @property
    def free(self) -> int:
        """Streams that can be opened now."""
        usable = self.warm and not self._suspected and self._transport is not None and not self._transport.is_closing()
        return self.spec.capacity - len(self._streams) if usable else 0

    async def start(self) -> None:
        """Start the child and wait until it is warm. Raises ConfigurationError or EngineError.

        The caller that cancels it calls `close`.
        """
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        # Shielded: asyncio may wait for ever when it is interrupted here, and uvloop leaves a child to nobody.
        self._spawning = loop.create_task(self._spawn(theirs))
        try:
            await asyncio.shield(self._spawning)
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        start = Start(self.spec.service, encode_body(self.spec.options), self.spec.forks)
        self.write(FrameKind.START, 0, start)
        try:
            async with asyncio.timeout(self.spec.start_s):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill(f"not ready within {self.spec.start_s:.0f} s")
            raise EngineError(
                self.spec.stage, "engine_start_timeout", f"{self.spec.name} was not ready in time."
            ) from None
        self._watch = loop.call_later(self._watch_s, self._check)

    def open(self) -> Stream[ReplyT]:
        """Begin a stream; only while `free`."""
        self._last_stream += 1
        stream = Stream(self, self._last_stream, self._decoder, self.spec.window)
        self._streams[self._last_stream] = stream
        self.write(FrameKind.OPEN, self._last_stream)
        return stream

    def kill(self, reason: str) -> None:
        """End the child at once; its streams fail with this reason."""
        self._reason = self._reason or reason
        self._signal_death()

    async def close(self) -> None:
        """Let the child leave, kill it if it does not; returns when it is gone. Idempotent."""
        self._reason = self._reason or "closed"
        if self._transport:
            self._transport.close()
        if self._spawning:  # its failure is that of `start`
            await asyncio.gather(asyncio.shield(self._spawning), return_exceptions=True)
        if self._reaper and self._process:
            try:
                async with asyncio.timeout(_LEAVE_S):
                    await asyncio.shield(self._reaper)
            except TimeoutError:
                self.kill("closed")
                await self._reaper

    # --- the line of streams ---

    def write(self, kind: FrameKind, stream: int, body: object = None) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(encode_frame(kind, stream, body))

    def released(self, stream: int) -> None:
        if self._streams.pop(stream, None):
            self._freed()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports have no common base with these

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._handle(frame)
        except BadFrame as error:
            self.kill(f"it sent {error}")

    def connection_lost(self, _: Exception | None) -> None:
        # A child without its socket is of no use, however it came to that.
        if self._reason is None:
            self._signal_death()

    # --- inside ---

    async def _spawn(self, theirs: socket.socket) -> None:
        """Make the child, which takes this socket along."""
        descriptor = theirs.fileno()
        # -P keeps the current folder out of the child's module path: a file there must not shadow a library.
        command = (sys.executable, "-P", "-m", "voxwire.engines.worker", str(descriptor), str(self.spec.window))
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=[descriptor],
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        self._reaper = asyncio.get_running_loop().create_task(self._reap(self._process))

    def _signal_death(self) -> None:
        # Not Process.kill(): that polls first, which may reap the child before asyncio's own watcher
        # thread does and lose its exit status (CPython 3.11).
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def _handle(self, frame: Frame) -> None:
        if frame.stream == 0:
            self._handle_own(frame)
        elif stream := self._streams.get(frame.stream):
            if frame.kind is FrameKind.END:
                stream.finish()
            elif frame.kind is FrameKind.FAIL:
                failure = msgspec.msgpack.decode(frame.body, type=WorkerFailure)
                stream.finish(EngineError(self.spec.stage, failure.code, failure.message))
            else:
                stream.take(frame.kind, frame.body)

    def _handle_own(self, frame: Frame) -> None:
        if frame.kind is FrameKind.PONG:
            suspected, self._unanswered = self._suspected, 0
            if suspected:
                self._freed()
            return
        if self._ready.done():
            return
        if frame.kind is FrameKind.READY:
            self.description = msgspec.msgpack.decode(frame.body)
            self._ready.set_result(None)
            self._freed()
        elif frame.kind is FrameKind.FAIL:
            failure = msgspec.msgpack.decode(frame.body, type=WorkerFailure)
            if failure.configuration:
                self._ready.set_exception(ConfigurationError(failure.message))
            else:
                self._ready.set_exception(EngineError(self.spec.stage, failure.code, failure.message))

    @property
    def _suspected(self) -> bool:
        """Whether it had time to answer and has not: it gets no work until it does."""
        return self._unanswered > 1

    def _beat(self) -> bool:
        """Ask an idle worker whether it is there; False when it has not answered for too long.

        Looks are counted, not seconds: after a pause of the whole machine there has been one look, and the
        worker answers before the next. One that got work meanwhile is still asked for its answer, which is due
        before anything of that work.
        """
        self._looks += 1
        if self._looks % self._looks_a_beat:
            return True
        if self._unanswered >= _MISSED:
            return False
        if self._unanswered:
            self._unanswered += 1
        elif not self._streams:
            self._unanswered = 1
            self.write(FrameKind.PING, 0)
        return True

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        now = awake_clock().time()
        if any(stream.stalled(now, self.spec.stall_s) for stream in self._streams.values()):
            self.kill(f"no progress for {self.spec.stall_s:.0f} s")
        elif not self._beat():
            self.kill("it hangs")
        elif self._wanted():
            for stream in list(self._streams.values()):
                if stream.idle(now, self.spec.idle_s):
                    idle = "Nothing came for too long, and another one needed the place."
                    stream.revoke(EngineError(self.spec.stage, "engine_idle", idle))
        self._watch = loop.call_later(self._watch_s, self._check)

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        """Forward the child's stderr to the log, wait for its end, fail what it leaves behind."""
        assert process.stderr is not None
        forwarding = asyncio.create_task(self._forward(process.stderr))
        code = await process.wait()
        if self._watch:
            self._watch.cancel()
        if self._transport:
            self._transport.close()
        detail = self._reason or (f"signal {-code}" if code < 0 else f"exit status {code}")
        died = EngineDied(self.spec.stage, f"{self.spec.name}, {detail}")
        if not self._ready.done():
            self._ready.set_exception(died)
            self._ready.exception()  # those who wait get it; perhaps nobody waits any more
        for stream in list(self._streams.values()):
            stream.finish(died)
        if self._reason != "closed":
            _log.warning("worker %s (pid %d) ended: %s", self.spec.name, process.pid, detail)
        self._ended(self)
        await forwarding

    async def _forward(self, stderr: asyncio.StreamReader) -> None:
        """What the child prints, line by line; services print no speech and no text of users."""
        while data := await stderr.read(4096):
            for line in data.decode(errors="replace").splitlines():
                _log.warning("worker %s (pid %d): %s", self.spec.name, self.pid, line)


def _environment() -> dict[str, str]:
    """The host's environment less our own settings, which hold keys; one thread for each child's mathematics."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOXWIRE_")}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
