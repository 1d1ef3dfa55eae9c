"""The database is lost while people talk: they go on, and what they used is counted once it is back."""

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from http_client import UPGRADE, request
from scraped import scrape, value
from service_processes import PostgresServer, free_port
from storage_troubles import away
from websockets.asyncio.client import ClientConnection, connect

from voxwire.auth.management import KeyBook
from voxwire.config import StorageSettings
from voxwire.runtime import AccessRole
from voxwire.storage import connections, last_writes, usage_writer
from voxwire.storage.database import Database
from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import served

REALTIME = "/v1/realtime?model=gpt-realtime"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "_LONGEST_REST_S", 0.25)


async def answer(socket: ClientConnection) -> None:
    await socket.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "response.done":
            assert event["response"]["status"] == "completed"
            return
    raise AssertionError("the connection has ended")


async def owner_key() -> str:
    database = Database(settings())
    issued = await KeyBook(database).create(project="local", name=None, roles=[AccessRole.OWNER], by="test")
    await database.close()
    return issued.secret


def settings() -> StorageSettings:
    from voxwire.config import load_settings

    return load_settings().storage


async def answers_counted(url: str, key: str) -> int:
    found = await request(url, "/admin/v1/usage?group_by=deployment", {"api-key": key})
    assert found.status == 200, found.body
    data = json.loads(found.body)["data"]
    return int(data[0]["num_model_requests"]) if data else 0


async def test_conversations_go_on_and_everything_is_counted_afterwards(losing: Callable[[], Any]) -> None:
    key = await owner_key()
    address = {"additional_headers": {"api-key": key}}
    async with served(fake_service()) as url, connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as first:
        await answer(first)
        with losing():
            await answer(first)
            # Keys are known without the database, good ones and bad ones.
            async with connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as second:
                await answer(second)
            assert (await request(url, REALTIME, {**UPGRADE, "api-key": "vw_wrong"})).status == 401
            # Whoever wants something of it is told.
            made = {"api-key": key, "Content-Type": "application/json"}
            refused = await request(url, "/admin/v1/keys", made, method="POST", body=b'{"name": "new"}')
            assert (refused.status, refused.error["code"]) == (503, "storage_unavailable")
            assert refused.headers["retry-after"]
            await answer(first)
            during = await scrape(url, **{"api-key": key})
            assert value(during, "realtime_records_waiting", kind="usage") >= 3
        await answer(first)
        async with asyncio.timeout(30):
            while await answers_counted(url, key) < 5:  # noqa: ASYNC110 - a client has no events for it
                await asyncio.sleep(0.05)
        assert await answers_counted(url, key) == 5
        listed = json.loads((await request(url, "/admin/v1/keys", {"api-key": key})).body)["data"]
        assert [one["name"] for one in listed] == ["key1"]
        after = await scrape(url, **{"api-key": key})
        assert value(after, "realtime_records_waiting", kind="usage") == 0
        assert value(after, "realtime_records_lost_total", kind="usage") == 0


async def test_the_metrics_say_that_the_database_is_lost(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", postgres.new_database())
    key = {"api-key": await owner_key()}
    async with served(fake_service()) as url, asyncio.timeout(30):
        assert value(await scrape(url, **key), "realtime_store_unreachable", store="database") == 0
        for lost, how in ((1, away(postgres)), (0, contextlib.nullcontext())):
            with how:
                while value(await scrape(url, **key), "realtime_store_unreachable", store="database") != lost:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


async def test_damage_to_the_file_ends_no_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "voxwire.db"
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{file}")
    monkeypatch.setattr(connections, "_PATIENCE_S", 0.3)
    key = await owner_key()
    address = {"additional_headers": {"api-key": key}}
    async with served(fake_service()) as url, connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as first:
        await answer(first)
        await asyncio.to_thread(damage, file)
        await answer(first)
        async with connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as second:
            await answer(second)
        made = {"api-key": key, "Content-Type": "application/json"}
        refused = await request(url, "/admin/v1/keys", made, method="POST", body=b'{"name": "new"}')
        assert (refused.status, refused.error["code"]) == (500, "storage_unavailable")
        assert "Put a backup in its place" in caplog.text
        await answer(first)


def damage(file: Path) -> None:
    """All but the first page is garbage, in the same file."""
    with file.open("r+b") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))
    with file.with_name(f"{file.name}-wal").open("r+b") as log:
        log.truncate(0)


