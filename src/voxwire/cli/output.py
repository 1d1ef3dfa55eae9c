"""Printing that never waits for its reader.

A terminal stopped by Ctrl-S, or a supervisor that does not read its pipe, accepts nothing more after some
64 KiB. A server that waits there serves nobody, so a thread does the waiting.
"""

import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Characters that may wait on one stream: some 2,000 lines of the access log.
MAX_WAITING: Final = 256 * 1024
#: A line that is longer is passed on before its end.
_LONGEST_LINE: Final = 64 * 1024
#: How long the last lines of both streams together may take.
_FAREWELL_S: Final = 2.0


@contextmanager
def background_output() -> Iterator[None]:
    """Have threads write this process's stdout and stderr while the block lasts.

    At its end what waits is written, for at most 2 s. A stream without a file, as tests have, is left alone.
    """
    before = sys.stdout, sys.stderr
    threaded = [_threaded(sys.stdout), _threaded(sys.stderr)]
    sys.stdout, sys.stderr = threaded[0] or before[0], threaded[1] or before[1]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        deadline = time.monotonic() + _FAREWELL_S
        for stream in threaded:
            if stream is not None:
                stream.drain(deadline - time.monotonic())


def _threaded(stream: io.TextIOBase | object) -> "ThreadedStream | None":
    try:
        descriptor = stream.fileno()  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):  # None, a stream in memory, a closed one
        return None
    stream.flush()  # type: ignore[union-attr]
    return ThreadedStream(descriptor)


class ThreadedStream(io.TextIOBase):
    """A text stream whose `write` puts lines into a bounded queue, from which a thread takes them.

    Once the queue is full, lines are dropped until the thread gets on; then one line says how many. Errors of
    the file lose lines in the same way: there is nobody left to tell. The thread lives as long as the process.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = ""
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0
        self._writing = False
        # Its lock is reentrant: a signal handler may print while the same thread does.
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name=f"output {descriptor}", daemon=True).start()

    def write(self, text: str) -> int:
        with self._changed:
            lines, newline, rest = (self._begun + text).rpartition("\n")
            self._begun = rest
            if newline:
                self._put(lines + newline)
            if len(rest) > _LONGEST_LINE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Pass on the beginning of a line; waits for nothing."""
        with self._changed:
            if self._begun:
                begun, self._begun = self._begun, ""
                self._put(begun)

    def drain(self, seconds: float) -> None:
        """Wait until everything is written, for at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._lines or self._dropped or self._writing), max(0.0, seconds))

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def _put(self, text: str) -> None:
        if self._dropped or self._size + len(text) > MAX_WAITING:
            self._dropped += text.count("\n") or 1
        else:
            self._lines.append(text)
            self._size += len(text)
        self._changed.notify_all()

    def _run(self) -> None:
        unsaid = 0
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lines or self._dropped)
                text = "".join(self._lines)
                unsaid += self._dropped
                self._lines.clear()
                self._size = self._dropped = 0
                self._writing = True
            lines = text.count("\n")
            if unsaid:
                text += f"voxwire: {unsaid} lines are missing here, because nobody read this output in time.\n"
            try:
                self._write_out(text.encode(errors="backslashreplace"))
                unsaid = 0
            except OSError:
                unsaid += lines

    def _write_out(self, data: bytes) -> None:
        # To the descriptor, not to Python's own stream: its lock, held by a waiting thread, would stop the
        # interpreter on its way out.
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # the file is shared with a program that made it non-blocking
                select.select([], [self._descriptor], [])
