"""Decisions are kept with the change that they are about, and read newest first."""

import pytest

from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions, record_decision


async def decide(database: Database, subject: str, project: str = "local") -> None:
    async with database.write() as connection:
        await record_decision(
            connection,
            project=project,
            principal="key-1",
            action="colour.create",
            subject=subject,
            details={"reason": "it was asked for"},
        )


async def test_newest_first_in_pages(database: Database) -> None:
    for subject in ("red", "green", "blue"):
        await decide(database, subject)
    await decide(database, "grey", project="shop")
    decisions = Decisions(database)
    first = await decisions.newest("local", 2)
    assert [one.subject for one in first] == ["blue", "green"]
    [last] = await decisions.newest("local", 2, before=first[-1].id)
    assert (last.subject, last.principal, last.action) == ("red", "key-1", "colour.create")
    assert last.details == {"reason": "it was asked for"}
    assert first[0].at >= last.at > 1_700_000_000_000


async def test_what_was_not_done_was_not_decided(database: Database) -> None:
    async def change_nothing() -> None:
        async with database.write() as connection:
            await record_decision(connection, project="local", principal="x", action="a", subject="s")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_nothing()
    assert await Decisions(database).newest("local", 10) == []
