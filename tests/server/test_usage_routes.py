"""`/admin/v1/usage`: what a conversation has used is there a moment later."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from echo_service import Serve
from http_client import request
from websockets.asyncio.client import connect

from voxwire.auth.management import KeyBook
from voxwire.config import load_settings
from voxwire.runtime import AccessRole
from voxwire.storage.database import Database
from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import served


async def make_database() -> None:
    database = Database(load_settings().storage)
    async with database.write():
        pass
    await database.close()


async def answered(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """One answer in text; what its client was told of its usage."""
    async with connect(
        f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime", additional_headers=headers
    ) as socket:
        await socket.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
        async for frame in socket:
            event: dict[str, Any] = json.loads(frame)
            if event["type"] == "response.done":
                usage: dict[str, Any] = event["response"]["usage"]
                return usage
    raise AssertionError("no answer")


async def usage(url: str, query: str = "", headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    answer = await request(url, f"/admin/v1/usage{query}", headers)
    assert answer.status == 200, answer.body
    data: list[dict[str, Any]] = json.loads(answer.body)["data"]
    return data


async def test_what_was_used_is_summed_up() -> None:
    await make_database()
    async with served(fake_service()) as url:
        told = await answered(url)
        async with asyncio.timeout(20):
            while not (found := await usage(url)):  # noqa: ASYNC110 - a client has no events for it
                await asyncio.sleep(0.05)
        [today] = found
        assert today["date"] == datetime.now(UTC).date().isoformat()
        assert (today["num_model_requests"], today["num_sessions"]) == (1, 1)
        assert today["input_tokens"] == told["input_tokens"]
        assert today["output_tokens"] == told["output_tokens"] > 0
        [by_all] = await usage(url, "?group_by=deployment,principal&deployment=gpt-realtime")
        assert (by_all["deployment"], by_all["principal"]) == ("gpt-realtime", "anonymous")
        assert by_all["principal_name"] is by_all["principal_ended"] is None
        assert await usage(url, "?deployment=another") == []
        assert await usage(url, "?start_date=2026-01-01&end_date=2026-01-02") == []
        table = await request(url, "/admin/v1/usage.csv?group_by=deployment")
        assert table.headers["content-type"].startswith("text/csv")
        [row] = csv.DictReader(io.StringIO(table.body.decode()))
        assert (row["deployment"], row["output_tokens"]) == ("gpt-realtime", str(told["output_tokens"]))


async def test_a_server_without_state_stores_none() -> None:
    async with served(fake_service()) as url:
        await answered(url)
    file = Database(load_settings().storage).address.file
    assert file is not None
    assert not file.parent.exists()


async def test_the_last_answer_before_the_end_is_there() -> None:
    await make_database()
    async with served(fake_service()) as url:
        told = await answered(url)
    async with served(fake_service()) as url:
        [today] = await usage(url)
        assert today["output_tokens"] == told["output_tokens"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("group_by=colour", "group_by"),
        ("start_date=yesterday", "start_date"),
        ("start_date=2026-02-02&end_date=2026-02-01", "start_date"),
        ("limit=0", "limit"),
        ("after=-1", "after"),
        ("deployments=x", "deployments"),
    ],
)
async def test_bad_questions_name_the_field(serve: Serve, query: str, param: str) -> None:
    answer = await request(await serve(), f"/admin/v1/usage?{query}")
    assert (answer.status, answer.error["param"]) == (400, param)


async def test_a_key_is_shown_by_its_name_as_long_as_its_usage_is_kept() -> None:
    book = KeyBook(database := Database(load_settings().storage))
    issued = await book.create(project="local", name="web", roles=[AccessRole.OWNER], by="test")
    async with served(fake_service()) as url:
        await answered(url, {"api-key": issued.secret})
        other = await book.create(project="local", name="boss", roles=[AccessRole.OWNER], by="test")
        await book.revoke("local", "web", by="test")
        asked: dict[str, Any] = {"headers": {"api-key": other.secret}}
        async with asyncio.timeout(20):
            while (await request(url, "/admin/v1/usage", **asked)).status == 401:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            while not (found := await usage(url, "?group_by=principal", **asked)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        [one] = found
        assert (one["principal"], one["principal_name"], one["principal_ended"]) == (issued.stored.id, "web", True)
        table = await request(url, "/admin/v1/usage.csv?group_by=principal", **asked)
        [row] = csv.DictReader(io.StringIO(table.body.decode()))
        assert (row["principal_name"], row["principal_ended"]) == ("web", "True")
    await database.close()
