"""Decisions are kept with the change that they are about, and read newest first."""

import pytest

from voxwire.storage import decisions
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
    store = Decisions(database)
    first = await store.newest("local", 2)
    assert [one.subject for one in first] == ["blue", "green"]
    [last] = await store.newest("local", 2, before=first[-1].id)
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


async def test_what_concerns_some_deployments(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_PAGE", 2)
    made = [
        ("deployment.create", "one", {}),
        ("deployment.create", "two", {}),
        ("quota.set", "deployment/one", {}),
        ("quota.set", "deployment/two", {}),
        ("quota.set", "key/one", {}),
        ("alias.point", "x", {"deployment": "one"}),
        ("alias.point", "x", {"deployment": "two", "before": "one"}),
        ("alias.delete", "one", {}),
        ("key.create", "one", {"deployments": ["one"]}),
        ("project.delete", "one", {}),
        ("prompt.create", "one", {}),
        ("review.decide", "one", {}),
        ("session.delete", "one", {}),
        ("deployment.delete", "one", {}),
    ]
    async with database.write() as connection:
        for action, subject, details in made:
            await record_decision(
                connection, project="local", principal="x", action=action, subject=subject, details=details
            )
    mine = ["deployment.delete", "alias.point", "quota.set", "deployment.create"]
    store = Decisions(database)
    found = await store.newest("local", 10, of=frozenset({"one"}))
    assert [one.action for one in found] == mine
    first = await store.newest("local", 1, of=frozenset({"one"}))
    rest = await store.newest("local", 3, first[0].id, of=frozenset({"one"}))
    assert [one.action for one in first + rest] == mine
    assert len(await store.newest("local", 10, of=frozenset({"one", "two"}))) == 7
    assert await store.newest("local", 10, of=frozenset({"three"})) == []
