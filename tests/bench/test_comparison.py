"""Servers that take turns: what is named is found, and a run gives a row for each."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from address import Address
from client import Client, append_frames
from compare import parse, parse_contender
from load import Load, Wire, trial
from outside import OutsideServer
from processes import listeners, with_descendants
from servers import Server, need_processors, workers_of
from trees import open_tree

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"
_FLOOR = """
import sys
sys.path.insert(0, sys.argv[1])
import floor, uvicorn
uvicorn.run(floor.app, port=0, ws="websockets-sansio", lifespan="off", log_level="info", {options})
"""


@pytest.fixture
def started() -> Iterator[Address]:
    """The floor as somebody else would start it. It pings every tenth of a second, and hangs up where none answers."""
    yield from _start("ws_ping_interval=0.1, ws_ping_timeout=0.5")


def _start(options: str) -> Iterator[Address]:
    program = [sys.executable, "-c", _FLOOR.format(options=options), str(BENCH)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            found = next(filter(None, (re.search(r"http://127.0.0.1:(\d+)", line) for line in process.stderr)))
            yield Address("127.0.0.1", int(found[1]), "/v1/realtime")
        finally:
            process.terminate()


class TestNames:
    def test_a_server_at_an_address(self) -> None:
        contender = parse_contender("them=ws://127.0.0.1:7/x", ["api-key: k"])
        assert contender.address == Address("127.0.0.1", 7, "/x", ("api-key: k",))

    def test_the_floor_comes_first_and_an_address_can_stand_alone(self) -> None:
        _, contenders = parse(["--url", "ws://127.0.0.1:7/x"])
        assert [contender.name for contender in contenders] == ["floor", "peer"]
        _, contenders = parse(["a=ws://127.0.0.1:7/x", "b=ws://127.0.0.1:8/x", "--no-floor"])
        assert [contender.name for contender in contenders] == ["a", "b"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--url", "ws://198.51.100.7:80/"], "is not this machine"),
            (["--url", "ws://127.0.0.1:7/", "--header", "Host: x"], "belongs to the handshake"),
            (["a=ws://127.0.0.1:7/", "a=ws://127.0.0.1:8/"], "needs a name of its own"),
            (["floor=ws://127.0.0.1:7/"], "needs a name of its own"),
            (["nothing"], "is no NAME=TREE"),
            (["a=/nowhere:X"], "a variable is written"),
            (["--no-floor"], "nothing to compare"),
        ],
    )
    def test_what_is_refused(self, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            parse(arguments)
        assert said in capsys.readouterr().err.splitlines()[-1]

    def test_what_is_no_tree(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="is no tree of Voxwire that can be measured"):
            open_tree(str(tmp_path))

    def test_a_tree_whose_environment_has_another_voxwire(self, tmp_path: Path) -> None:
        """As after `cp -r`: the copy's `.venv` still has the original."""
        (tmp_path / "bench").mkdir()
        (tmp_path / "bench" / "fake_server.py").touch()
        (tmp_path / ".venv" / "bin").mkdir(parents=True)
        python = tmp_path / ".venv" / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        with pytest.raises(ValueError, match=r"its .venv has Voxwire of .*, which would be measured instead"):
            open_tree(str(tmp_path))
        python.write_text("#!/bin/sh\nexit 1\n")
        with pytest.raises(ValueError, match=r"Voxwire is not installed in its .venv"):
            open_tree(str(tmp_path))

    def test_a_tree_says_what_it_is_and_what_detects_speech_in_it(self) -> None:
        tree = open_tree(str(ROOT), {"VOXWIRE_VAD": '{"name":"silero","kernel":"numpy"}'})
        assert (tree.path, tree.detection) == (ROOT, "in NumPy")
        assert re.fullmatch(r"[0-9a-f]{7,}\+?|-", tree.revision)
        with pytest.raises(ValueError, match=r"speech detection cannot be loaded: .*kernel of Silero"):
            open_tree(str(ROOT), {"VOXWIRE_VAD": '{"name":"silero","kernel":"none"}'})


