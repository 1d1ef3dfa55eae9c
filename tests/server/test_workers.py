"""Several processes that are one server: how sessions are divided, and what happens when one of them ends."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from workers_client import alive, calling, children, until, worker_behind, workers


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """Clients here block; the server is other processes."""


def eventually(true: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 1001), (signal.SIGTERM, 1012)])
def test_two_workers_serve_and_one_signal_ends_all(number: int, code: int) -> None:
    with workers("server.drain_s=0", "server.drain_spread_s=0") as server, ExitStack() as stack:
        clients = [stack.enter_context(calling(server)) for _ in range(6)]
        assert sorted(map(worker_behind, clients)) == [1, 1, 1, 2, 2, 2]
        pids = children(server.process.pid)
        assert len(pids) == 2
        server.process.send_signal(number)
        for client in clients:
            with pytest.raises(ConnectionClosed) as caught:
                until(client, "nothing")
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == code
        assert server.wait() == 0
        assert server.output[-1] == "stopped"
        assert not any(map(alive, pids))
        assert "Traceback" not in "\n".join(server.output)
