"""Every way out of a command ends what it has started, with one line or none: real processes."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and writes to /dev/full")
engines = pytest.mark.engines

QUESTION = str(Path(__file__).parents[1] / "fixtures" / "what_is_twelve_times_seven_24k.wav")
FULL = "Cannot write to standard output: no space left on device."

#: In the environment of a command and of all that it starts. Workers do not inherit what begins with VOXWIRE_.
MARK = "MARK_OF_A_TEST"

Voxwire = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    mark = os.urandom(8).hex()
    monkeypatch.setenv(MARK, mark)
    return mark


def _as_at_a_terminal() -> None:
    """Jobs of nohup are started deaf to the end of the terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def voxwire(mark: str) -> Iterator[Voxwire]:
    """Start the command `voxwire`; whatever a failed test leaves behind is killed."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, stdout: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL) -> object:
            command = [sys.executable, "-m", "voxwire", *arguments]
            return stack.enter_context(
                subprocess.Popen(
                    command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, preexec_fn=_as_at_a_terminal
                )
            )

        try:
            yield start  # type: ignore[misc]
        finally:
            for pid in marked(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def marked(mark: str) -> list[int]:
    """All processes that carry the mark, this one's children and theirs; a zombie carries none."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and f"{MARK}={mark}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def assert_all_end(mark: str) -> None:
    """Wait until none of them runs any more."""
    while pids := marked(mark):
        with contextlib.suppress(ProcessLookupError):
            ending = os.pidfd_open(pids[0])
            try:
                assert select.select([ending], [], [], 20)[0], Path(f"/proc/{pids[0]}/cmdline").read_bytes()
            finally:
                os.close(ending)