async def test_a_server_that_ends_meanwhile_says_what_it_could_not_write(
    losing: Callable[[], Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_writes, "_FAREWELL_S", 0.5)
    key = await owner_key()
    address = {"additional_headers": {"api-key": key}}
    with losing_later(losing) as lose:
        async with asyncio.timeout(20), served(fake_service()) as url:
            async with connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as socket:
                lose()
                await answer(socket)
    assert "1 records of usage could not be written" in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info] == []


async def test_a_database_that_stands_still_holds_nobody_up(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections to it stay open, and no answer comes: neither talking nor the end of the server waits for that."""
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", postgres.new_database())
    monkeypatch.setattr(connections, "_STATEMENT_S", 1.0)
    monkeypatch.setattr(connections, "_PATIENCE_S", 1.0)
    monkeypatch.setattr(last_writes, "_FAREWELL_S", 0.5)
    key = await owner_key()
    address = {"additional_headers": {"api-key": key}}
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as server:
        url = await server.enter_async_context(served(fake_service()))
        async with connect(f"{url.replace('http', 'ws', 1)}{REALTIME}", **address) as socket:
            await answer(socket)
            with postgres.frozen():
                async with asyncio.timeout(5):
                    await answer(socket)
                refused = await request(url, "/admin/v1/usage", {"api-key": key})
                assert (refused.status, refused.error["code"]) == (503, "storage_unavailable")
                await socket.close()
                began = loop.time()
                await server.aclose()
                assert loop.time() - began < 12
    assert "could not be written" in caplog.text


async def test_who_needs_one_that_stands_still_is_soon_told_so(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not take as long as the longest statement may: that it answers nothing at all is known before."""
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", postgres.new_database())
    monkeypatch.setattr(last_writes, "_FAREWELL_S", 0.5)
    key = {"api-key": await owner_key()}
    loop = asyncio.get_running_loop()
    async with served(fake_service()) as url:
        assert (await request(url, "/admin/v1/usage", key)).status == 200
        monkeypatch.setattr(connections, "_REACH_S", 1.0)
        with postgres.frozen():
            for _ in range(3):
                began = loop.time()
                refused = await request(url, "/admin/v1/usage", key)
                assert loop.time() - began < connections._STATEMENT_S / 2
                assert (refused.status, refused.error["code"]) == (503, "storage_unavailable")
                assert "cannot be used (unreachable)" in refused.error["message"]
                assert refused.headers["retry-after"]
        monkeypatch.setattr(connections, "_REACH_S", 5.0)
        assert (await request(url, "/admin/v1/usage", key)).status == 200


@contextmanager
def losing_later(losing: Callable[[], Any]) -> Iterator[Callable[[], None]]:
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(losing())


class TestStart:
    pytestmark = pytest.mark.engines

    def serve(self, url: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "voxwire", "serve", "--port", "0"]
        environment = {**os.environ, "VOXWIRE_STORAGE__URL": url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=50)

    def test_with_a_damaged_database_it_says_what_to_do_and_leaves_it(self, tmp_path: Any) -> None:
        file = tmp_path / "voxwire.db"
        file.write_bytes(b"no database " * 1000)
        done = self.serve(f"sqlite:///{file}")
        assert done.returncode == 1
        assert f"The database {file} cannot be used. It is damaged, or no database" in done.stderr
        assert "Traceback" not in done.stderr
        assert "listening" not in done.stdout
        assert file.read_bytes() == b"no database " * 1000

    def test_without_its_postgresql_it_lets_nobody_in(self) -> None:
        """Whether a key is needed stands in the database."""
        done = self.serve(f"postgresql://voxwire:s3cret@127.0.0.1:{free_port()}/voxwire")
        assert done.returncode == 1
        assert "The server does not answer" in done.stderr
        assert "Traceback" not in done.stderr
        assert "s3cret" not in done.stderr + done.stdout
