"""The servers under measurement, as pinned child processes, and what the kernel knows about them."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

_HERE = Path(__file__).parent
#: Server on the last core, generator on the first: they never compete.
SERVER_CPU = max(os.sched_getaffinity(0))
GENERATOR_CPU = min(os.sched_getaffinity(0))
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1

#: What can be measured: name, script with its arguments, path of the WebSocket.
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


class Usage(NamedTuple):
    """Since the process began: processor seconds, seconds spent waiting for a processor."""

    cpu_s: float
    waited_s: float


def _settle(parent: int) -> None:
    """In the child, before it becomes the server: pinned, and gone when the generator is, however that ended.

    A server that outlives it would take the processor from the next measurement.
    """
    os.sched_setaffinity(0, {SERVER_CPU})
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # too late to be told
        os._exit(1)


class Server:
    """One child process that listens on a loopback port."""

    def __init__(self, name: str) -> None:
        self.name = name
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        script, *options = SCRIPTS[name]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / script), str(self.port), *options],
            env=environment,
            preexec_fn=partial(_settle, os.getpid()),
        )
        self.path = "/openai/v1/realtime?model=gpt-realtime"

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
        """Of the server process itself; its engine workers are not part of a session's cost here."""
        cpu = waited = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            ran_ns, wait_ns, _ = (task / "schedstat").read_text().split()
            cpu += int(ran_ns)
            waited += int(wait_ns)
        return Usage(cpu / 1e9, waited / 1e9)

    def rss_mib(self) -> float:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
