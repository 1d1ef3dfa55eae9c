"""Starting, draining and stopping."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from echo_service import EchoService
from http_client import handshake, request
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from voxwire.errors import ConfigurationError
from voxwire.server.app import create_app
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import Server, running
from voxwire.testing.live_server import ServeProcess, serve_process, served, settings_for_tests

GA = "/v1/realtime?model=gpt-realtime"
SCRIPT = str(Path(__file__).parent / "serve_fake.py")


def fake(*, start_delay_s: float = 0.0, drain_s: float = 0.0) -> AbstractContextManager[ServeProcess]:
    return serve_process(str(start_delay_s), str(drain_s), command=[SCRIPT])


def children(pid: int) -> list[int]:
    """Processes started by any thread of this one."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for found in lists for child in found.read_text().split()]


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_stopping_as_asked_is_success(self, number: int) -> None:
        with fake() as server:
            server.process.send_signal(number)
            assert server.wait() == 0
            assert server.output[-1] == "stopped"

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 1001), (signal.SIGTERM, 1012)])
    def test_clients_are_told_to_come_back(self, number: int, code: int) -> None:
        with fake() as server, connect(server.url.replace("http", "ws") + GA) as client:
            client.recv()
            server.process.send_signal(number)
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(timeout=10)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == code
            assert server.wait() == 0

    def test_sigterm_lets_a_conversation_finish(self) -> None:
        with fake(drain_s=30) as server:
            with connect(server.url.replace("http", "ws") + GA) as client:
                client.recv()
                server.process.terminate()
                for text in "abc":
                    client.send(text)
                    assert client.recv(timeout=10) == text
            began = time.monotonic()
            assert server.wait() == 0
            assert time.monotonic() - began < 10

    def test_a_second_ctrl_c_waits_for_nothing(self) -> None:
        with fake(drain_s=60) as server, connect(server.url.replace("http", "ws") + GA) as client:
            client.recv()
            server.process.terminate()
            time.sleep(0.3)
            assert server.process.poll() is None
            server.process.send_signal(signal.SIGINT)
            assert server.wait(10) == 0

    @pytest.mark.parametrize("again", [signal.SIGINT, signal.SIGTERM])
    def test_a_second_one_while_the_engines_end_changes_nothing(self, again: int) -> None:
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "0", "0", "0.5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert any("listening" in line for line in lines)
            process.send_signal(signal.SIGINT)
            assert next(lines) == "engines end\n"
            process.send_signal(again)
            assert list(lines) == ["stopped\n"]
            assert process.wait(10) == 0

    @pytest.mark.engines
    @pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list children")
    @pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.2, 0.3, 0.4])
    def test_a_second_ctrl_c_leaves_no_workers(self, delay_s: float) -> None:
        with serve_process() as server:
            workers = children(server.process.pid)
            assert workers
            server.process.send_signal(signal.SIGINT)
            time.sleep(delay_s)  # as a person's second try comes
            server.process.send_signal(signal.SIGINT)
            assert server.wait() == 0
            assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_warming_up_is_given_up(self, number: int) -> None:
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "60", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "warming up\n"
            process.send_signal(number)
            assert process.wait(10) == 0
            assert process.stdout.read() == "stopped\n"


class TestDraining:
    @pytest.fixture
    async def draining(self) -> Iterator[str]:
        settings = settings_for_tests()
        app = create_app(settings, EchoService())  # type: ignore[arg-type]
        async with running(app, settings) as url:
            app.state.websocket.drain()
            yield url

    async def test_new_sessions_are_refused(self, draining: str) -> None:
        answer = await handshake(draining, GA)
        assert (answer.status, answer.error["type"]) == (503, "server_error")
        assert int(answer.headers["retry-after"]) > 0


class TestStopping:
    async def test_where_nothing_is_open_it_takes_no_time(self) -> None:
        """uvicorn's own end takes a fifth of a second. The shortest of five: others use the machine, too."""
        clock = asyncio.get_running_loop().time
        took = []
        for _ in range(5):
            async with served(EchoService()) as url:  # type: ignore[arg-type]
                assert (await request(url, "/healthz")).status == 200
                began = clock()
            took.append(clock() - began)
        assert min(took) < 0.1


class TestStarting:
    async def test_the_port_opens_when_the_engines_are_warm(self) -> None:
        service = EchoService()
        warm, start = asyncio.Event(), service.start

        async def start_when_warm() -> None:
            await warm.wait()
            await start()

        service.start = start_when_warm  # type: ignore[method-assign]
        settings = settings_for_tests()
        listener = NetworkListener.open(settings.server)
        server = Server(create_app(settings, service), settings, listener)  # type: ignore[arg-type]
        serving = asyncio.ensure_future(server.run_until_stopped())
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await request(listener.url, "/healthz")
        warm.set()
        async with asyncio.timeout(10):
            await server.listening.wait()
        assert service.running
        assert (await request(listener.url, "/healthz")).status == 200
        server.should_exit = True
        await serving
        assert not service.running

    @pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="TCP cannot be told on this system")
    @pytest.mark.parametrize(("unread_s", "silent_s"), [(30, 120), (60, 240)])
    async def test_tcp_is_told_when_to_give_a_peer_up(self, unread_s: float, silent_s: int) -> None:
        settings = settings_for_tests(websocket={"write_timeout_s": unread_s})
        listener = NetworkListener.open(settings.server)
        Server(create_app(settings, EchoService()), settings, listener)  # type: ignore[arg-type]
        (listening,) = listener.sockets
        listening.listen()
        listening.setblocking(True)
        with socket.create_connection(("127.0.0.1", listener.port)):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == silent_s * 1000
        listener.close()

    async def test_a_port_that_somebody_else_takes_meanwhile(self) -> None:
        settings = settings_for_tests()
        with socket.socket() as rival:
            rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            rival.bind(("127.0.0.1", 0))
            port = rival.getsockname()[1]
            listener = NetworkListener.open(settings.server.model_copy(update={"port": port}))
            rival.listen()
            service = EchoService()
            server = Server(create_app(settings, service), settings, listener)  # type: ignore[arg-type]
            with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is in use"):
                await server.run_until_stopped()
            assert not service.running

    async def test_a_failing_engine_is_an_exception(self, capfd: pytest.CaptureFixture[str]) -> None:
        service = EchoService()
        service.running = True
        service.start_error = ConfigurationError("there is no such engine")
        settings = settings_for_tests()
        with pytest.raises(ConfigurationError, match="no such engine"):
            async with running(create_app(settings, service), settings):  # type: ignore[arg-type]
                raise AssertionError("must not start")
        assert not service.running  # closed all the same
        assert capfd.readouterr() == ("", "")