def read_until(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdout is not None
    seen = ""
    while words not in seen:
        character = process.stdout.read(1)
        assert character, seen
        seen += character


def complaint(process: "subprocess.Popen[str]") -> str:
    """All that stands on standard error once the process has ended."""
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    return "\n".join(line for line in lines if line != "Warming up the engines ...")


class TestFull:
    """A disk without room."""

    @pytest.fixture
    def full(self) -> Iterator[int]:
        with open("/dev/full", "wb") as file:
            yield file.fileno()

    @pytest.mark.parametrize("arguments", ["--help", "--version", "talk --help", "serve --help"])
    def test_help(self, voxwire: Voxwire, full: int, arguments: str) -> None:
        process = voxwire(*arguments.split(), stdout=full)
        assert (complaint(process), process.wait()) == (f"voxwire: {FULL}", 1)

    @pytest.mark.parametrize("arguments", ["doctor", "talk --text hi"])
    @engines
    def test_command(self, voxwire: Voxwire, full: int, mark: str, arguments: str) -> None:
        process = voxwire(*arguments.split(), stdout=full)
        assert (complaint(process), process.wait()) == (f"voxwire {arguments.split()[0]}: {FULL}", 1)
        assert_all_end(mark)

    @engines
    def test_a_server_goes_on(self, voxwire: Voxwire, full: int, mark: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = voxwire("serve", "--port", str(port), stdout=full)
        while process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
        process.send_signal(signal.SIGINT)
        assert (complaint(process), process.wait()) == ("", 0)
        assert_all_end(mark)


class TestReaderGone:
    """`voxwire … | head -1`."""

    @pytest.mark.parametrize(("arguments", "enough"), [("talk --text hi", "warming"), ("talk --text hi", "ready")])
    @engines
    def test_talk(self, voxwire: Voxwire, mark: str, arguments: str, enough: str) -> None:
        process = voxwire(*arguments.split())
        read_until(process, enough)
        assert process.stdout is not None
        process.stdout.close()
        assert (complaint(process), process.wait()) == ("", 1)
        assert_all_end(mark)


class TestWhileModulesLoad:
    """Told to end before anything has begun; native modules make other errors of a Ctrl-C while they load."""

    LOADING = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            print("loading", flush=True)
            try:
                for _ in range({steps}):  # a signal may reach any thread, and handlers run between steps of this one
                    time.sleep(0.05)
            except BaseException as error:
                raise ImportError("a native module was interrupted") from error

sys.meta_path.insert(0, Slow())
"""

    @pytest.fixture
    def slow(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
        """Have a module load in so many steps, in all processes of the test."""
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

        def slow(module: str, steps: int) -> None:
            (tmp_path / "sitecustomize.py").write_text(self.LOADING.format(module=module, steps=steps))

        return slow

    @pytest.mark.parametrize("module", ["pydantic", "starlette.applications"])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_server_that_is_told_to_stop_has_stopped(
        self, voxwire: Voxwire, slow: Callable[[str, int], None], module: str, number: int
    ) -> None:
        slow(module, 2000)
        process = voxwire("serve", "--port", "0")
        read_until(process, "loading")
        process.send_signal(number)
        assert (complaint(process), process.wait()) == ("", 0)

    @pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
    def test_talk(self, voxwire: Voxwire, slow: Callable[[str, int], None], number: str, code: int) -> None:
        slow("numpy", 10)
        process = voxwire("talk", "--text", "hi")
        read_until(process, "loading")
        process.send_signal(signal.Signals[number])
        assert (complaint(process), process.wait()) == ("", code)


def test_no_standard_output_at_all(mark: str) -> None:
    result = subprocess.run(
        ["sh", "-c", '"$0" -m voxwire doctor >&-', sys.executable], capture_output=True, text=True, check=False
    )
    assert result.returncode in {0, 1}, "what the doctor found"
    assert result.stderr == ""


@engines
class TestSignals:
    @pytest.mark.parametrize("moment", ["warming", "Sending"])
    @pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGKILL", -9)])
    def test_talk(self, voxwire: Voxwire, mark: str, moment: str, number: str, code: int) -> None:
        process = voxwire("talk", QUESTION)
        read_until(process, moment)
        process.send_signal(signal.Signals[number])
        assert (complaint(process), process.wait()) == ("", code)
        assert_all_end(mark)

    @pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
    @pytest.mark.parametrize("processes", [2, 3])
    def test_a_server_whose_engines_are_starting(
        self, voxwire: Voxwire, mark: str, number: str, processes: int
    ) -> None:
        """The server is one process, each worker another, and the recogniser's a few."""
        process = voxwire("serve", "--port", "0")
        while len(marked(mark)) < processes:
            assert process.poll() is None
        process.send_signal(signal.Signals[number])
        assert (complaint(process), process.wait()) == ("", 0)
        assert_all_end(mark)

    def test_a_server_one_of_whose_engines_fails(self, voxwire: Voxwire, mark: str, tmp_path: Path) -> None:
        """The others are starting at that moment."""
        file = tmp_path / "voxwire.toml"
        with socket.create_server(("127.0.0.1", 0)) as endpoint:
            port = endpoint.getsockname()[1]
            file.write_text(f'llm = {{base_url = "http://127.0.0.1:{port}/v1"}}\n')
            process = voxwire("serve", "--port", "0", "--config", str(file))
            connection, _ = endpoint.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            connection.close()
            said = complaint(process)
        assert said.splitlines()[-1].startswith("voxwire serve: The language model's endpoint")
        assert process.wait() == 1
        assert_all_end(mark)

    def test_impatience(self, voxwire: Voxwire, mark: str) -> None:
        process = voxwire("talk", QUESTION)
        read_until(process, "Sending")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert_all_end(mark)


@engines
class TestStopAtEof:
    @pytest.mark.parametrize("moment", ["", "OPENAI_API_KEY"])
    def test_serve(self, voxwire: Voxwire, mark: str, moment: str) -> None:
        process = voxwire("serve", "--stop-at-eof", "--port", "0", stdin=subprocess.PIPE)
        read_until(process, moment)
        assert process.stdin is not None
        process.stdin.write("not yet\n")
        process.stdin.close()
        assert (complaint(process), process.wait()) == ("", 0)
        assert_all_end(mark)
