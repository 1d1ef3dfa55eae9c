"""Real PostgreSQL and Redis processes for tests: on loopback, in a temporary folder, of nobody else's."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WAIT_S = 30.0


class Missing(RuntimeError):
    """A program is not installed."""


def program(name: str) -> str:
    """Where a program of PostgreSQL or Redis is; Debian keeps some of them out of the way, and puts scripts before
    others that take longer than the program."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed; type: scripts/setup services")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    return [process for process, of in pairs if of == parent]


def _signal(processes: list[int], number: signal.Signals) -> None:
    """Send a signal to those of the processes that there still are: each may end at any moment."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


class PostgresServer:
    """A PostgreSQL of its own, with a password. Nothing of it is synced to the disk: what is committed outlives the
    process, not the machine."""

    def __init__(self) -> None:
        self._initdb, self._postgres, self._psql = map(program, ("initdb", "postgres", "psql"))
        self._account = _account()
        self._folder = Path(tempfile.mkdtemp(prefix="voxwire-pg-"))
        if self._account:
            os.chown(self._folder, self._account["user"], self._account["group"])
        self._process: subprocess.Popen[bytes] | None = None
        self._free: list[str] = []
        self._lent: list[str] = []
        self.port = free_port()
        self.password = secrets.token_hex(8)
        secret = self._folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        options = ["--pgdata", str(self._data), "--username", "voxwire", "--pwfile", str(secret), "--no-sync"]
        self._run([self._initdb, *options, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"])

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://voxwire:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def new_database(self) -> str:
        """The URL of an empty database, which is the caller's until `take_back`."""
        if self._free:
            name = self._free.pop()
            ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            self.execute(ended)
            self.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public", self.url(name))
        else:
            name = f"test_{len(self._lent) + 1}"  # none is free, so all are lent
            self.execute(f"CREATE DATABASE {name}")
        self._lent.append(name)
        return self.url(name)

    def take_back(self) -> None:
        """Nobody needs the databases any more that were given out: each takes a thousand files."""
        self._free += self._lent
        self._lent.clear()

    def execute(self, statement: str, url: str | None = None) -> str:
        """Run a statement; what comes back as unaligned text."""
        command = [self._psql, "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url or self.url("postgres"), "-c", statement]
        return self._run(command)

    def start(self) -> None:
        settings = {
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "60",
            "shared_buffers": "16MB",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._postgres, "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._account,
            )
        self._wait_until_it_answers()

    def kill(self) -> None:
        """End it at once, as a crash does, also where it stands still; `start` recovers."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT)
        # What stands still takes no signal before it goes on.
        _signal([*_children(process.pid), process.pid], signal.SIGCONT)
        try:
            process.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_WAIT_S)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """All of its processes stand still in this block: connections stay, and nobody answers."""
        process = self._process
        assert process is not None
        children: list[int] = []
        try:
            process.send_signal(signal.SIGSTOP)  # it first: so its children become no more
            children = _children(process.pid)
            _signal(children, signal.SIGSTOP)
            yield
        finally:
            _signal(children, signal.SIGCONT)
            process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _WAIT_S
        while True:
            try:
                self.execute("SELECT 1")
            except subprocess.CalledProcessError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.05)
            else:
                return

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
            **self._account,
        )
        return str(done.stdout).strip()


class RedisServer:
    """A Redis of its own, which keeps nothing on disk. `kill` and `start` lose what was in it."""

    def __init__(self) -> None:
        self._program = program("redis-server")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir()
        )
        deadline = time.monotonic() + _WAIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Redis did not start")
            time.sleep(0.02)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def empty(self) -> None:
        """Forget everything, if it runs."""
        self._ask(b"FLUSHALL\r\n")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(_WAIT_S)
            self._process = None

    def _answers(self) -> bool:
        try:
            return self._ask(b"PING\r\n").startswith(b"+PONG")
        except OSError:
            return False

    def _ask(self, command: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(command)
            return connection.recv(100)
