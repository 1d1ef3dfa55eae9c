"""Records reach the database a moment later; nobody waits for it, and nothing is lost with it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest
from test_usage_store import NOON, row

from voxwire.errors import StorageError
from voxwire.storage import usage_writer
from voxwire.storage.database import Database
from voxwire.storage.usage import UsageStore
from voxwire.storage.usage_writer import BATCH, FLUSH_S, UsageWriter


async def made(database: Database) -> Database:
    """A database that is there."""
    async with database.write():
        return database


async def stored(database: Database) -> int:
    found = await UsageStore(database).totals("local", since=0, until=NOON + 1, by=())
    return found[0].responses if found else 0


async def eventually(database: Database, count: int) -> None:
    async with asyncio.timeout(20):
        while await stored(database) != count:  # noqa: ASYNC110 - another connection has no events for us
            await asyncio.sleep(0.02)


async def emptied(writer: UsageWriter) -> None:
    async with asyncio.timeout(20):
        while writer.backlog.waiting:  # noqa: ASYNC110 - what is stored is asked in the end
            await asyncio.sleep(0.02)


class CountedAdds:
    """How many transactions there are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        real = UsageStore.add

        async def add(store: UsageStore, rows: list[object], **others: object) -> None:
            self.sizes.append(len(rows))
            await real(store, rows, **others)  # type: ignore[arg-type]

        monkeypatch.setattr(UsageStore, "add", add)


async def test_records_are_written_together_and_soon(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (FLUSH_S, BATCH) == (0.25, 500)
    adds = CountedAdds(monkeypatch)
    writer = UsageWriter(await made(database))
    async with writer.running():
        for _ in range(7):
            writer.put(row())
        assert writer.backlog.waiting == 7
        await eventually(database, 7)
        assert adds.sizes == [7]
        assert writer.backlog.waiting == 0


async def test_many_do_not_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "FLUSH_S", 3600.0)
    adds = CountedAdds(monkeypatch)
    writer = UsageWriter(await made(database))
    async with writer.running():
        for _ in range(BATCH + 1):
            writer.put(row())
        await eventually(database, BATCH)
        assert writer.backlog.waiting == 1
    assert adds.sizes == [BATCH, 1]
    assert await stored(database) == BATCH + 1


async def test_the_end_writes_what_waits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "FLUSH_S", 3600.0)
    writer = UsageWriter(await made(database))
    async with writer.running():
        writer.put(row())
    assert await stored(database) == 1


async def test_usage_alone_makes_no_database(database: Database) -> None:
    writer = UsageWriter(database)
    async with writer.running():
        writer.put(row())
    assert writer.backlog.waiting == 0
    if database.address.file is not None:
        assert not database.address.file.parent.exists()


async def test_a_full_queue_loses_the_newest_and_counts_them(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(usage_writer, "MAX_RECORDS", 3)
    writer = UsageWriter(await made(database))
    for _ in range(5):
        writer.put(row())
    assert (writer.backlog.waiting, writer.backlog.lost) == (3, 2)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    async with writer.running():
        pass
    assert await stored(database) == 3


async def test_what_is_too_old_is_deleted(database: Database) -> None:
    now = int(time.time() * 1000)
    age_ms = database.settings.usage_days * 86_400_000
    store = UsageStore(await made(database))
    await store.add([row(now - age_ms - 1000), row(now - age_ms + 3_600_000)], writer="w", first=1)
    async with UsageWriter(database).running(), asyncio.timeout(20):
        while True:
            found = await store.totals("local", since=0, until=now, by=())
            if found[0].responses == 1:
                break
            await asyncio.sleep(0.02)


class TestLostDatabase:
    @pytest.fixture
    async def writer(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UsageWriter]:
        writer = UsageWriter(await made(database))
        async with writer.running():
            yield writer

    async def test_what_can_never_be_written_blocks_nothing(
        self, database: Database, writer: UsageWriter, caplog: pytest.LogCaptureFixture
    ) -> None:
        writer.put(row(input_text=2**80))
        await emptied(writer)
        assert writer.backlog.lost == 1
        assert "1 records of usage are lost" in caplog.text
        writer.put(row())
        await eventually(database, 1)

    async def test_an_answer_that_got_lost_counts_nothing_twice(
        self, database: Database, writer: UsageWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connection breaks when the batch was committed, before we heard of it."""
        real, broken = UsageStore.add, []

        async def add(store: UsageStore, *rows: object, **others: object) -> None:
            await real(store, *rows, **others)  # type: ignore[arg-type]
            if not broken:
                broken.append(True)
                raise StorageError("unreachable", "gone")

        monkeypatch.setattr(UsageStore, "add", add)
        writer.put(row())
        await emptied(writer)
        assert await stored(database) == 1
