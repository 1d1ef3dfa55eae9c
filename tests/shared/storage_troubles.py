"""What can happen to a database, and really does."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from service_processes import PostgresServer

#: Holds the file's lock until its input ends; with `all`, readers have to wait as well, with `newcomers` also
#: those who open a file that has no log yet.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "all":
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
connection.execute("BEGIN IMMEDIATE" if sys.argv[2] == "newcomers" else "BEGIN EXCLUSIVE")
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
    before, compiled = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    # Python would keep half of a module that is first imported in the block, and take it for whole ever after.
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = compiled


@contextmanager
def away(postgres: PostgresServer) -> Iterator[None]:
    """PostgreSQL is killed, and started again at the end."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.start()


@pytest.fixture(params=["PostgreSQL killed", "file locked", "disk full"])
def losing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], AbstractContextManager[object]]:
    """The database that the settings of this test name; what is called makes it unusable, for the time of a block."""
    if request.param == "PostgreSQL killed":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setenv("VOXWIRE_STORAGE__URL", postgres.new_database())
        return lambda: away(postgres)
    file = tmp_path / "voxwire.db"
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{file}")
    if request.param == "disk full":
        return small_files
    monkeypatch.setattr("voxwire.storage.connections._PATIENCE_S", 0.3)
    return lambda: held(file)
