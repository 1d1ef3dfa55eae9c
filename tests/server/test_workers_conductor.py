"""The parent of the workers, with workers that are no processes: what it does when one cannot be had."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from voxwire.auth import IdentitySecrets
from voxwire.errors import VoxwireError
from voxwire.runtime.notify import Notify
from voxwire.server.net.listen import NetworkListener
from voxwire.server.workers import worker_process
from voxwire.server.workers.conductor import Conductor
from voxwire.server.workers.line import WorkerLine
from voxwire.server.workers.worker_process import ServerWorker
from voxwire.server.workers.worker_start import WorkerStart
from voxwire.testing.live_server import settings_for_tests

FACTS = {"answers_from": "nobody", "by_rules": True, "needs_credential": False, "stored_keys": False}


class FakeWorker:
    """In the place of a process: ready at once, until a signal or `end`."""

    pid = 2**22 + 1  # no process has it

    def __init__(self) -> None:
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        self._line = WorkerLine({"begin": lambda _: None, "signal": lambda _: self.end()}, lambda: None)

    async def speak(self, line: int, pipe: int) -> "FakeWorker":
        end = socket.socket(fileno=os.dup(line))
        self._pipe = socket.socket(fileno=os.dup(pipe))
        await asyncio.get_running_loop().create_unix_connection(lambda: self._line, sock=end)
        self._line.tell("ready", FACTS)
        return self

    def tell(self, what: str, body: Any) -> None:
        self._line.tell(what, body)

    def end(self) -> None:
        self.returncode = 1
        self._line.close()
        self._pipe.close()
        self._ended.set()

    async def wait(self) -> int | None:
        await self._ended.wait()
        return self.returncode


def a_worker() -> ServerWorker:
    start = WorkerStart(
        number=1, settings=settings_for_tests(), host="", port=0, began=0, identity=IdentitySecrets(), signing_root=b""
    )
    return ServerWorker(start)


class Parent:
    """A conductor of one worker; `starts` are what becomes of each try to start one, the last one repeats."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *starts: Callable[[int, int], Awaitable[Any]]) -> None:
        self.tries = 0
        self._tried = Notify()
        self.listening = asyncio.Event()
        self.signals: list[int] = []

        async def start(*command: str, pass_fds: tuple[int, int], **options: Any) -> Any:
            self.tries += 1
            self._tried.wake()
            return await starts[min(self.tries, len(starts)) - 1](*pass_fds)

        monkeypatch.setattr("asyncio.create_subprocess_exec", start)

    async def tried(self, times: int) -> None:
        """Until it has tried so often to start a worker."""
        async with asyncio.timeout(5):
            while self.tries < times:
                await self._tried.wait()

    async def run(self) -> None:
        settings = settings_for_tests(server={"workers": 1})
        listener = NetworkListener.open(settings.server)

        def make(number: int) -> WorkerStart:
            return WorkerStart(
                number=number, settings=settings, host="", port=0, began=0, identity=IdentitySecrets(), signing_root=b""
            )

        async with asyncio.timeout(10):
            await Conductor(settings, listener, make, "none", self.signals).run(lambda _: self.listening.set())


async def none_can_be_made(line: int, pipe: int) -> Any:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


async def test_a_process_that_cannot_be_made_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VoxwireError, match="Resource temporarily unavailable"):
        await Parent(monkeypatch, none_can_be_made).run()


async def test_a_process_that_cannot_be_made_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that the system killed for its memory is replaced when there is some again."""
    first, second = FakeWorker(), FakeWorker()
    parent = Parent(monkeypatch, first.speak, none_can_be_made, second.speak)
    running = asyncio.ensure_future(parent.run())
    await parent.listening.wait()
    first.end()
    await parent.tried(3)
    parent.signals.append(signal.SIGTERM)
    await running
    assert second.returncode is not None


async def test_a_signal_before_clients_may_come(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = Parent(monkeypatch, FakeWorker().speak)
    parent.signals.append(signal.SIGINT)
    await parent.run()
    assert not parent.listening.is_set(), "somebody is told that the server is there"


async def test_a_signal_while_a_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def takes_long(line: int, pipe: int) -> Any:
        await asyncio.Event().wait()

    first = FakeWorker()
    parent = Parent(monkeypatch, first.speak, takes_long)
    running = asyncio.ensure_future(parent.run())
    await parent.listening.wait()
    first.end()
    await parent.tried(2)
    parent.signals.append(signal.SIGTERM)
    await running


async def test_a_worker_that_hangs_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes goes to the others until it takes again what it was given."""
    fake = FakeWorker()

    async def start(*command: str, pass_fds: tuple[int, int], **options: Any) -> Any:
        return await fake.speak(*pass_fds)

    monkeypatch.setattr("asyncio.create_subprocess_exec", start)
    monkeypatch.setattr(worker_process, "_STUCK_S", 0.2)
    worker = a_worker()
    await worker.launch("none", {}, lambda _: None, lambda connection, number: None)
    near, far = socket.socketpair()
    await asyncio.sleep(0.3)
    with near, far:
        assert worker.take(far)
        assert worker.burden == (False, 1)
        await asyncio.sleep(0.3)
        assert worker.burden == (True, 1)
        fake.tell("held", (1, 1, False))
        async with asyncio.timeout(5):
            while worker.burden != (False, 1):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    fake.end()
    await worker.ended


async def test_a_worker_that_ends_its_line_and_stays_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not be told to stop, and is given no connection."""
    monkeypatch.setattr(worker_process, "_LEAVE_S", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    worker = a_worker()
    await worker.launch("mute_worker", {}, lambda _: None, lambda connection, number: None)
    async with asyncio.timeout(20):
        assert await worker.ended == f"signal {int(signal.SIGKILL)}"