class TestOutsideServers:
    def test_its_processes_are_found_by_the_port(self, started: Address) -> None:
        server = OutsideServer("them", started)
        (pid,) = server.pids()
        assert pid in with_descendants([os.getpid()])
        assert pid != os.getpid()
        assert sum(ran for ran, _ in server.usage().values()) > 0

    def test_what_others_do_on_its_core_counts_as_waiting(
        self, started: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its own threads wait for each other, and that disturbs nothing."""
        server = OutsideServer("them", started)
        (pid,) = server.pids()
        core = min(os.sched_getaffinity(pid))
        stat = tmp_path / "stat"
        monkeypatch.setattr("processes._STAT", stat)
        monkeypatch.setattr("outside.affinity", lambda pid: {core})
        ticks = os.sysconf("SC_CLK_TCK")
        stat.write_text(f"cpu  1 1 1 1 1 1 1 1 0 0\ncpu{core} 0 0 0 500 9 9 9 0 0 0\ncpu{core}5 7 7 7 7 7 7 7 7 0 0\n")
        before = server.usage()
        stat.write_text(f"cpu{core} {ticks} {ticks} {ticks} 900 9 9 9 {ticks} 0 0\n")
        used = server.usage() - before
        assert used.cpu_s + used.waited_s == pytest.approx(4)

    def test_where_none_listens(self) -> None:
        with Server("floor") as server:
            port = server.port
        assert listeners(port) == []
        server = OutsideServer("them", Address("127.0.0.1", port, "/"))
        assert server.remarks() == [
            f"them: no process of yours listens on port {port}, so its cost is not known.",
        ]

    async def test_pings_are_answered(self, started: Address) -> None:
        client = await Client.open(started)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(client.closed), 1.2)
        client.close()

    async def test_one_that_cannot_be_measured_says_why(self, started: Address) -> None:
        await trial(OutsideServer("them", started), Wire())
        nowhere = started._replace(port=1)
        with pytest.raises(ConnectionError, match=r"them: .*Connect"):
            await trial(OutsideServer("them", nowhere), Wire())


class TestWorkers:
    def test_each_has_a_processor_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert workers_of({}) == 1
        assert workers_of({"VOXWIRE_SERVER__WORKERS": "2"}) == 2
        monkeypatch.setattr("servers._CPUS", [0, 1])
        need_processors()
        with pytest.raises(SystemExit, match="needs 3 processors: one for each of 2 workers, one for the load"):
            need_processors(2)

    @pytest.mark.slow
    def test_their_work_counts(self) -> None:
        environment = {"VOXWIRE_SERVER__WORKERS": "2"}
        with Server("two", "voxwire", environment=environment) as server:
            pids = with_descendants([os.getpid()])
            workers = [pid for pid in pids if b"serve_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            assert len(workers) == 2
            assert {str(pid) for pid in workers} <= set(server.usage())


async def test_the_load_sends_its_frames_and_hears_the_answers(started: Address) -> None:
    load = Load(OutsideServer("them", started), bytes(48_000 * 2), 20)
    stage = await load.measure(3, seconds=0.4, settle_s=0.1)
    load.close()
    assert len(stage.late) == 3 * 20
    assert stage.updates
    assert stage.cpu_us_per_frame
    assert not stage.lost


def test_frames_are_as_long_as_they_are_said_to_be() -> None:
    assert len(append_frames(bytes(48_000), 20)) == 50
    assert len(append_frames(bytes(48_000), 100)) == 10


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_has_a_row_for_each(started: Address) -> None:
    url = f"ws://{started.host}:{started.port}{started.path}"
    words = [
        'now=.:VOXWIRE_VAD={"name":"silero","kernel":"numpy"}',
        "--url",
        url,
        "--sessions",
        "3",
        "--rounds",
        "1",
        "--seconds",
        "0.2",
        "--frame-ms",
        "20",
    ]
    run = subprocess.run(
        [sys.executable, "bench/compare.py", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    if len(os.sched_getaffinity(0)) < 2:
        assert "needs 2 processors" in run.stderr
        return
    assert run.returncode == 0, run.stderr
    rows = {row[1]: row for line in run.stdout.splitlines() if len(row := re.split(r" *\| *", line)) > 7}
    assert list(rows)[2:] == ["floor", "now", "peer"]
    for name in ("floor", "now", "peer"):
        assert float(rows[name][4]) > 0, run.stdout
    assert rows["now"][3] == "in NumPy"
    assert float(rows["now"][5]) == 1
    assert float(rows["floor"][6]) == 1
    assert float(rows["floor"][8]) == 0, "it detects nothing"
