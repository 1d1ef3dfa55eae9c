"""Records of usage, and sums of them."""

from datetime import date

import pytest

from voxwire.auth.management import KeyBook
from voxwire.runtime import AccessRole
from voxwire.storage import usage
from voxwire.storage.database import Database
from voxwire.storage.usage import UsageStore
from voxwire.storage.usage_row import UsageRow

DAY_MS = 86_400_000
#: 2026-11-29, at noon.
NOON = 1_795_953_600_000


def row(at: int = NOON, **changes: object) -> UsageRow:
    fields: dict[str, object] = {
        "at": at,
        "project": "local",
        "principal": "key-1",
        "deployment": "gpt-realtime",
        "session": "sess_1",
        "response": "resp_1",
        "input_text": 10,
        "input_audio": 20,
        "cached_text": 4,
        "output_audio": 30,
        "audio_in_ms": 2000,
        "audio_out_ms": 1500,
    }
    return UsageRow(**(fields | changes))  # type: ignore[arg-type]


async def test_sums_by_day_deployment_and_principal(database: Database) -> None:
    store = UsageStore(database)
    rows = [
        row(),
        row(NOON + 1, session="sess_2"),
        row(NOON + DAY_MS, principal="key-2"),
        row(NOON, deployment="other"),
        row(NOON, wasted=True, response=None, input_text=100),
        row(NOON, response=None, input_text=0, input_audio=0, cached_text=0, output_audio=0, audio_in_ms=500),
        row(NOON, project="another"),
    ]
    await store.add(rows, writer="w", first=1)
    by_day = await store.totals("local", since=0, until=NOON + 2 * DAY_MS)
    assert [(one.day, one.responses, one.sessions) for one in by_day] == [
        (date(2026, 11, 29), 3, 2),
        (date(2026, 11, 30), 1, 1),
    ]
    first = by_day[0]
    assert (first.input_text, first.input_audio, first.cached_text, first.output_audio) == (30, 60, 12, 90)
    assert (first.wasted_tokens, first.audio_in_ms, first.audio_out_ms) == (150, 8500, 7500)
    groups = await store.totals("local", since=0, until=NOON + 2 * DAY_MS, by=("deployment", "principal"))
    assert [(one.deployment, one.principal, one.responses, one.day) for one in groups] == [
        ("gpt-realtime", "key-1", 2, None),
        ("gpt-realtime", "key-2", 1, None),
        ("other", "key-1", 1, None),
    ]


@pytest.mark.parametrize(
    ("query", "responses"),
    [
        ({"since": NOON + 1, "until": NOON + 2}, [1]),
        ({"since": NOON + 2, "until": NOON + 3}, []),
        ({"since": 0, "until": NOON + 9, "deployment": "other"}, [1]),
        ({"since": 0, "until": NOON + 9, "principal": "key'; DROP TABLE usage; --"}, []),
    ],
)
async def test_of_what_is_asked_for(database: Database, query: dict[str, object], responses: list[int]) -> None:
    store = UsageStore(database)
    await store.add([row(), row(NOON + 1), row(deployment="other")], writer="w", first=1)
    found = await store.totals("local", by=(), **query)  # type: ignore[arg-type]
    assert [one.responses for one in found] == responses


async def test_nothing_was_used_where_nothing_is_stored(database: Database) -> None:
    assert await UsageStore(database).totals("local", since=0, until=NOON) == []
    assert database.address.file is None or not database.address.file.exists()


async def test_what_is_written_again_is_counted_once(database: Database) -> None:
    store = UsageStore(database)
    await store.add([row(), row()], writer="w", first=1)
    await store.add([row(), row(), row()], writer="w", first=1)
    await store.add([row()], writer="another", first=1)
    (found,) = await store.totals("local", since=0, until=NOON + 1)
    assert found.responses == 4


async def test_what_is_old_is_deleted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_PIECE", 4)
    store = UsageStore(database)
    rows = [row(NOON - 1 if number < 9 else NOON) for number in range(12)]
    await store.add([*rows, row(NOON - 1, project="another")], writer="w", first=1)
    assert await store.delete_before(NOON) == 10
    assert [one.responses for one in await store.totals("local", since=0, until=NOON + 1)] == [3]
    assert await store.totals("another", since=0, until=NOON + 1) == []


async def test_pages(database: Database) -> None:
    store = UsageStore(database)
    await store.add([row(principal=f"key-{number}") for number in range(5)], writer="w", first=1)
    page = await store.totals("local", since=0, until=NOON + 1, by=("principal",), limit=2, skip=2)
    assert [one.principal for one in page] == ["key-2", "key-3"]


async def test_principals_that_are_stored_keys_have_names_also_when_they_are_gone(database: Database) -> None:
    book = KeyBook(database)
    first = await book.create(project="local", name="web", roles=[AccessRole.USER], by="test")
    second = await book.rotate("local", "web", by="test")
    elsewhere = await book.create(project="another", name="secret", roles=[AccessRole.USER], by="test")
    store = UsageStore(database)
    ids = [first.stored.id, second.stored.id, elsewhere.stored.id, "anonymous"]
    await store.add([row(principal=id, deployment=name) for id in ids for name in ("a", "b")], writer="w", first=1)
    span = {"since": 0, "until": NOON + 1}
    for by, times in ((("principal",), 1), (("principal", "deployment"), 2), (("deployment", "principal"), 2)):
        found = await store.totals("local", by=by, **span)  # type: ignore[arg-type]
        assert sorted((one.principal, one.principal_name, one.principal_ended) for one in found) == sorted(
            [(ids[0], "web", True), (ids[1], "web", False), (ids[2], None, False), ("anonymous", None, False)] * times
        )
    (alone,) = await store.totals("local", by=("principal",), principal=ids[1], **span)  # type: ignore[arg-type]
    assert alone.principal_name == "web"
    assert (await store.totals("local", by=("day",), **span))[0].principal_name is None  # type: ignore[arg-type]
