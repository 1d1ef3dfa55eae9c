"""The servers under measurement, as pinned child processes, and what the kernel knows about them."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from address import Address
from processes import with_descendants

_HERE = Path(__file__).parent
#: Server on the last core, generator on the first: they never compete.
_CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU = _CPUS[-1]
GENERATOR_CPU = _CPUS[0]
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_PATH = "/openai/v1/realtime?model=gpt-realtime"

#: What can be measured: name, script with its arguments.
SCRIPTS = {
    "floor": ["floor.py"],
    "voxwire": ["fake_server.py"],
    "text": ["fake_server.py", "--store", "text"],
    "text+audio": ["fake_server.py", "--store", "text+audio"],
    "embedded": ["fake_server.py", "--embedded"],
    "delayed": ["fake_server.py", "--delayed"],
    "drafted": ["fake_server.py", "--delayed", "--drafts"],
    "chat": ["chat_endpoint.py"],
}


class Used(NamedTuple):
    """Between two looks: processor seconds, seconds spent waiting for a processor."""

    cpu_s: float
    waited_s: float


class Usage(dict[str, tuple[int, int]]):
    """What each thread has used since it began, in nanoseconds: processor, waiting for a processor."""

    @classmethod
    def of(cls, pids: Iterable[int]) -> "Usage":
        found = cls()
        for pid in pids:
            for task in Path(f"/proc/{pid}/task").glob("*"):
                try:
                    ran, waited, _ = (task / "schedstat").read_text().split()
                except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                    continue
                found[task.name] = int(ran), int(waited)
        return found

    def __sub__(self, before: "Usage") -> Used:
        """What threads that live used since `before`."""
        pairs = [(now, before.get(task, (0, 0))) for task, now in self.items()]
        cpu, waited = (sum(now[kind] - then[kind] for now, then in pairs) for kind in (0, 1))
        return Used(cpu / 1e9, waited / 1e9)


def need_processors(workers: int = 1) -> None:
    """Ends the program where each worker of the server, and the load, cannot have a processor of their own."""
    if len(_CPUS) <= workers:
        servers = "the server" if workers == 1 else f"each of {workers} workers"
        raise SystemExit(f"The benchmark needs {workers + 1} processors: one for {servers}, one for the load.")


def _settle(parent: int, workers: int) -> None:
    """In the child, before it becomes the server: pinned, and gone when the generator is, however that ended.

    A server that outlives it would take the processor from the next measurement.
    """
    os.sched_setaffinity(0, _CPUS[-workers:])
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # too late to be told
        os._exit(1)


class Server:
    """One child process that listens on a loopback port: a script of this folder, or of `tree`.

    A tree is run by the interpreter of its own `.venv`, so it is measured with its own Voxwire and its own script. It
    has as many cores as its environment gives it workers (VOXWIRE_SERVER__WORKERS).
    """

    def __init__(
        self, name: str, script: str = "", tree: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.path = _PATH
        self.address = Address("127.0.0.1", self.port, self.path)
        file, *options = SCRIPTS[script or name]
        #: The floor detects nothing.
        self.judges_detection = file != "floor.py"
        self._workers = workers_of(environment or {})
        folder, python = (tree / "bench", str(tree_python(tree))) if tree else (_HERE, sys.executable)
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [python, str(folder / file), str(self.port), *options],
            env={**os.environ, **threads, **(environment or {})},
            preexec_fn=partial(_settle, os.getpid(), self._workers),
        )

    def __enter__(self) -> "Server":
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SystemExit(f"The {self.name} server ended with status {self._process.returncode}.")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise SystemExit(f"The {self.name} server did not listen within 60 s.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def usage(self) -> Usage:
        """Of the server process and its workers; processes of engines are not part of a session's cost here."""
        pids = [self._process.pid]
        return Usage.of(pids if self._workers == 1 else with_descendants(pids))

    def rss_mib(self) -> float:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def workers_of(environment: Mapping[str, str]) -> int:
    return int(environment.get("VOXWIRE_SERVER__WORKERS", "1"))


def tree_python(tree: Path) -> Path:
    """The interpreter of a source tree's own `.venv`. It is a link, and what it leads to knows no `.venv`."""
    return tree / ".venv" / "bin" / "python"
