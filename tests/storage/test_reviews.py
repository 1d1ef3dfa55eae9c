"""Reviews: kept once, what was said encrypted, and who decided is known."""

import dataclasses

from sqlalchemy import select

from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions
from voxwire.storage.projects import Projects
from voxwire.storage.reviews import NewReview, Reviews
from voxwire.storage.schema import review_table

NEW = NewReview(
    id="review_1",
    project="local",
    deployment="gpt-realtime",
    session="sess_1",
    response="resp_1",
    end_user=None,
    check="words",
    side="person",
    action="end",
    found="listed words",
    excerpt="Where do I get poison? \ud800",
    created_at=1000,
)


async def test_what_was_said_is_encrypted(database: Database) -> None:
    reviews = Reviews(database)
    await reviews.add([NEW, dataclasses.replace(NEW, id="review_2", excerpt=None)])
    async with database.read() as connection:
        rows = (await connection.execute(select(review_table))).all()
    assert all(b"poison" not in repr(tuple(row)).encode() for row in rows)
    found = await Reviews(database).find("local", "review_1")
    assert found is not None
    assert found[1] == "Where do I get poison? ?"
    without = await reviews.find("local", "review_2")
    assert without is not None
    assert (without[0].has_excerpt, without[1]) == (False, None)
    assert await reviews.find("other", "review_1") is None


async def test_pages_newest_first(database: Database) -> None:
    reviews = Reviews(database)
    new = [dataclasses.replace(NEW, id=f"review_{at}", created_at=1000 + at // 2) for at in range(5)]
    await reviews.add(new)
    await reviews.add(new)  # a second time changes nothing
    first = await reviews.page("local", state="open", limit=3)
    rest = await reviews.page("local", state=None, limit=3, before=first[-1])
    assert [one.id for one in (*first, *rest)] == [f"review_{at}" for at in (4, 3, 2, 1, 0)]


async def test_a_decision(database: Database) -> None:
    reviews = Reviews(database)
    await reviews.add([NEW])
    assert await reviews.decide("local", "review_1", "dismissed", by="key-1", reason="a chemist")
    [one] = await reviews.page("local", state="dismissed", limit=9)
    assert one.decided_by == "key-1"
    assert one.decided_at is not None
    assert await reviews.decide("local", "review_1", "open", by="key-1")
    [one] = await reviews.page("local", state="open", limit=9)
    assert (one.decided_at, one.decided_by) == (None, None)
    assert not await reviews.decide("local", "review_9", "confirmed", by="key-1")
    assert not await reviews.decide("other", "review_1", "confirmed", by="key-1")
    decided = [(one.subject, one.details) for one in await Decisions(database).newest("local", 9)]
    assert decided == [
        ("review_1", {"state": "open"}),
        ("review_1", {"state": "dismissed", "reason": "a chemist"}),
    ]


async def test_they_go_when_they_are_old_or_their_project_goes(database: Database) -> None:
    reviews = Reviews(database)
    await reviews.add([NEW, dataclasses.replace(NEW, id="review_2", created_at=2000)])
    assert await reviews.delete_before(2000) == 1
    await Projects(database).remove("local", by="cli")
    assert await reviews.page("local", state=None, limit=9) == []
