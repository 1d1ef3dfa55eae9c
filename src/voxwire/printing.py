"""What a command prints: standard output may be full, or read by nobody any more; standard error too.

Python buffers what is printed, so a failure shows late: at a flush, or when the interpreter ends and can only complain.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from voxwire.errors import VoxwireError


class OutputError(VoxwireError):
    """Standard output takes no more. `reader_left`: the reader has seen enough, which needs no words."""

    def __init__(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__(f"Cannot write to standard output: {reason[0].lower()}{reason[1:]}.")
        self.reader_left = isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE


@contextlib.contextmanager
def writing(out: TextIO) -> Iterator[None]:
    """For a block that does nothing but write to `out`. Raises OutputError once; later writes go nowhere.

    So what is printed on the way out can neither fail again nor keep anything from being ended.
    """
    try:
        yield
        out.flush()
    except OSError as error:
        _abandon(out)
        raise OutputError(error) from error


def say(text: str) -> None:
    """Print a line. Raises OutputError."""
    with writing(sys.stdout):
        print(text)


def complain(text: str) -> None:
    """Print a line on standard error; where that fails, nobody is left who could be told."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def open_missing() -> None:
    """Give a process that was started without standard streams (`>&-`) ones that lead nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


def _abandon(out: TextIO) -> None:
    """Let everything that is still buffered, or will be printed, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)
