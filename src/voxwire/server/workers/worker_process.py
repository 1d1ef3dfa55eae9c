"""One worker, as the parent sees it: a process, what is said to it, and the connections that it was handed."""

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from voxwire.server.workers.line import Handler, WorkerLine
from voxwire.server.workers.passing import Receiving, passed
from voxwire.server.workers.worker_start import WorkerStart

logger = logging.getLogger("voxwire.server")

#: How long a worker may take to leave once its line has ended, before it is killed; seconds.
_LEAVE_S: Final = 10.0
#: A worker that has taken nothing for so long of what it was given has no room for more; seconds.
_STUCK_S: Final = 1.0

_numbers: Final = itertools.count(1)


class ServerWorker:
    """Made, launched, ready, ended."""

    def __init__(self, start: WorkerStart) -> None:
        self.number: Final = start.number
        #: No two that have lived have the same.
        self.name: Final = f"{start.number}.{next(_numbers)}"
        self.ready = False
        self.facts: Any = None
        """What it says of itself when it is ready."""
        self.failure: tuple[bool, str] | None = None
        """Why it does not start: whether an operator has to mend that, and the words for it."""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the process is gone; how that came."""
        self._start = start
        self._passed = 0
        self._taken, self._open, self._full = 0, 0, False
        self._waits_since = 0.0
        self._line: WorkerLine | None = None
        self._pipe: socket.socket | None = None
        self._receiving: Receiving | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def launch(
        self,
        program: str,
        says: dict[str, Handler],
        changed: Callable[["ServerWorker"], None],
        forward: Callable[[socket.socket, int], None],
    ) -> None:
        """Start the process, which runs the module `program`. `says` is what it may say beside what it says to this
        one; `changed` is called when it is ready, and when it is gone, also where the system has no process for it;
        `forward` is told of a connection that is meant for another worker."""
        own: dict[str, Handler] = {
            "ready": lambda facts: self._is_ready(facts, changed),
            "failed": self._has_failed,
            "held": self._holds,
            "closing": lambda _: self._closes(),
        }
        try:
            self._process = await self._make_process(program, {**says, **own}, forward)
        except BaseException as error:
            self._is_over(f"no process can be made: {error}", changed)
            if not isinstance(error, OSError):  # cancelled
                raise
            return
        self._reaper = asyncio.create_task(self._reap(self._process, changed), name=f"worker {self.name}")
        self.tell("begin", self._start.packed())

    # --- what is said to it ---

    def tell(self, what: str, body: object = None) -> None:
        if self._line is not None:
            self._line.tell(what, body)

    async def ask(self, what: str, body: object = None) -> Any:
        """Raises LineLost."""
        assert self._line is not None
        return await self._line.ask(what, body)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    # --- Host ---

    @property
    def burden(self) -> tuple[bool, int]:
        """Whether it has no room for sessions, and its connections, with those on their way to it."""
        stuck = self._on_way > 0 and asyncio.get_running_loop().time() - self._waits_since > _STUCK_S
        return self._full or stuck, self._open + self._on_way

    def take(self, connection: socket.socket, note: int = 0) -> bool:
        if self._pipe is None or not passed(self._pipe, connection, note):
            return False
        if not self._on_way:
            self._waits_since = asyncio.get_running_loop().time()
        self._passed += 1
        return True

    @property
    def _on_way(self) -> int:
        return self._passed - self._taken

    # --- inside ---

    async def _make_process(
        self, program: str, says: dict[str, Handler], forward: Callable[[socket.socket, int], None]
    ) -> asyncio.subprocess.Process:
        """Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._line = line = WorkerLine(says, self._is_silent)
            await asyncio.get_running_loop().create_unix_connection(lambda: line, sock=ours)
            self._pipe, their_pipe = socket.socketpair()
            with their_pipe:
                self._receiving = Receiving(self._pipe, forward)
                self._receiving.open()
                descriptors = theirs.fileno(), their_pipe.fileno()
                # -P keeps the current folder out of the worker's module path: a file there must not shadow a library.
                return await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    program,
                    *map(str, descriptors),
                    pass_fds=descriptors,
                    stdin=asyncio.subprocess.DEVNULL,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                )

    def _is_ready(self, facts: Any, changed: Callable[["ServerWorker"], None]) -> None:
        self.facts = facts
        self.ready = True
        changed(self)

    def _has_failed(self, failure: tuple[bool, str]) -> None:
        self.failure = failure[0], failure[1]

    def _holds(self, told: tuple[int, int, bool]) -> None:
        self._taken, self._open, self._full = told
        self._waits_since = asyncio.get_running_loop().time()

    def _is_silent(self) -> None:
        """Its line has ended: it leaves, or nobody can tell it to."""
        self.ready = False
        asyncio.get_running_loop().call_later(_LEAVE_S, self.kill)

    def _closes(self) -> None:
        """It takes no more connections."""
        self.ready = False

    async def _reap(self, process: asyncio.subprocess.Process, changed: Callable[["ServerWorker"], None]) -> None:
        code = await process.wait()
        self._is_over(f"signal {-code}" if code < 0 else f"exit status {code}", changed)

    def _is_over(self, how: str, changed: Callable[["ServerWorker"], None]) -> None:
        self.ready = False
        if self._line is not None:
            self._line.close()
        if self._receiving is not None:
            self._receiving.close()
        self.ended.set_result(how)
        changed(self)
