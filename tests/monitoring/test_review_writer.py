"""Findings reach the database beside the conversations, also after it was lost; old ones are deleted."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable

import pytest

from voxwire.errors import StorageError
from voxwire.monitoring import Finding, FoundIn, ReviewWriter
from voxwire.monitoring import review_writer as module
from voxwire.runtime import Arrival, Principal, SessionFacts
from voxwire.storage.database import Database
from voxwire.storage.reviews import Reviews

FACTS = SessionFacts(
    session_id="sess_1", deployment="d", principal=Principal(id="p", project="shop"), arrival=Arrival()
)
FOUND = FoundIn(Finding("words", "person", "listed words", "poison " * 1000, ends=True), FACTS, "resp_1", "ann", True)


async def kept(database: Database) -> list[str]:
    return [one.end_user or "" for one in await Reviews(database).page("shop", state=None, limit=99)]


async def test_the_last_ones_are_there_when_the_server_has_ended(database: Database) -> None:
    writer = ReviewWriter(database)
    async with writer.running():
        for name in ("ann", "ben"):
            writer.put(dataclasses.replace(FOUND, end_user=name))
    assert sorted(await kept(database)) == ["ann", "ben"]
    [one, _] = await Reviews(database).page("shop", state=None, limit=99)
    found = await Reviews(database).find("shop", one.id)
    assert found is not None
    assert found[1] == ("poison " * 1000)[:2000]


async def test_while_the_database_is_lost_they_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_REST_S", 0.01)
    real, lost, tried = Reviews.add, [True], asyncio.Event()

    async def add(self: Reviews, new: object) -> None:
        if lost:
            tried.set()
            raise StorageError("unreachable", "The database is gone.")
        await real(self, new)  # type: ignore[arg-type]

    monkeypatch.setattr(Reviews, "add", add)
    writer = ReviewWriter(database)
    caplog.set_level(logging.WARNING)
    async with writer.running():
        writer.put(FOUND)
        await tried.wait()
        lost.clear()
    assert await kept(database) == ["ann"]
    assert caplog.text.count("The database is gone. Findings") == 1
    assert "poison" not in caplog.text


@pytest.mark.parametrize("fault", [StorageError("failed", "It does not fit."), RuntimeError("a bug")], ids=type)
async def test_one_that_cannot_be_stored_keeps_back_no_others(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    real, faults, failed = Reviews.add, [fault], asyncio.Event()

    async def add(self: Reviews, new: object) -> None:
        if faults:
            failed.set()
            raise faults.pop()
        await real(self, new)  # type: ignore[arg-type]

    monkeypatch.setattr(Reviews, "add", add)
    writer = ReviewWriter(database)
    async with writer.running():
        writer.put(FOUND)
        await failed.wait()
        writer.put(dataclasses.replace(FOUND, end_user="ben"))
    assert await kept(database) == ["ben"]
    assert "1 findings of checks are lost" in caplog.text
    assert (writer.backlog.waiting, writer.backlog.lost) == (0, 1)
    assert "poison" not in caplog.text


async def test_there_is_a_bound(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 1)
    writer = ReviewWriter(database)
    writer.put(FOUND)
    writer.put(FOUND)
    assert "one of the check words is lost" in caplog.text
    assert (writer.backlog.waiting, writer.backlog.lost) == (1, 1)
    async with writer.running():
        pass
    assert len(await kept(database)) == 1


async def test_old_ones_are_deleted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ReviewWriter(database)
    async with writer.running():
        writer.put(FOUND)
    now: Callable[[], float] = module.time.time
    monkeypatch.setattr(module.time, "time", lambda: now() + 91 * 86_400)
    async with writer.running(), asyncio.timeout(20):
        while await kept(database):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
