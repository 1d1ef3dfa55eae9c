"""`voxwire models`: what it prints, on a terminal and elsewhere, and how it stops."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_sources import LITTLE, Answer, ModelServer, little_served, write_entry

from voxwire.cli import main
from voxwire.cli.pull_progress import Lines


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelServer]:
    with little_served(monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


Captured = pytest.CaptureFixture[str]


class TestList:
    def test_a_line_for_each_model(self, capsys: Captured) -> None:
        assert main(["models", "list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["model", "kind", "engines", "languages", "size", "licence", "here"]
        [little] = [line for line in lines if line.startswith("little ")]
        assert re.split(r"\s{2,}", little) == ["little", "stt", "whisper", "-", "1.0 MB", "MIT", "-"]
        [gemma] = [line for line in lines if line.startswith("gemma-3-270m")]
        assert "Gemma Terms of Use *" in gemma

    def test_only_some(self, capsys: Captured) -> None:
        assert main(["models", "list", "--kind", "turn"]) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["model", "smart-turn-v3.2"]
        assert main(["models", "list", "--engine", "piper"]) == 0
        assert "whisper" not in capsys.readouterr().out

    def test_what_is_here(self, capsys: Captured) -> None:
        assert main(["models", "pull", "little"]) == 0
        capsys.readouterr()
        assert main(["models", "list", "--here"]) == 0
        captured = capsys.readouterr().out.splitlines()
        assert len(captured) == 2
        assert captured[1].endswith("yes")

    def test_there_is_none(self, capsys: Captured) -> None:
        assert main(["models", "list", "--here"]) == 0
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "There is none.\n")

    def test_all_about_one(self, capsys: Captured, store: Path) -> None:
        assert main(["models", "show", "little"]) == 0
        said = capsys.readouterr().out
        assert "no; voxwire models pull little" in said
        assert "hub    lab/little at main" in said
        assert "index  little-model==1.0" in said
        assert "voices" not in said  # a recogniser has none
        assert main(["models", "pull", "little"]) == 0
        capsys.readouterr()
        assert main(["models", "show", "little"]) == 0
        assert str(store / "little") in capsys.readouterr().out


class TestPull:
    def test_lines_where_there_is_no_terminal(self, capsys: Captured, store: Path) -> None:
        assert main(["models", "pull", "little"]) == 0
        captured = capsys.readouterr()
        assert captured.out == f"little is in {store / 'little'}\n"
        assert captured.err == "little: fetching 1.0 MB ...\n"
        assert (store / "little/model.bin").read_bytes() == LITTLE["model.bin"]

    def test_one_that_fails_does_not_keep_the_others(
        self, server: ModelServer, capsys: Captured, tmp_path: Path
    ) -> None:
        write_entry(tmp_path / "entries", "gone", LITTLE, hub="lab/gone", index=None)
        assert main(["models", "pull", "gone", "little"]) == 1
        captured = capsys.readouterr()
        assert "The model gone could not be fetched. hub: 127.0.0.1 does not have it (404)." in captured.err
        assert captured.out.startswith("little is in ")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["pull", "little", "--from", "folder"], "Which folder? Name it with --folder, or VOXWIRE_MODEL_FOLDER."),
            (["pull", "litle"], "There is no model 'litle' in the catalogue. Did you mean little?"),
            (["rm", "litle"], "Did you mean little?"),
            (["show", "litle"], "Did you mean little?"),
            (["pull", "little", "--folder", "/nowhere"], "There is no folder /nowhere."),
        ],
    )
    def test_what_cannot_be_meant(self, arguments: list[str], words: str, capsys: Captured) -> None:
        assert main(["models", *arguments]) == 1
        assert words in capsys.readouterr().err

    def test_offline(self, server: ModelServer, capsys: Captured) -> None:
        assert main(["models", "pull", "little", "--offline"]) == 1
        assert "offline" in capsys.readouterr().err
        assert not server.asked

    def test_a_licence_is_accepted_once(self, capsys: Captured, tmp_path: Path) -> None:
        more = 'terms = "https://example.com/terms"'
        write_entry(tmp_path / "entries", "little", LITTLE, hub="lab/little", index=None, more=more)
        assert main(["models", "pull", "little"]) == 1
        assert "voxwire models pull little --accept-licence" in capsys.readouterr().err
        assert main(["models", "pull", "little", "--accept-licence"]) == 0
        assert main(["models", "rm", "little"]) == 0
        assert main(["models", "pull", "little"]) == 0

    def test_a_package_that_is_missing_is_named(self, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        assert main(["models", "pull", "little", "--from", "hub"]) == 1
        assert "pip install 'voxwire[models]'" in capsys.readouterr().err


class TestRemove:
    def test_it_is_gone(self, capsys: Captured, store: Path) -> None:
        assert main(["models", "pull", "little"]) == 0
        capsys.readouterr()
        assert main(["models", "rm", "little"]) == 0
        assert capsys.readouterr().out == "little: deleted\n"
        assert not (store / "little").exists()
        assert main(["models", "rm", "little"]) == 0
        assert capsys.readouterr().out == "little: was not here\n"

    def test_one_that_the_catalogue_has_no_more(self, capsys: Captured, store: Path, tmp_path: Path) -> None:
        assert main(["models", "pull", "little"]) == 0
        (tmp_path / "entries/little.toml").unlink()
        assert main(["models", "rm", "little"]) == 0
        assert not (store / "little").exists()

    @pytest.mark.parametrize("name", ["..", ".", "little/../..", ".unfinished", ""])
    def test_nothing_but_models_can_be_deleted(self, name: str, store: Path, capsys: Captured) -> None:
        assert main(["models", "pull", "little"]) == 0
        assert main(["models", "rm", name]) == 1
        assert (store / "little").exists()


def test_lines_come_now_and_then(capsys: Captured) -> None:
    now = 0.0
    lines = Lines(lambda: now)
    lines.began("little", 1_000_000)
    for second in range(21):
        now = float(second)
        lines.moved("little", second * 50_000)
    said = capsys.readouterr().err.splitlines()
    assert said == ["little: fetching 1.0 MB ...", *(f"little: {share} % of 1.0 MB" for share in (25, 50, 75, 100))]


@contextlib.contextmanager
def terminal(*arguments: str, columns: int = 100) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The command at a terminal: the process, and the other end of the terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "voxwire", "models", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read(terminal: int, until: str = "", seconds: float = 30) -> str:
    """What is shown until these words, or until the end; without what steers the cursor."""
    shown = ""
    while not until or until not in shown:
        assert select.select([terminal], [], [], seconds)[0], f"nothing more after {shown}"
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode(errors="replace"))
    return shown


@pytest.fixture
def held(server: ModelServer) -> Iterator[threading.Event]:
    """The hub sends half of the model, and the rest once the event is set."""
    go_on = threading.Event()

    def fault(answer: Answer) -> bool:
        if not answer.path.endswith("model.bin") or answer.headers["Range"]:
            return False
        content = server.files[answer.path]
        answer.send_response(200)
        answer.send_header("Content-Length", str(len(content)))
        answer.end_headers()
        with contextlib.suppress(OSError):
            answer.wfile.write(content[: len(content) // 2])
            answer.wfile.flush()
            go_on.wait(30)
            answer.wfile.write(content[len(content) // 2 :])
        return True

    server.fault = fault
    yield go_on
    go_on.set()


class TestTerminal:
    def test_a_bar_moves(self, held: threading.Event, store: Path) -> None:
        with terminal("pull", "little") as (process, screen):
            shown = read(screen, until="0.5/1.0 MB")
            assert re.search(r"little .*━+", shown)
            held.set()
            shown = read(screen)
            assert process.wait(20) == 0
        assert "1.0/1.0 MB" in shown
        assert f"little is in {store / 'little'}" in shown.replace("\r\n", "")

    def test_ctrl_c_leaves_what_the_next_one_goes_on_with(
        self, held: threading.Event, store: Path, server: ModelServer
    ) -> None:
        with terminal("pull", "little") as (process, screen):
            read(screen, until="0.5/1.0 MB")
            process.send_signal(signal.SIGINT)
            shown = read(screen)
            assert process.wait(20) == 130
        assert "Stopped. To go on from here: voxwire models pull little" in " ".join(shown.split())
        assert "Traceback" not in shown
        assert not (store / "little").exists()
        held.set()
        server.asked.clear()
        assert main(["models", "pull", "little"]) == 0
        assert server.asked[0] == "GET /lab/little/resolve/main/model.bin bytes=524288-"
        assert (store / "little/model.bin").read_bytes() == LITTLE["model.bin"]

    def test_a_killed_one_leaves_no_lock(self, held: threading.Event, store: Path) -> None:
        with terminal("pull", "little") as (process, screen):
            read(screen, until="0.5/1.0 MB")
            process.kill()
        held.set()
        assert main(["models", "pull", "little"]) == 0

    @pytest.mark.parametrize(("typed", "code"), [("y", 0), ("n", 1)])
    def test_a_licence_is_asked_for(self, tmp_path: Path, store: Path, typed: str, code: int) -> None:
        more = 'terms = "https://example.com/terms"'
        write_entry(tmp_path / "entries", "little", LITTLE, hub="lab/little", index=None, more=more)
        with terminal("pull", "little") as (process, screen):
            shown = read(screen, until="[y/N] ")
            assert "https://example.com/terms" in shown
            os.write(screen, f"{typed}\n".encode())
            read(screen)
            assert process.wait(20) == code
        assert (store / "little").exists() == (code == 0)

    def test_a_table(self) -> None:
        with terminal("list", "--engine", "whisper") as (process, screen):
            shown = read(screen)
            assert process.wait(20) == 0
        assert "little" in shown
        assert "whisper-base" in shown

    def test_a_narrow_table_has_names_that_can_be_copied(self) -> None:
        with terminal("list", columns=80) as (process, screen):
            shown = read(screen)
            assert process.wait(20) == 0
        assert "whisper-large-v3-turbo" in shown
        assert "piper-en-us-joe-medium" in shown
        assert "…" not in shown
        assert all(len(line) <= 80 for line in shown.splitlines())
