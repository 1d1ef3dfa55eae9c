"""`/admin/v1/decisions`, and what is said where the database fails."""

import json

import pytest
from echo_service import Serve
from http_client import request

from voxwire.config import load_settings
from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision


async def test_newest_first_in_pages(serve: Serve) -> None:
    url = await serve()
    database = Database(load_settings().storage)
    for subject in ("red", "green", "blue"):
        async with database.write() as connection:
            await record_decision(
                connection, project="local", principal="cli", action="colour.create", subject=subject, details={"n": 1}
            )
    await database.close()
    page = json.loads((await request(url, "/admin/v1/decisions?limit=2")).body)
    assert [one["subject"] for one in page["data"]] == ["blue", "green"]
    assert page["has_more"]
    rest = json.loads((await request(url, f"/admin/v1/decisions?after={page['last_id']}")).body)
    [last] = rest["data"]
    assert last["subject"] == "red"
    assert (last["principal"], last["details"], rest["has_more"]) == ("cli", {"n": 1}, False)


@pytest.mark.parametrize("after", ["-1", "9" * 30])
async def test_a_page_that_no_database_can_have_is_refused(serve: Serve, after: str) -> None:
    answer = await request(await serve(), f"/admin/v1/decisions?after={after}")
    assert (answer.status, answer.error["param"]) == (400, "after")


async def test_where_nothing_is_stored_there_is_none_and_no_file_is_made(serve: Serve) -> None:
    url = await serve()
    assert json.loads((await request(url, "/admin/v1/decisions")).body)["data"] == []
    file = Database(load_settings().storage).address.file
    assert file is not None
    assert not file.exists()


async def test_a_database_that_cannot_be_used_is_said_without_where(serve: Serve) -> None:
    url = await serve()
    file = Database(load_settings().storage).address.file
    assert file is not None
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database at all" * 100)
    answer = await request(url, "/admin/v1/decisions")
    assert (answer.status, answer.error["code"], answer.error["type"]) == (500, "storage_unavailable", "server_error")
    assert str(file).encode() not in answer.body
