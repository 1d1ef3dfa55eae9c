"""The server that `voxwire talk` starts for itself, played by shell scripts."""

import asyncio
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from voxwire.cli import local_server as module
from voxwire.cli.local_server import local_server
from voxwire.talk.outcome import TalkError
from voxwire.talk.screen import Screen

LISTENING = "echo Voxwire is listening on http://127.0.0.1:1234"


@pytest.fixture
def server_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Let these shell commands stand for the server; the file they may leave their process id in."""

    def install(commands: str) -> Path:
        script, pid = tmp_path / "server", tmp_path / "pid"
        script.write_text(f"#!/bin/sh\necho $$ > {pid}\n{commands}\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        return pid

    return install


def running(pid: Path) -> bool:
    try:
        os.kill(int(pid.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


async def test_runs_while_it_is_needed(server_is: Callable[[str], Path]) -> None:
    pid = server_is(f"echo Starting.\n{LISTENING}-$VOXWIRE_AUTH__API_KEYS\nexec sleep 60")
    out = io.StringIO()
    async with local_server(Screen(out)) as (address, key):
        assert address == f"http://127.0.0.1:1234-{key}", "it was told the key"
        assert len(key) >= 32
        assert running(pid)
    assert not running(pid)
    assert out.getvalue().startswith("Server   warming up the engines . ready in ")


async def test_says_why_it_did_not_start(server_is: Callable[[str], Path]) -> None:
    server_is("echo Voxwire needs a port. >&2; exit 2")
    with pytest.raises(TalkError, match=r"did not start: Voxwire needs a port\."):
        async with local_server(Screen(io.StringIO())):
            pass


async def test_ends_without_a_word(server_is: Callable[[str], Path]) -> None:
    server_is("exit 1")
    with pytest.raises(TalkError, match="ended without a word"):
        async with local_server(Screen(io.StringIO())):
            pass


async def test_that_never_listens_is_stopped(server_is: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_S", 0.3)
    pid = server_is("exec sleep 60")
    with pytest.raises(TalkError, match="did not start within"):
        async with local_server(Screen(io.StringIO())):
            pass
    assert not running(pid)


async def test_its_log_never_stops_it(server_is: Callable[[str], Path], tmp_path: Path) -> None:
    """Far more output than a pipe holds."""
    written = tmp_path / "written"
    server_is(f"{LISTENING}\nhead -c 1000000 /dev/zero\ntouch {written}\nexec sleep 60")
    async with local_server(Screen(io.StringIO())):
        async with asyncio.timeout(10):
            while not await asyncio.to_thread(written.exists):
                pass


async def test_a_stubborn_one_is_killed(server_is: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_S", 0.2)
    pid = server_is(f"trap '' TERM\n{LISTENING}\nwhile true; do sleep 0.1; done")
    began = time.monotonic()
    async with local_server(Screen(io.StringIO())):
        pass
    assert not running(pid)
    assert time.monotonic() - began < 10
