"""`voxwire serve` at a terminal: what it shows, bars included, and how it ends. A real process."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.request import urlopen

LISTENING = re.compile(r"Voxwire is listening on (\S+)")


class Served:
    """A server that was started at a terminal or at pipes, and what it has shown."""

    def __init__(self, *options: str) -> None:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "voxwire", "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(theirs)
        self._screen = ours
        self.shown = ""

    def until(self, pattern: "re.Pattern[str] | str", seconds: float = 50) -> "re.Match[str]":
        """Read on until the pattern is shown. At the end of the output nothing more can come."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown)):
            ready = select.select([self._screen], [], [], max(0.0, deadline - time.monotonic()))[0]
            assert ready, f"{pattern} is not shown after:\n{self.shown}"
            piece = self._read()
            assert piece, f"{pattern} is not shown, and all is said:\n{self.shown}"
        return found

    def rest(self) -> str:
        """All that it says until it has ended."""
        while self._read():
            pass
        return self.shown

    def _read(self) -> bytes:
        try:
            piece = os.read(self._screen, 4096)
        except OSError:  # the other end is closed
            return b""
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode(errors="replace"))
        return piece

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Served]:
    server = Served(*options)
    try:
        yield server
    finally:
        server.close()


def ready(url: str) -> dict[str, bool]:
    """Which deployments can be talked to."""
    with urlopen(f"{url}/v1/models") as reply:
        return {model["id"]: model["ready"] for model in json.load(reply)["data"]}
