"""Printing that never waits, and a server whose output nobody reads."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import IO

import pytest
from websockets.sync.client import ClientConnection, connect

from voxwire.cli.output import MAX_WAITING, ThreadedStream, background_output
from voxwire.testing.live_server import SERVE

MISSING = re.compile(r"voxwire: (\d+) lines are missing here, because nobody read this output in time\.")
#: More lines than pipe and queue hold together: each is about 100 characters.
REQUESTS = 6000


@pytest.fixture
def pipe() -> Iterator[tuple[IO[str], int]]:
    """Where to read, and the descriptor to write to."""
    ours, theirs = os.pipe()
    with open(ours, encoding="utf-8") as reader:
        yield reader, theirs


def full(descriptor: int) -> None:
    """Fill a pipe to the brim with spaces."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b" " * 4096)
    os.set_blocking(descriptor, True)


class TestStream:
    def test_lines_come_out_as_they_went_in(self, pipe: tuple[IO[str], int]) -> None:
        reader, descriptor = pipe
        stream = ThreadedStream(descriptor)
        print("one", 2, "ümläut", file=stream)
        stream.write("three\nfour\nfi")
        print("ve", file=stream)
        stream.write("no end")
        stream.flush()
        stream.drain(10)
        os.close(descriptor)
        assert reader.read() == "one 2 ümläut\nthree\nfour\nfive\nno end"

    def test_what_is_too_much_is_counted_and_said(self, pipe: tuple[IO[str], int]) -> None:
        reader, descriptor = pipe
        full(descriptor)
        stream = ThreadedStream(descriptor)
        for number in range(20_000):
            print(f"{number:099}", file=stream)
        assert stream._size <= MAX_WAITING
        at, notes = 0, 0
        while at < 20_000:  # each line is there, or counted in its place
            line = reader.readline()
            if found := MISSING.match(line):
                at, notes = at + int(found[1]), notes + 1
            else:
                assert int(line) == at
                at += 1
        assert 1 <= notes <= 2  # the thread may have begun before the queue was full
        print("now it is read", file=stream)
        assert reader.readline() == "now it is read\n"
        os.close(descriptor)

    def test_lines_without_end_are_bounded(self, pipe: tuple[IO[str], int]) -> None:
        _, descriptor = pipe
        full(descriptor)
        stream = ThreadedStream(descriptor)
        for _ in range(1000):
            stream.write("x" * 10_000)
        assert stream._size + len(stream._begun) <= 2 * MAX_WAITING

    def test_leaving_waits_for_a_moment_alone(self, pipe: tuple[IO[str], int]) -> None:
        _, descriptor = pipe
        full(descriptor)
        stream = ThreadedStream(descriptor)
        print("late", file=stream)
        began = time.monotonic()
        stream.drain(0.2)
        assert 0.2 <= time.monotonic() - began < 5

    def test_a_pipe_that_somebody_made_non_blocking(self, pipe: tuple[IO[str], int]) -> None:
        reader, descriptor = pipe
        os.set_blocking(descriptor, False)
        stream = ThreadedStream(descriptor)
        text = "".join(f"{number:099}\n" for number in range(2000))
        stream.write(text)
        assert "".join(reader.readline() for _ in range(2000)) == text
        os.close(descriptor)

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
    def test_a_full_disk_costs_lines_alone(self, pipe: tuple[IO[str], int]) -> None:
        reader, descriptor = pipe
        disk = os.open("/dev/full", os.O_WRONLY)
        stream = ThreadedStream(disk)
        print("lost\nlost", file=stream)
        stream.drain(10)
        os.dup2(descriptor, disk)  # there is room again
        print("kept", file=stream)
        assert reader.readline() == "kept\n"
        found = MISSING.match(reader.readline())
        assert found is not None
        assert found[1] == "2"
        os.close(disk)
        os.close(descriptor)

    def test_streams_are_put_back(self, capfd: pytest.CaptureFixture[str]) -> None:
        before = sys.stdout, sys.stderr
        with background_output():
            print("to stdout")
            print("to stderr", file=sys.stderr)
        assert (sys.stdout, sys.stderr) == before
        assert capfd.readouterr() == ("to stdout\n", "to stderr\n")

    def test_streams_in_memory_are_left_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        with background_output():
            assert not isinstance(sys.stdout, ThreadedStream)
            print("as ever")
        assert capsys.readouterr().out == "as ever\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def unread_server(*, stdout: int, stderr: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`voxwire serve` with these descriptors for its output, once it answers."""
    command = [sys.executable, *SERVE[:-1], str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    try:
        deadline = time.monotonic() + 40
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


def still_talks(client: ClientConnection) -> bool:
    client.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind."}}))
    return bool(json.loads(client.recv(timeout=10))["type"] == "session.updated")


def make_log_lines(port: int, count: int) -> None:
    """So many requests, each of which must be answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(count):
        connection.request("GET", "/healthz", headers={"X-Request-Id": "r" * 60})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


@pytest.mark.engines
class TestServer:
    def test_a_log_that_nobody_reads_stops_nobody(self) -> None:
        unread, theirs = os.pipe()
        port = free_port()
        with unread_server(stdout=subprocess.DEVNULL, stderr=theirs, port=port) as process:
            with connect(f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime") as client:
                assert json.loads(client.recv(timeout=10))["type"] == "session.created"
                make_log_lines(port, REQUESTS)
                assert still_talks(client)
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        os.close(unread)
        os.close(theirs)

    def test_who_reads_later_learns_how_many_lines_are_missing(self) -> None:
        ours, theirs = os.pipe()
        port = free_port()
        with unread_server(stdout=subprocess.DEVNULL, stderr=theirs, port=port) as process:
            os.close(theirs)
            make_log_lines(port, REQUESTS)
            lines: list[str] = []
            with open(ours, encoding="utf-8") as log:
                reading = threading.Thread(target=lambda: lines.extend(log))
                reading.start()
                with connect(f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime") as client:
                    client.recv(timeout=10)
                process.send_signal(signal.SIGTERM)
                assert process.wait(15) == 0
                reading.join()
        requests = [line for line in lines if f"given={'r' * 60}" in line]
        missing = sum(int(found[1]) for line in lines if (found := MISSING.match(line)))
        assert missing > REQUESTS // 2
        assert len(requests) + missing == REQUESTS
        assert "WS /v1/realtime 101" in lines[-1]

    def test_a_terminal_that_accepts_nothing_keeps_it_neither_from_starting_nor_from_stopping(self) -> None:
        ours, theirs = os.pipe()
        full(theirs)
        port = free_port()
        with unread_server(stdout=theirs, stderr=theirs, port=port) as process:
            make_log_lines(port, 10)
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0
        os.close(ours)
        os.close(theirs)
