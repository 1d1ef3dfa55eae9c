"""The database is lost while conversations are stored: they go on, and are stored once it is back, or say what is
missing."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scraped import scrape, value
from websockets.asyncio.client import ClientConnection, connect

from voxwire.config import load_settings
from voxwire.recording import session_storer
from voxwire.recording.presenting import read_session, replay_opened
from voxwire.recording.session_library import OpenedSession, SessionLibrary
from voxwire.runtime import DeploymentTerms, Service
from voxwire.storage.database import Database
from voxwire.storage.sessions import Sessions
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served


def storing_service() -> Service:
    deployment = fake_deployment()
    return fake_service(dataclasses.replace(deployment, terms=DeploymentTerms(store="text")))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_storer, "_PERIOD_S", 0.05)
    monkeypatch.setattr(session_storer, "_FLUSH_S", 0.05)
    monkeypatch.setenv("VOXWIRE_STORAGE__SECRET_KEY", "A" * 43 + "=")


@pytest.fixture
async def database(losing: Callable[[], Any]) -> AsyncIterator[Database]:
    """It is there before: who makes it holds its lock for longer than the impatient wait."""
    database = Database(load_settings().storage)
    async with database.write():
        pass
    yield database
    await database.close()


@asynccontextmanager
async def without_store(losing: Callable[[], Any]) -> AsyncIterator[None]:
    """The block has no database. It is taken away beside the loop, in which a transaction may have to end first."""
    block = losing()
    await asyncio.to_thread(block.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(block.__exit__, None, None, None)


async def opened_socket(url: str) -> tuple[ClientConnection, str]:
    socket = await connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime")
    return socket, json.loads(await socket.recv())["session"]["id"]


async def answered(socket: ClientConnection) -> None:
    await socket.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "response.done":
            assert event["response"]["status"] == "completed"
            return
    raise AssertionError("the connection has ended")


async def said(words: str, caplog: pytest.LogCaptureFixture) -> None:
    """Until the log says so."""
    async with asyncio.timeout(20):
        while words not in caplog.text:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)


async def ended(library: SessionLibrary, session_id: str) -> OpenedSession:
    """The session, once it runs no more."""
    async with asyncio.timeout(30):
        while True:
            found = await library.open("local", session_id)
            if found is not None and found.stored.state != "running":
                return found
            await asyncio.sleep(0.05)


async def test_conversations_go_on_and_are_whole_afterwards(
    losing: Callable[[], Any], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    library = SessionLibrary(database)
    async with served(storing_service()) as url:
        first, first_id = await opened_socket(url)
        await answered(first)
        async with asyncio.timeout(20):
            while await library.open("local", first_id) is None:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.05)
        async with without_store(losing):
            await answered(first)
            second, second_id = await opened_socket(url)
            await answered(second)
            await second.close()
            await said("What is to be stored of conversations waits", caplog)
            assert value(await scrape(url), "realtime_records_waiting", kind="conversations") == 1, "the second"
            await answered(first)
        await answered(first)
        await first.close()
        for session_id, answers in ((first_id, 4), (second_id, 1)):
            opened = await ended(library, session_id)
            assert opened.stored.state == "ended"
            assert len((await read_session(opened)).answers) == answers
            assert (await replay_opened(opened)).difference is None


async def test_what_has_no_room_is_said_to_lack(
    losing: Callable[[], Any], database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_storer, "MOST_WAITING_BYTES", 100)
    library = SessionLibrary(database)
    async with served(storing_service()) as url:
        socket, session_id = await opened_socket(url)
        await answered(socket)
        async with asyncio.timeout(20):
            while (found := await library.open("local", session_id)) is None or not found.stored.size:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with without_store(losing):
            await answered(socket)
            await said("stored no further", caplog)
        await answered(socket)
        await socket.close()
        opened = await ended(library, session_id)
        assert opened.stored.state == "incomplete"
        assert value(await scrape(url), "realtime_records_lost_total", kind="conversations") == 1
        assert (await replay_opened(opened)).difference is None, "what is there is sound"


async def test_a_session_is_marked_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{tmp_path}/voxwire.db")
    database = Database(load_settings().storage)
    library = SessionLibrary(database)
    service = storing_service()
    async with served(service) as url:
        socket, session_id = await opened_socket(url)
        assert isinstance(service.recorder, session_storer.SessionStorer)
        service.recorder.flag(session_id)
        service.recorder.flag("sess_unknown")
        await socket.close()
        assert (await ended(library, session_id)).stored.flagged
    await database.close()


async def test_a_session_that_is_deleted_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{tmp_path}/voxwire.db")
    database = Database(load_settings().storage)
    library = SessionLibrary(database)
    async with served(storing_service()) as url:
        socket, session_id = await opened_socket(url)
        async with asyncio.timeout(20):
            while await library.open("local", session_id) is None:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.05)
        assert await library.delete("local", by="me", id=session_id) == 1
        for _ in range(3):
            await answered(socket)
            await asyncio.sleep(0.1)
        assert await library.open("local", session_id) is None
        assert await Sessions(database).chunks(session_id) == []
        await socket.close()
    await database.close()
