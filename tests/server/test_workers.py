"""Several processes that are one server: how sessions are divided, and what happens when one of them ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from serve_workers import FAULT, FAULT_FILE
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from workers_client import SCRIPT, alive, ask, calling, children, eventually, inherited, until, worker_behind, workers

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """Clients here block; the server is other processes."""


def test_two_workers_serve_and_one_ctrl_c_ends_all() -> None:
    """The terminal signals workers as well: none ends before the parent says so, and nobody complains."""
    with workers() as server, ExitStack() as stack:
        clients = [stack.enter_context(calling(server)) for _ in range(6)]
        assert sorted(map(worker_behind, clients)) == [1, 1, 1, 2, 2, 2]
        pids = children(server.process.pid)
        assert len(pids) == 2
        for pid in (*pids, server.process.pid):
            os.kill(pid, signal.SIGINT)
        for client in clients:
            with pytest.raises(ConnectionClosed) as caught:
                until(client, "nothing")
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1001
        assert server.wait() == 0
        assert server.output[-1] == "stopped"
        assert not any(map(alive, pids))
        assert "Traceback" not in "\n".join(server.output)


def test_sigterm_gives_both_time() -> None:
    """Whoever comes meanwhile is told so by a worker that is still there; the server ends with the last session."""
    with workers("server.drain_s=30") as server, ExitStack() as stack:
        first, second = (stack.enter_context(calling(server)) for _ in range(2))
        assert {worker_behind(first), worker_behind(second)} == {1, 2}
        server.process.terminate()
        eventually(lambda: '"draining"' in ask(server, "/readyz")[1], "the server does not drain")
        with pytest.raises(InvalidStatus) as caught:
            calling(server).__enter__()
        assert caught.value.response.status_code == 503
        for client in (first, second):
            client.send('{"type": "response.create"}')  # a whole turn, begun while the server drains
        assert until(first, "response.done")["response"]["status"] == "completed"
        first.close()
        assert until(second, "response.done")["response"]["status"] == "completed"
        eventually(lambda: len(children(server.process.pid)) == 1, "the worker without sessions stays")
        assert ask(server, "/healthz")[0] == 200
        second.close()
        assert server.wait() == 0


def test_a_second_signal_waits_for_nothing() -> None:
    with workers("server.drain_s=60") as server, calling(server) as client:
        until(client, "session.created")
        server.process.terminate()
        time.sleep(0.7)  # as an operator loses patience
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.wait(10) == 0


def worker_pids(lines: list[str]) -> dict[int, int]:
    """The process of each worker, by the last line that names it."""
    found = (re.search(r"worker (\d) \(pid (\d+)\) is ready", line) for line in lines)
    return {int(match[1]): int(match[2]) for match in found if match}


def test_a_worker_that_dies_is_replaced_and_the_others_go_on() -> None:
    with workers("server.max_sessions=2", 'logging.level="info"') as server, ExitStack() as stack:
        clients: dict[int, ClientConnection] = {}
        for client in (stack.enter_context(calling(server)) for _ in range(2)):
            clients[worker_behind(client)] = client
        assert ask(server, "/readyz")[0] == 503, "both seats are taken"
        victim = worker_pids(server.output)[1]
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            until(clients[1], "nothing")
        clients[2].send('{"type": "response.create"}')
        assert until(clients[2], "response.done")["response"]["status"] == "completed"
        eventually(lambda: worker_pids(server.output)[1] != victim, "no worker takes its place")
        assert any("worker 1 ended, and its sessions with it: signal 9" in line for line in server.output)
        again = stack.enter_context(calling(server))  # the seat of the session that is lost is free
        assert worker_behind(again) == 1
        eventually(lambda: json.loads(ask(server, "/readyz")[1])["status"] == "full", "two sessions are not two")
        with pytest.raises(InvalidStatus) as caught:
            calling(server).__enter__()
        assert caught.value.response.status_code == 429


def test_nobody_outlives_the_parent() -> None:
    with workers() as server, calling(server) as client:
        until(client, "session.created")
        pids = children(server.process.pid)
        assert len(pids) == 2
        server.process.kill()
        with pytest.raises(ConnectionClosed):
            until(client, "nothing")
        eventually(lambda: not any(map(alive, pids)), "a worker outlives the parent")


def test_what_a_worker_starts_gets_nothing_of_it() -> None:
    """Processes of engines would keep connections open that a worker has closed, and could speak to the parent."""
    with workers() as server, ExitStack() as stack:
        for client in (stack.enter_context(calling(server)) for _ in range(2)):
            until(client, "session.created")
        for pid in children(server.process.pid):
            assert inherited(pid) == []


def test_what_an_operator_got_wrong_is_said_once() -> None:
    path = os.pathsep.join(filter(None, (str(SCRIPT.parent), os.environ.get("PYTHONPATH"))))
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "server.workers=3"],
        env={**os.environ, "PYTHONPATH": path, FAULT: "There is no model for this voice."},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "voxwire serve: There is no model for this voice.\n"


def test_a_worker_that_cannot_start_again_is_tried_again(tmp_path: Path) -> None:
    """Its sessions are lost, and what keeps it from starting is in the log; the others serve meanwhile."""
    fault = tmp_path / "fault"
    with workers(environment={FAULT_FILE: str(fault)}) as server:
        fault.write_text("The disk with the models is gone.")
        os.kill(children(server.process.pid)[0], signal.SIGKILL)
        eventually(lambda: "The disk with the models is gone." in "\n".join(server.output), "nobody says why")
        told = json.loads(ask(server, "/readyz")[1])
        assert (told["status"], told["workers"]) == ("degraded", {"ready": 1, "unready": 1})
        assert 'realtime_workers{state="unready"} 1.0' in ask(server, "/metrics")[1]
        with calling(server) as client:
            until(client, "session.created")
        fault.unlink()
        eventually(lambda: json.loads(ask(server, "/readyz")[1])["status"] == "ok", "it is not tried again")
