"""A server of several workers for tests, and what they ask it. Clients here block; the server is other processes."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from voxwire.runtime.ids import worker_of
from voxwire.testing.live_server import ServeProcess, serve_process

SCRIPT = Path(__file__).parent / "serve_workers.py"


@contextmanager
def workers(*settings: str, environment: Mapping[str, str] | None = None) -> Iterator[ServeProcess]:
    """A server of two workers, unless the settings say otherwise: `workers("server.max_sessions=3")`."""
    path = os.pathsep.join(filter(None, (str(SCRIPT.parent), os.environ.get("PYTHONPATH"))))
    with serve_process(*settings, command=[str(SCRIPT)], environment={"PYTHONPATH": path, **(environment or {})}) as it:
        yield it


def calling(server: ServeProcess, **headers: str) -> connect:
    """A session, to be entered."""
    address = server.url.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"
    return connect(address, ping_interval=None, additional_headers=headers)


def until(client: ClientConnection, type: str) -> dict[str, Any]:
    """The next event of this type."""
    while (event := json.loads(client.recv(timeout=15)))["type"] != type:
        assert event["type"] != "error", event
    found: dict[str, Any] = event
    return found


def worker_behind(client: ClientConnection) -> int:
    """The number of the worker that holds this session, which has just begun."""
    number = worker_of(until(client, "session.created")["session"]["id"])
    assert number is not None
    return number


def ask(
    server: ServeProcess, path: str, body: Any = None, *, method: str | None = None, **headers: str
) -> tuple[int, str]:
    """Status and body of a request, on a connection of its own."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        server.url + path, data, {"content-type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def children(pid: int) -> list[int]:
    """Processes started by any thread of this one."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for found in lists for child in found.read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and nobody asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def inherited(pid: int) -> list[str]:
    """What files and sockets of this process another one gets that it starts, the standard ones apart."""
    found = [one for one in Path(f"/proc/{pid}/fd").iterdir() if int(one.name) > 2]
    flags = {one: Path(f"/proc/{pid}/fdinfo/{one.name}").read_text().split("flags:")[1].split()[0] for one in found}
    return [str(one.readlink()) for one in found if not int(flags[one], 8) & os.O_CLOEXEC]


def eventually(true: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
