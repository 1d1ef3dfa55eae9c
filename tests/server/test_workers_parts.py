"""The parts of a server of several workers, each by itself."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxwire.auth.ephemeral.signing_ring import SigningRing
from voxwire.config import StorageSettings
from voxwire.engines.worker import pool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.errors import ConfigurationError
from voxwire.quotas import OwnCount
from voxwire.quotas.memory_counts import MemoryCounts
from voxwire.runtime.ids import new_id, worker_ids, worker_of
from voxwire.server.health_state import DeploymentState, HealthState, together
from voxwire.server.workers.doors import Doors
from voxwire.server.workers.in_worker import SharedSeats
from voxwire.server.workers.line import LineLost, WorkerLine
from voxwire.server.workers.passing import Receiving, passed
from voxwire.server.workers.switchboard import Switchboard
from voxwire.storage.database import Database
from voxwire.testing.live_server import settings_for_tests
from voxwire.testing.scripted_clock import ScriptedClock


class TestIds:
    @pytest.mark.parametrize("number", [1, 2, 60])
    def test_a_session_tells_its_worker(self, number: int) -> None:
        made = worker_ids(number)("sess")
        assert len(made) == len(new_id("sess"))
        assert made != worker_ids(number)("sess")
        assert worker_of(made) == number

    @pytest.mark.parametrize("id", ["", "sess_", "sess_1", f"item_{'1' * 21}", f"sess_{'-' * 21}", "rtc_é" + "1" * 20])
    def test_what_tells_none(self, id: str) -> None:
        assert worker_of(id) is None

    def test_other_ids_are_as_ever(self) -> None:
        assert len({worker_ids(1)("item")[5] for _ in range(200)}) > 10


class TestSettings:
    @pytest.mark.parametrize("workers", [0, 61, "two"])
    def test_numbers_that_cannot_be(self, workers: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"server\.workers"):
            settings_for_tests(server={"workers": workers})

    def test_a_system_that_cannot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.platform", "win32")
        assert settings_for_tests(server={"workers": 1}).server.workers == 1
        with pytest.raises(ConfigurationError, match="Linux or macOS"):
            settings_for_tests(server={"workers": 2})


@pytest.mark.parametrize(("size", "workers", "each"), [(4, 1, 4), (4, 2, 2), (3, 2, 2), (1, 2, 1), (4, 8, 1)])
def test_processes_of_engines_are_divided(monkeypatch: pytest.MonkeyPatch, size: int, workers: int, each: int) -> None:
    monkeypatch.setattr(pool, "_sharing", 1)
    pool.divide_processes(workers)
    spec = WorkerSpec(stage="stt", name="any", service="any:any")
    assert pool.WorkerPool(spec, msgspec.msgpack.Decoder(), size=size).size == each


async def test_processes_of_a_server_sign_by_the_same_key(tmp_path: Path) -> None:
    """Without a database, and also the day after: each makes the keys of the others by itself."""
    clock = ScriptedClock()
    clock.advance(86_400 - clock.time() % 86_400 - 60)
    database = Database(StorageSettings(url=f"sqlite:///{tmp_path / 'none.db'}"))
    first, second = (SigningRing(database, clock.time, b"r" * 32) for _ in range(2))
    stranger = SigningRing(database, clock.time)
    name, key = await first.signing()
    assert await second.named(name) == key
    assert await stranger.named(name) is None
    clock.advance(120)
    later, _ = await second.signing()
    assert later != name
    assert await second.named(name) == key, "it still counts for what it has signed"
    clock.advance(4 * 3600)
    assert await second.named(name) is None


class TestMemoryCounts:
    def test_workers_learn_what_others_count(self) -> None:
        clock = ScriptedClock()
        counts = MemoryCounts(clock.time)
        assert counts.exchange("1", [OwnCount("a", 0, 60.0)]) == [None]
        assert counts.exchange("1", [OwnCount("a", 5, 60.0)]) == [(0, 60.0)]
        clock.advance(10)
        assert counts.exchange("2", [OwnCount("a", 2, 60.0)]) == [(5, 50.0)]
        assert counts.exchange("1", [OwnCount("a", 5, 50.0)]) == [(2, 50.0)]
        clock.advance(51)
        assert counts.exchange("1", [OwnCount("a", 0, 60.0)]) == [None]

    def test_places_are_taken_all_or_none_and_end(self) -> None:
        clock = ScriptedClock()
        counts = MemoryCounts(clock.time, place_s=30)
        assert counts.take("x", [("a", 2), ("b", 1)]) is None
        assert counts.take("y", [("a", 2), ("b", 1)]) == 1
        assert counts.take("z", [("a", 2)]) is None
        assert counts.take("w", [("a", 2)]) == 0
        counts.leave("x", ["a", "b"])
        assert counts.take("w", [("b", 1)]) is None
        clock.advance(20)
        counts.renew([("w", "b")])
        clock.advance(20)
        assert counts.take("v", [("b", 1)]) == 0
        assert counts.take("v", [("a", 1)]) is None, "nobody has renewed it"


class Told:
    """A worker, as the switchboard speaks to it."""

    def __init__(self) -> None:
        self.ready = True
        self.told: list[tuple[str, object]] = []

    def tell(self, what: str, body: object = None) -> None:
        self.told.append((what, body))

    async def ask(self, what: str, body: object = None) -> Any:
        raise LineLost("gone")


class TestSwitchboard:
    def test_seats_of_a_worker_that_dies_are_free(self) -> None:
        first, second = Told(), Told()
        board = Switchboard(2, 2, lambda: (first, second))
        one, two = board.handlers("1.1", first), board.handlers("2.2", second)
        assert one["take seat"](None)
        assert two["take seat"](None)
        assert not one["take seat"](None)
        assert second.told == [("full", True)]
        board.gone("1.1")
        assert second.told == [("full", True), ("full", False)]
        assert two["take seat"](None)
        two["leave seat"](None)
        assert board.taken == 1

    def test_places_of_a_worker_that_dies_are_free(self) -> None:
        board = Switchboard(2, 2, lambda: ())
        one, two = board.handlers("1.1", Told()), board.handlers("2.2", Told())
        assert one["take places"](("x", [("a", 1)])) is None
        assert two["take places"](("y", [("a", 1)])) == 0
        board.gone("1.1")
        assert two["take places"](("y", [("a", 1)])) is None

    async def test_a_worker_that_does_not_answer_is_missing(self) -> None:
        asking, lost = Told(), Told()
        board = Switchboard(2, 3, lambda: (asking, lost))
        assert await board.handlers("1.1", asking)["ask others"]("health") == ([], 2)


async def test_a_seat_that_nobody_waits_for_any_more_is_given_back() -> None:
    """A handshake may be cancelled while the parent decides."""
    decided, left = asyncio.Event(), asyncio.Event()

    async def take(_: Any) -> bool:
        await decided.wait()
        return True

    handlers = {"take seat": take, "leave seat": lambda _: left.set()}
    ours, theirs = await lines(**handlers)
    taking = asyncio.ensure_future(SharedSeats(ours, 2).take())
    await asyncio.sleep(0.01)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert not left.is_set()
    decided.set()
    async with asyncio.timeout(5):
        await left.wait()
    ours.close()
    theirs.close()


def state(status: str = "ok", **fields: Any) -> HealthState:
    deployment = DeploymentState(project=None, name="a", ready=True, stages={"llm": "ready"}, failed=None)
    given = {"sessions": 1, "load": {"loop_late_ms": 5, "can_follow": None}, "drafts": {}, "changes": {}, "resting": {}}
    return HealthState(status=status, **{**given, "deployments": [deployment], **fields})


class TestHealthTogether:
    @pytest.mark.parametrize(
        ("found", "missing", "status"),
        [
            (["ok", "ok"], 0, "ok"),
            (["ok", "ok"], 1, "degraded"),
            (["ok", "full"], 0, "degraded"),
            (["full", "full"], 0, "full"),
            (["full", "unready"], 0, "full"),
            (["unready", "unready"], 0, "unready"),
            (["ok", "degraded"], 0, "degraded"),
            (["ok", "draining"], 0, "draining"),
            (["store_unreachable", "ok"], 0, "store_unreachable"),
        ],
    )
    def test_status(self, found: list[str], missing: int, status: str) -> None:
        assert together([state(one) for one in found], missing).status == status

    def test_numbers_and_stages(self) -> None:
        failed = DeploymentState(project=None, name="a", ready=False, stages={"llm": "failed"}, failed="llm")
        load = {"loop_late_ms": 9, "can_follow": 4}
        both = together([state(drafts={"begun": 1}), state(load=load, drafts={"begun": 2}, deployments=[failed])])
        assert (both.sessions, both.drafts) == (2, {"begun": 3})
        assert both.load == {"loop_late_ms": 9, "can_follow": 4}
        assert both.deployments == [failed]


async def lines(**handlers: Any) -> tuple[WorkerLine, WorkerLine]:
    ends = socket.socketpair()
    made = WorkerLine({}, lambda: None), WorkerLine(handlers, lambda: None)
    for line, end in zip(made, ends, strict=True):
        await asyncio.get_running_loop().create_unix_connection(lambda line=line: line, sock=end)
    return made


class TestLine:
    async def test_questions_in_order_and_those_that_take_time(self) -> None:
        async def late(body: Any) -> Any:
            await asyncio.sleep(0)
            return body * 2

        ours, theirs = await lines(late=late, large=lambda body: len(body))
        assert await asyncio.gather(ours.ask("late", 1), ours.ask("late", 2)) == [2, 4]
        assert await ours.ask("large", bytes(3_000_000)) == 3_000_000
        theirs.close()
        with pytest.raises(LineLost):
            await ours.ask("late", 3)
        ours.close()

    async def test_what_cannot_be_answered(self, caplog: pytest.LogCaptureFixture) -> None:
        ours, theirs = await lines(fails=lambda _: 1 / 0)
        with pytest.raises(LineLost):
            await ours.ask("fails")
        assert "could not be worked on" in caplog.text
        ours.close()
        theirs.close()

    async def test_an_answer_that_is_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody waits for it for ever, and the line stays."""

        async def later(body: Any) -> bytes:
            return bytes(2000)

        monkeypatch.setattr("voxwire.server.workers.line._LONGEST", 1000)
        ours, theirs = await lines(later=later, once=lambda _: bytes(2000), short=lambda _: 1)
        async with asyncio.timeout(5):
            for question in ("later", "once"):
                with pytest.raises(LineLost, match="could not answer"):
                    await ours.ask(question)
            assert await ours.ask("short") == 1
        ours.close()
        theirs.close()

    async def test_what_nobody_may_say(self) -> None:
        """A process that went wrong does not fill the memory of the other one."""
        near, far = socket.socketpair()
        far.setblocking(False)
        lost = asyncio.Event()
        line = WorkerLine({}, lost.set)
        await asyncio.get_running_loop().create_unix_connection(lambda: line, sock=near)
        far.send(b"\xff\xff\xff\xff" + bytes(1000))
        async with asyncio.timeout(5):
            await lost.wait()
        far.close()


