"""Stored sessions: written in batches, found by their project alone, deleted in pieces."""

from typing import Any

import pytest

from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions
from voxwire.storage.projects import Projects
from voxwire.storage.sessions import (
    PIECE,
    SessionChunk,
    SessionEnd,
    SessionFilter,
    Sessions,
    SessionStart,
    SessionWrites,
)
from voxwire.storage.vault import Vault

NOW = 1_000_000


def begun(id: str, **changes: Any) -> SessionStart:
    values: dict[str, Any] = {
        "id": id,
        "project": "local",
        "deployment": "shop",
        "principal": "key_1",
        "end_user": None,
        "policy": "text",
        "started_at": NOW,
        "expires_at": NOW + 1000,
        "header": b"header",
    }
    return SessionStart(**{**values, **changes})


def chunk(id: str, number: int, size: int = 3) -> SessionChunk:
    return SessionChunk(session=id, number=number, lines=b"l" * size, events=b"ev")


@pytest.fixture
async def sessions(database: Database) -> Sessions:
    for project in ("local", "other"):
        await Projects(database).make(project, 1)
    return Sessions(database)


async def test_a_session_is_written_piece_by_piece(sessions: Sessions) -> None:
    first = SessionWrites(now=NOW, started=[begun("a")], chunks=[chunk("a", 0)], alive=["a"], alive_until=NOW + 5)
    assert await sessions.write(first) == set()
    assert await sessions.write(first) == set(), "again, for nobody saw the end of the first try"
    end = SessionEnd(session="a", state="ended", ended_at=NOW + 9)
    assert await sessions.write(SessionWrites(now=NOW, chunks=[chunk("a", 1), chunk("a", 2)], ended=[end])) == set()
    found = await sessions.find("local", "a", NOW)
    assert found is not None
    session, header = found
    assert (header, session.state, session.ended_at, session.size) == (b"header", "ended", NOW + 9, 15)
    assert [one.number for one in await sessions.chunks("a")] == [0, 1, 2]
    assert await sessions.chunks("a", after=1) == [chunk("a", 2)]
    assert [one.lines for one in await sessions.chunks("a", lines=False, limit=1)] == [b""]


async def test_of_another_project_nothing_is_found(sessions: Sessions) -> None:
    await sessions.write(SessionWrites(now=NOW, started=[begun("a"), begun("b", project="other")]))
    assert await sessions.find("other", "a", NOW) is None
    assert [one.id for one in await sessions.page("other", NOW, limit=9)] == ["b"]
    assert not await sessions.flag("other", "a")
    assert await sessions.expire("other", by="me", now=NOW, id="a") == 0
    assert await sessions.find("local", "a", NOW) is not None


async def test_pages_are_newest_first_and_filtered(sessions: Sessions) -> None:
    rows = [begun(f"s{n}", started_at=NOW + n // 2, deployment="shop" if n % 2 else "bank") for n in range(6)]
    await sessions.write(SessionWrites(now=NOW, started=rows))
    assert [one.id for one in await sessions.page("local", NOW, limit=4)] == ["s5", "s4", "s3", "s2"]
    assert [one.id for one in await sessions.page("local", NOW, limit=4, after="s2")] == ["s1", "s0"]
    assert await sessions.page("local", NOW, limit=4, after="unknown") == []
    shop = SessionFilter(deployment="shop")
    assert [one.id for one in await sessions.page("local", NOW, wanted=shop, limit=2)] == ["s5", "s3"]
    assert await sessions.flag("local", "s3")
    flagged = await sessions.page("local", NOW, wanted=SessionFilter(flagged=True), limit=9)
    assert [one.id for one in flagged] == ["s3"]
    before = await sessions.page("local", NOW, wanted=SessionFilter(started_before=NOW + 1), limit=9)
    assert [one.id for one in before] == ["s1", "s0"]


async def test_deleted_sessions_are_gone_at_once_and_their_rows_in_pieces(
    sessions: Sessions, database: Database
) -> None:
    many = [chunk("a", number) for number in range(PIECE + 1)]
    rows = [begun("a", end_user="ann"), begun("b", end_user="ann"), begun("c")]
    await sessions.write(SessionWrites(now=NOW, started=rows, chunks=[*many, chunk("c", 0)]))
    assert await sessions.expire("local", by="me", now=NOW, end_user="ann") == 2
    assert [one.id for one in await sessions.page("local", NOW, limit=9)] == ["c"]
    gone = await sessions.write(SessionWrites(now=NOW, started=[rows[1]], chunks=[chunk("a", 900)], alive=["a"]))
    assert gone == {"a", "b"}, "whoever still records them is told"
    assert [await sessions.purge(NOW) for _ in range(4)] == [PIECE, 1, 2, 0]
    assert await sessions.chunks("a") == []
    assert await sessions.chunks("c") == [chunk("c", 0)]
    [decision] = await Decisions(database).newest("local", 9)
    assert (decision.principal, decision.action, decision.details) == ("me", "session.delete", {"sessions": 2})
    assert "ann" not in decision.subject


async def test_time_runs_out(sessions: Sessions) -> None:
    await sessions.write(SessionWrites(now=NOW, started=[begun("a"), begun("b", expires_at=NOW + 5000)]))
    assert await sessions.find("local", "a", NOW + 1000) is None
    assert await sessions.purge(NOW + 1000) == 1
    assert await sessions.purge(NOW + 1000) == 0
    assert await sessions.find("local", "b", NOW + 1000) is not None


async def test_sessions_of_a_server_that_is_lost(sessions: Sessions) -> None:
    rows = SessionWrites(now=NOW, started=[begun("a"), begun("b")], alive_until=NOW + 10)
    await sessions.write(rows)
    await sessions.write(SessionWrites(now=NOW, alive=["b"], alive_until=NOW + 90))
    assert await sessions.mark_lost(NOW + 50) == 1
    found = await sessions.find("local", "a", NOW)
    assert found is not None
    assert (found[0].state, found[0].ended_at) == ("interrupted", NOW + 10)


async def test_a_project_without_its_key(sessions: Sessions, database: Database) -> None:
    vault = Vault(database)
    sealed = (await vault.key("local")).seal(b"words", "here")
    await sessions.write(SessionWrites(now=NOW, started=[begun("a"), begun("b", project="other")]))
    assert await sessions.expire_all("local", vault, by="me", now=NOW) == 1
    assert await vault.existing_key("local") is None
    assert sealed
    assert await sessions.page("local", NOW, limit=9) == []
    assert len(await sessions.page("other", NOW, limit=9)) == 1


async def test_a_session_of_a_project_that_is_gone(sessions: Sessions, database: Database) -> None:
    await Projects(database).remove("other", by="me")
    assert await sessions.write(SessionWrites(now=NOW, started=[begun("a", project="other"), begun("b")])) == {"a"}
    assert await sessions.find("local", "b", NOW) is not None
