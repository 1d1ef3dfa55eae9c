"""What can happen to the file of a database, and really does."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Holds the file's lock until its input ends; with `all`, readers have to wait as well.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "all":
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(file: Path, whom: str = "writers") -> Iterator[Callable[[], None]]:
    """Another process has the lock; what is yielded ends that."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, file, whom], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.stdin.close
        finally:
            process.stdin.close()


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 16 KiB, the log that SQLite writes first among them."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
