"""The checks of one answer, without a server: drafts, pieces, and who is told."""

import asyncio

import pytest

from voxwire.config import CheckSettings
from voxwire.events.items import InputAudio, InputText, MessageItem, Role
from voxwire.monitoring.content_policy import ContentPolicy, PolicyCheck
from voxwire.monitoring.watched_sessions import FoundIn, SessionMonitor
from voxwire.runtime import AnswerFiltered, Principal, SessionFacts, SessionGuard
from voxwire.runtime.observer import Arrival, SessionObservers


class Slow:
    """A check that takes time, until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.go.set()

    async def ask(self, text: str) -> str | None:
        self.asked.append(text)
        await self.go.wait()
        return "bad" if "poison" in text else None

    async def close(self) -> None:
        self.go.set()


class Quick:
    def look(self, text: str) -> str | None:
        return "bad" if "poison" in text else None


FOUND: list[FoundIn] = []


def guard(check: Slow | Quick, *, action: str = "end") -> SessionGuard:
    FOUND.clear()
    settings = CheckSettings.model_validate({"kind": "test", "action": action})
    policy = ContentPolicy("strict", (PolicyCheck(settings, check),), excerpt=True)
    facts = SessionFacts(session_id="sess_1", deployment="d", principal=Principal(id="p"), arrival=Arrival())
    found = SessionMonitor({"strict": policy}, "strict", FOUND.append).session(facts, None, None, SessionObservers())
    assert found is not None
    return found


def heard(*texts: str) -> list[MessageItem]:
    parts = [(InputText(text=text) if at % 2 else InputAudio(transcript=text)) for at, text in enumerate(texts)]
    return [MessageItem(id=f"item_{at}", role=Role.USER, content=(part,)) for at, part in enumerate(parts)]


class TestDrafts:
    async def test_nobody_is_told_of_one_that_is_not_taken(self) -> None:
        session = guard(Quick())
        answer = session.answer(heard("poison"), None, holds=True)
        with pytest.raises(AnswerFiltered):
            await answer.heard()
        assert FOUND == []
        # The same words, once they are asked in earnest, are checked again.
        answer = session.answer(heard("poison"), "resp_1", holds=True)
        with pytest.raises(AnswerFiltered):
            await answer.heard()
        assert [one.response_id for one in FOUND] == ["resp_1"]

    async def test_of_one_that_is_taken_they_are(self) -> None:
        session = guard(Quick())
        answer = session.answer(heard("poison"), None, holds=True)
        with pytest.raises(AnswerFiltered):
            await answer.heard()
        answer.wanted("resp_1")
        assert [(one.response_id, one.finding.side) for one in FOUND] == [("resp_1", "person")]
        await session.answer(heard("poison", "and now?"), "resp_2", holds=True).heard()

    async def test_what_is_found_after_it_was_taken_is_told_at_once(self) -> None:
        answer = guard(Quick(), action="flag").answer(heard("hello"), None, holds=True)
        answer.wanted("resp_1")
        assert answer.let_out("Some poison. ") == "Some poison. "
        assert len(FOUND) == 1


class TestText:
    async def test_an_engine_that_speaks_holds_nothing_back(self) -> None:
        answer = guard(Quick()).answer([], "resp_1", holds=False)
        assert answer.let_out("no end") == "no end"
        assert answer.rest() == ""
        with pytest.raises(AnswerFiltered):
            answer.let_out(" of poison")

    async def test_a_whole_book_is_looked_at_in_pieces(self) -> None:
        slow = Slow()
        await guard(slow).answer(heard("word " * 2000), "resp_1", holds=True).heard()
        assert len(slow.asked) > 4
        assert max(map(len, slow.asked)) <= 2000

    async def test_one_find_is_told_once(self) -> None:
        answer = guard(Quick(), action="flag").answer([], "resp_1", holds=True)
        for _ in range(5):
            answer.let_out("Some poison. ")
        assert len(FOUND) == 1


class TestBeside:
    async def test_the_end_waits_and_what_comes_meanwhile_is_asked_together(self) -> None:
        slow = Slow()
        answer = guard(slow).answer([], "resp_1", holds=True)
        watching = asyncio.create_task(answer.watch())
        slow.go.clear()
        answer.let_out("One. ")
        await asyncio.sleep(0)
        answer.let_out("Two. ")
        answer.let_out("Three. ")
        settled = asyncio.create_task(answer.settled())
        await asyncio.sleep(0)
        assert not settled.done()
        slow.go.set()
        await settled
        assert slow.asked == ["One. ", "Two. Three. "]
        watching.cancel()
        await asyncio.wait({watching})

    async def test_a_find_ends_the_watch(self) -> None:
        answer = guard(Slow()).answer([], "resp_1", holds=True)
        answer.let_out("Some poison. ")
        with pytest.raises(AnswerFiltered):
            await answer.watch()
