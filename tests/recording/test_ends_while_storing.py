"""A session ends, or is marked, at any moment of the write that stores it: nothing of it is lost, and it is never said
to have ended before all of it is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from voxwire.events.client import CreateItem
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.recording import session_storer
from voxwire.recording.presenting import read_session
from voxwire.recording.session_library import OpenedSession, SessionLibrary
from voxwire.recording.session_storer import SessionStorer
from voxwire.runtime import Arrival, Principal, SessionFacts, StoringPolicy
from voxwire.storage.database import Database
from voxwire.storage.sessions import Sessions, SessionWrites
from voxwire.storage.vault import Vault
from voxwire.testing.driver import Driver

ID = "sess_1"


class Stored:
    """A session on its way to the database."""

    def __init__(self, storer: SessionStorer) -> None:
        driver = Driver()
        arguments: Any = {"ids": driver._new_ids(), "now": 0.0, "expires_at": 9, "fingerprint": None}
        facts = SessionFacts(session_id=ID, deployment="d", principal=Principal(id="p"), arrival=Arrival())
        made = storer.session(facts, StoringPolicy("text"), "scripted", {**arguments, **driver._arguments})
        assert made is not None
        self._session = made
        self._storer = storer
        self._session.open()

    def say(self, text: str) -> None:
        item = MessageItem(role=Role.USER, content=(InputText(text=text),))
        self._session.receive(CreateItem(item=item), now=1.0, origin=1)

    def end(self) -> None:
        self._storer.ended(ID)

    def flag(self) -> None:
        self._storer.flag(ID)


@pytest.fixture
async def storer(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SessionStorer]:
    monkeypatch.setattr(session_storer, "_PERIOD_S", 0.01)
    storer = SessionStorer(database)
    async with storer.running():
        yield storer


async def whole(database: Database, storer: SessionStorer) -> OpenedSession:
    """What is stored of the session once the storer has nothing more to do."""
    async with asyncio.timeout(20):
        while storer.waiting:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    opened = await SessionLibrary(database).open("local", ID)
    assert opened is not None
    return opened


def at_each(monkeypatch: pytest.MonkeyPatch, of: type, name: str, happens: Callable[[int], None]) -> None:
    """`happens(n)` right before the n-th time that this is done."""
    doing: Any = getattr(of, name)
    count = 0

    async def done(self: Any, *given: Any) -> Any:
        nonlocal count
        count += 1
        happens(count)
        return await doing(self, *given)

    monkeypatch.setattr(of, name, done)


async def test_between_two_steps_of_a_write(
    storer: SessionStorer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last notes came after the chunk was made that is about to be written."""

    def happens(time: int) -> None:
        if time == 1:
            session.say("the last word")
            session.end()

    written: list[tuple[int, int]] = []

    async def write(self: Sessions, writes: SessionWrites) -> set[str]:
        written.append((len(writes.chunks), len(writes.ended)))
        return await original(self, writes)

    original = Sessions.write
    monkeypatch.setattr(Sessions, "write", write)
    at_each(monkeypatch, Vault, "key", happens)
    session = Stored(storer)
    session.say("the first word")
    opened = await whole(database, storer)
    assert written == [(1, 0), (1, 1)], "it has ended with its last chunk, not before"
    assert opened.stored.state == "ended"
    assert [item.text for item in (await read_session(opened)).items] == ["the first word", "the last word"]


async def test_during_the_transaction(
    storer: SessionStorer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_each(monkeypatch, Sessions, "write", lambda time: session.end() if time == 1 else None)
    session = Stored(storer)
    assert (await whole(database, storer)).stored.state == "ended"


async def test_marked_during_the_transaction_that_says_its_end(
    storer: SessionStorer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_each(monkeypatch, Sessions, "write", lambda time: session.flag() if time == 1 else None)
    session = Stored(storer)
    session.end()
    stored = (await whole(database, storer)).stored
    assert (stored.state, stored.flagged) == ("ended", True)