class Host:
    """Takes connections, at most so many."""

    def __init__(self, held: int = 0, most: int = 1000, full: bool = False) -> None:
        self.held, self.most, self.full = held, most, full

    @property
    def burden(self) -> tuple[bool, int]:
        return self.full, self.held

    def take(self, connection: socket.socket) -> bool:
        if self.held >= self.most:
            return False
        self.held += 1
        return True


class TestDoors:
    async def test_two_hundred_at_once_are_divided_evenly(self) -> None:
        hosts = [Host(), Host(), Host(full=True)]
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        doors = Doors([listening], lambda: hosts)
        doors.open()
        clients = [socket.socket() for _ in range(200)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        async with asyncio.timeout(10):
            while sum(host.held for host in hosts) < 200:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert [host.held for host in hosts] == [100, 100, 0]
        doors.close()
        for each in (listening, *clients):
            each.close()

    async def test_who_does_not_keep_up_is_passed_by(self) -> None:
        hosts = [Host(most=3), Host(held=50)]
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        doors = Doors([listening], lambda: hosts)
        doors.open()
        clients = [socket.create_connection(listening.getsockname()) for _ in range(10)]
        async with asyncio.timeout(10):
            while hosts[1].held < 57:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert hosts[0].held == 3
        doors.close()
        for each in (listening, *clients):
            each.close()

    async def test_who_comes_while_nobody_keeps_up_waits(self) -> None:
        """As in the line of the system before a server of one process."""
        host = Host(most=3)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        doors = Doors([listening], lambda: [host])
        doors.open()
        clients = [socket.create_connection(listening.getsockname()) for _ in range(10)]
        async with asyncio.timeout(10):
            while host.held < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            host.most = 9
            while host.held < 9:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            host.most = 10  # also one behind whom nobody comes
            while host.held < 10:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        doors.close()
        for each in (listening, *clients):
            each.close()


class TestPassing:
    async def test_connections_come_with_their_notes(self) -> None:
        ours, theirs = socket.socketpair()
        came: asyncio.Queue[tuple[socket.socket, int]] = asyncio.Queue()
        receiving = Receiving(theirs, lambda connection, note: came.put_nowait((connection, note)))
        receiving.open()
        pairs = [socket.socketpair() for _ in range(5)]
        for note, (_, far) in enumerate(pairs):
            assert passed(ours, far, note)
            far.close()
        for note, (near, _) in enumerate(pairs):
            connection, noted = await came.get()
            assert noted == note
            assert not connection.get_inheritable(), "processes of engines would keep it open"
            connection.sendall(b"here")
            assert near.recv(4) == b"here"
            connection.close()
            near.close()
        assert receiving.received == 5
        receiving.close()
        assert not passed(ours, ours)
        ours.close()

    async def test_what_is_no_connection_is_closed(self) -> None:
        """Nothing of what another process sends stays open here by mistake."""
        ours, theirs = socket.socketpair()
        came: asyncio.Queue[socket.socket] = asyncio.Queue()
        receiving = Receiving(theirs, lambda connection, note: came.put_nowait(connection))
        receiving.open()
        reader, writer = os.pipe()
        near, far = socket.socketpair()
        with near, far:
            socket.send_fds(ours, [b"0"], [writer])
            socket.send_fds(ours, [b"0"], [far.fileno(), writer, writer])
            os.close(writer)
            (await came.get()).close()
        os.set_blocking(reader, False)
        assert os.read(reader, 1) == b"", "somebody still has the other end"
        os.close(reader)
        receiving.close()
        ours.close()
