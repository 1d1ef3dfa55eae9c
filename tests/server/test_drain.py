"""SIGTERM to a real process with real sessions: nobody new, time for those there, last words, and no herd."""

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from voxwire.testing.live_server import ServeProcess, serve_process

SCRIPT = str(Path(__file__).parent / "serve_slow.py")


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """Clients here block; the server is another process."""


def slow(*, drain_s: float, spread_s: float = 0.0) -> AbstractContextManager[ServeProcess]:
    return serve_process(str(drain_s), str(spread_s), command=[SCRIPT])


def calling(server: ServeProcess, **headers: str) -> connect:
    address = server.url.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"
    return connect(address, ping_interval=None, additional_headers=headers)


def until(client: ClientConnection, type: str) -> dict[str, Any]:
    while (event := json.loads(client.recv(timeout=15)))["type"] != type:
        pass
    found: dict[str, Any] = event
    return found


def close_of(client: ClientConnection) -> tuple[int, float]:
    """The code of the close, and when it came."""
    try:
        while True:
            client.recv(timeout=15)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006, time.monotonic()


def ask(server: ServeProcess, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(server.url + path) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def begin_an_answer(client: ClientConnection) -> None:
    until(client, "session.created")
    client.send('{"type": "response.create"}')
    until(client, "response.created")


def test_nobody_new_and_time_for_those_there() -> None:
    with slow(drain_s=30) as server, calling(server) as client:
        until(client, "session.created")
        assert ask(server, "/readyz")[0] == 200
        server.process.terminate()
        began = time.monotonic()
        while ask(server, "/readyz")[0] == 200:
            assert time.monotonic() - began < 10
        assert '"draining"' in ask(server, "/readyz")[1]
        assert ask(server, "/healthz")[0] == 200
        assert "realtime_draining 1.0" in ask(server, "/metrics")[1]
        with pytest.raises(InvalidStatus) as caught:
            calling(server).__enter__()
        assert caught.value.response.status_code == 503
        client.send('{"type": "response.create"}')  # a whole turn, begun while the server drains
        assert until(client, "response.done")["response"]["status"] == "completed"
        client.close()
        assert server.wait() == 0


def test_an_answer_in_progress_is_finished() -> None:
    with slow(drain_s=0.1) as server, calling(server) as client:
        begin_an_answer(client)
        server.process.terminate()
        done = until(client, "response.done")
        assert done["response"]["status"] == "completed"
        assert "six" in done["response"]["output"][0]["content"][0]["transcript"]
        assert close_of(client)[0] == 1012
        assert server.wait() == 0


def test_clients_do_not_come_back_together() -> None:
    with slow(drain_s=0, spread_s=2) as server, ExitStack() as stack:
        clients = [stack.enter_context(calling(server)) for _ in range(5)]
        for client in clients:
            until(client, "session.created")
        with ThreadPoolExecutor(len(clients)) as readers:
            ends = readers.map(close_of, clients)
            server.process.terminate()
            closes = sorted(ends, key=lambda close: close[1])
        assert {code for code, _ in closes} == {1012}
        gaps = [later - sooner for (_, sooner), (_, later) in itertools.pairwise(closes)]
        assert statistics.median(gaps) > 0.1  # a busy machine may hand two of them over at once
        assert closes[-1][1] - closes[0][1] > 1.2
        assert server.wait() == 0


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_waits_for_nothing(again: int) -> None:
    with slow(drain_s=60) as server, calling(server) as client:
        until(client, "session.created")
        server.process.terminate()
        time.sleep(0.7)  # as an operator loses patience
        assert server.process.poll() is None
        server.process.send_signal(again)
        assert server.wait(10) == 0


def test_a_signal_that_comes_twice_at_once_is_one() -> None:
    """From the supervisor to the whole group, and from the shell that runs in between."""
    with slow(drain_s=0.1) as server, calling(server) as client:
        begin_an_answer(client)
        server.process.terminate()
        time.sleep(0.05)
        server.process.terminate()
        assert until(client, "response.done")["response"]["status"] == "completed"
        assert server.wait() == 0


def test_what_was_used_is_written_down(tmp_path: Path) -> None:
    """Also of the answer that ends last, whose record the writer has had no time for."""
    at = {**os.environ, "VOXWIRE_STORAGE__URL": f"sqlite:///{tmp_path / 'voxwire.db'}"}

    def voxwire(*arguments: str) -> str:
        command = [sys.executable, "-m", "voxwire", *arguments]
        return subprocess.run(command, env=at, check=True, capture_output=True, text=True).stdout

    made = json.loads(voxwire("keys", "create", "--json", "caller"))
    with serve_process("0.1", "0", command=[SCRIPT], environment=at) as server:
        with calling(server, authorization=f"Bearer {made['secret']}") as client:
            begin_an_answer(client)
            server.process.terminate()
            assert until(client, "response.done")["response"]["status"] == "completed"
        assert server.wait() == 0
    (day,) = json.loads(voxwire("usage", "--json"))
    assert day["num_model_requests"] == 1
