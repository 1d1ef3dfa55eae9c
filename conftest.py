"""What holds for every test of the repository."""

import os
import signal
import traceback
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import blockbuster
import pytest
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from service_processes import PostgresServer, RedisServer
from storage_troubles import losing as losing

from voxwire.config import StorageSettings
from voxwire.storage.database import Database

# A machine may stop for a moment, so no property is lost for how long an example took. The profile that Hypothesis
# has for continuous integration says the same.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell has its background jobs ignore Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

_ROOT = Path(__file__).parent
_SOURCES = str(_ROOT / "src")
#: Folders whose tests keep real time beside programs of others, and why. On a shared machine that stops for a second,
#: one of them fails now and then. So they get a second try, which the report shows as "R"; no other test does.
_REAL_TIME = {
    "tests/browser": "a browser plays and records at the pace of its own sound card",
    "tests/clients": "clients as they are published, with deadlines that nobody here can set",
    "tests/cli": "programs are started, talked to and interrupted as at a terminal",
    "tests/talk": "whole spoken conversations at the pace of speech",
}

#: Files that take a minute or more although none of their tests does. They begin first, too.
_LONG = {
    "clients/python/tests/test_rtclient_hostile.py",
    "tests/server/test_drain.py",
    "tests/server/test_endings.py",
    "tests/server/test_lifecycle.py",
    "tests/server/test_loop_is_free.py",
    "tests/server/test_lost_storage.py",
    "tests/server/test_unready.py",
}

#: A master key, as `storage.secret_key` has it.
SECRET_KEY: Final = "A" * 43 + "="


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors: two workers leave two processors idle for half of the time, for many tests wait
    for a program, or for speech at its own pace."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {_ROOT / folder for folder in _REAL_TIME}
    for item in items:
        if not folders.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.real_time)
            item.add_marker(pytest.mark.flaky(reruns=1))
    # Files that take long begin first: where several processors share the files, none has a long one left at the end.
    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("real_time")}
    long |= {_ROOT / file for file in _LONG}
    items.sort(key=lambda item: item.path not in long)


#: Where the loop may be blocked all the same, and why.
_MAY_BLOCK = (
    ("voxwire/server/build.py", "build_service", "put together before there is a loop; tests do it in theirs"),
    ("voxwire/server/app.py", "create_app", "the same"),
    ("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args", "looks for certificates in the home folder"),
    ("logging/__init__.py", "emit", "a log line is short, and goes to a terminal or a file of pytest's"),
)


@pytest.fixture(scope="session")
def _databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("databases")


@pytest.fixture(autouse=True, scope="module")
def _database_of_the_file(_databases: Path) -> Iterator[None]:
    """What tests store, servers of a whole file among them, never lies in the home folder; it is not there at first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{_databases}/{uuid.uuid4().hex}/voxwire.db")
        yield


@pytest.fixture(autouse=True)
def _database_of_the_test(_database_of_the_file: None, _databases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no test finds what another one has stored."""
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{_databases}/{uuid.uuid4().hex}/voxwire.db")


@pytest.fixture(scope="session")
def _postgres_of_the_session() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def postgres(_postgres_of_the_session: PostgresServer) -> Iterator[PostgresServer]:
    """A real PostgreSQL that runs, also after a test that has killed it. Each test makes its own database in it."""
    if not _postgres_of_the_session.running:
        _postgres_of_the_session.start()
    yield _postgres_of_the_session
    _postgres_of_the_session.take_back()


@pytest.fixture(scope="session")
def _redis_of_the_session() -> Iterator[RedisServer]:
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def redis(_redis_of_the_session: RedisServer) -> RedisServer:
    """A real Redis that runs, with nothing in it."""
    if not _redis_of_the_session.running:
        _redis_of_the_session.start()
    _redis_of_the_session.empty()
    return _redis_of_the_session


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StorageSettings:
    """Settings of an empty database, of each kind in turn; also in the environment, for programs that a test starts."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/voxwire/voxwire.db"
    else:
        url = request.getfixturevalue("postgres").new_database()
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", url)
    monkeypatch.setenv("VOXWIRE_STORAGE__SECRET_KEY", SECRET_KEY)
    return StorageSettings(url=SecretStr(url), secret_key=SecretStr(SECRET_KEY))


@pytest.fixture
async def database(storage: StorageSettings) -> AsyncIterator[Database]:
    """An empty database, of each kind in turn."""
    database = Database(storage)
    yield database
    await database.close()


@pytest.fixture
def unblocked_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A call of ours that blocks the event loop fails the test, also where the error was caught on its way."""
    found: list[str] = []

    class BlockingError(blockbuster.BlockingError):
        def __init__(self, function: str) -> None:
            super().__init__(function)
            ours = [frame for frame in traceback.extract_stack() if frame.filename.startswith(_SOURCES)]
            found.append(f"{function} in {' > '.join(f'{frame.filename}:{frame.lineno}' for frame in ours)}")

    monkeypatch.setattr("blockbuster.blockbuster.BlockingError", BlockingError)
    with blockbuster.blockbuster_ctx("voxwire", excluded_modules=["voxwire.testing"]) as detector:
        for function in detector.functions.values():
            for file, name, _ in _MAY_BLOCK:
                function.can_block_in(file, name)
        yield
    assert not found, "\n".join(["calls that blocked the event loop:", *found])
