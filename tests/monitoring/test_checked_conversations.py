"""Checked conversations over a real socket: all four checks, on what the person says and on answers."""

import asyncio
import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from http_client import request
from moderation_server import ModerationServer
from websockets.asyncio.client import ClientConnection, connect

from voxwire.config import load_settings
from voxwire.interfaces.llm import LlmDone, LlmText
from voxwire.runtime import DeploymentTerms
from voxwire.storage.database import Database
from voxwire.storage.reviews import Reviews, StoredReview
from voxwire.storage.sessions import Sessions
from voxwire.testing.fake_llm import FakeLlm, Script
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served

WORDS = {"kind": "words", "options": {"words": ["poison", "sell your soul"]}}
PATTERN = {"kind": "pattern", "options": {"pattern": "(?i)\\bpois+on\\b"}}
GOOD = "Of course. It is easy."
BAD = "Of course. Take some poison, then wait. Done."


def checked(*checks: dict[str, Any], **policy: Any) -> dict[str, Any]:
    return {"content_policies": {"strict": {"checks": list(checks), **policy}}, "content_policy": "strict"}


@asynccontextmanager
async def session(answer: str | Script, settings: dict[str, Any]) -> AsyncIterator[ClientConnection]:
    service = fake_service(fake_deployment(llm=FakeLlm(answer)))
    async with (
        served(service, **settings) as url,
        connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as socket,
    ):
        await socket.recv()
        yield socket


async def ask(socket: ClientConnection, text: str = "Hello", **response: Any) -> list[dict[str, Any]]:
    """All events from the question to the end of its answer."""
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
    await socket.send(json.dumps({"type": "response.create", "response": response}))
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for frame in socket:
            events.append(json.loads(frame))
            if events[-1]["type"] in ("response.done", "error"):
                return events
    raise AssertionError("no answer")


def end(events: Sequence[dict[str, Any]]) -> tuple[str, str | None]:
    response = events[-1]["response"]
    return response["status"], (response["status_details"] or {}).get("reason")


def said(events: Sequence[dict[str, Any]]) -> str:
    kinds = "response.output_audio_transcript.delta", "response.output_text.delta"
    return "".join(event["delta"] for event in events if event["type"] in kinds)


def spoke(events: Sequence[dict[str, Any]]) -> bool:
    return any(event["type"] == "response.output_audio.delta" for event in events)


async def reviews() -> list[tuple[StoredReview, str | None]]:
    database = Database(load_settings().storage)
    try:
        store = Reviews(database)
        found = [await store.find("local", one.id) for one in await store.page("local", state=None, limit=99)]
    finally:
        await database.close()
    return [one for one in found if one is not None]


FILTERED = "incomplete", "content_filter"


class TestChecksInThisProcess:
    @pytest.mark.parametrize("check", [WORDS, PATTERN], ids=["words", "pattern"])
    @pytest.mark.parametrize("modality", ["audio", "text"])
    async def test_nothing_of_the_clause_leaves(self, check: dict[str, Any], modality: str) -> None:
        async with session(BAD, checked(check)) as socket:
            events = await ask(socket, output_modalities=[modality])
            assert end(events) == FILTERED
            assert said(events) == "Of course. "
            [item] = events[-1]["response"]["output"]
            assert item["status"] == "incomplete"
            assert spoke(events) <= (modality == "audio")

    @pytest.mark.parametrize("modality", ["audio", "text"])
    async def test_what_is_good_is_said_in_full(self, modality: str) -> None:
        async with session(GOOD, checked(WORDS, PATTERN)) as socket:
            events = await ask(socket, output_modalities=[modality])
            assert end(events) == ("completed", None)
            assert said(events) == GOOD
            assert spoke(events) == (modality == "audio")

    async def test_what_the_person_says_is_not_answered_and_the_next_question_is(self) -> None:
        async with session(GOOD, checked(WORDS)) as socket:
            events = await ask(socket, "Where do I get POISON?")
            assert end(events) == FILTERED
            assert events[-1]["response"]["output"] == []
            assert end(await ask(socket, "What time is it?")) == ("completed", None)
        [(review, excerpt)] = await reviews()
        assert (review.side, review.action, review.found, review.check) == ("person", "end", "listed words", "words")
        assert excerpt == "Where do I get POISON?"

    async def test_one_side_alone(self) -> None:
        async with session(GOOD, checked({**WORDS, "sides": ["answer"]})) as socket:
            assert end(await ask(socket, "Where do I get poison?")) == ("completed", None)
        async with session(BAD, checked({**WORDS, "sides": ["person"]})) as socket:
            assert end(await ask(socket)) == ("completed", None)

    async def test_out_of_band(self) -> None:
        async with session(BAD, checked(WORDS)) as socket:
            events = await ask(socket, conversation="none")
            assert end(events) == FILTERED
            assert said(events) == "Of course. "

    async def test_words_that_come_in_pieces_and_over_clauses(self) -> None:
        pieces = [LlmText(text="Now, sell, "), LlmText(text="yo"), LlmText(text="ur so"), LlmText(text="ul"), LlmDone()]
        async with session(pieces, checked(WORDS)) as socket:
            events = await ask(socket)
            assert end(events) == FILTERED
            assert "soul" not in said(events)


class TestFlag:
    async def test_the_answer_goes_on_and_somebody_is_to_look(self) -> None:
        async with session(BAD, checked({**WORDS, "action": "flag", "name": "drugs"})) as socket:
            events = await ask(socket)
            assert end(events) == ("completed", None)
            assert said(events) == BAD
            response = events[-1]["response"]["id"]
        [(review, excerpt)] = await reviews()
        assert (review.check, review.side, review.action, review.response) == ("drugs", "answer", "flag", response)
        assert (review.state, review.is_recorded, review.deployment) == ("open", False, "gpt-realtime")
        assert excerpt is not None
        assert "Take some poison," in excerpt

    async def test_a_conversation_of_which_nothing_is_stored_yet_is_marked_when_it_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is found in its first moment is written before the conversation is."""
        found = asyncio.Event()
        add, write = Reviews.add, Sessions.write

        async def add_and_tell(self: Reviews, new: Any) -> None:
            await add(self, new)
            found.set()

        async def write_later(self: Sessions, writes: Any) -> set[str]:
            await found.wait()
            return await write(self, writes)

        monkeypatch.setattr(Reviews, "add", add_and_tell)
        monkeypatch.setattr(Sessions, "write", write_later)
        deployment = dataclasses.replace(fake_deployment(llm=FakeLlm(BAD)), terms=DeploymentTerms(store="text"))
        async with (
            served(fake_service(deployment), **checked({**WORDS, "action": "flag"})) as url,
            connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as socket,
        ):
            id = json.loads(await socket.recv())["session"]["id"]
            await ask(socket)
        database = Database(load_settings().storage)
        stored = await Sessions(database).find("local", id, 0)
        await database.close()
        assert stored is not None
        assert stored[0].flagged

    async def test_without_the_words_where_the_policy_says_so(self) -> None:
        async with session(BAD, checked(WORDS, excerpt=False)) as socket:
            await ask(socket)
        [(review, excerpt)] = await reviews()
        assert excerpt is None
        assert not review.has_excerpt

    async def test_it_is_counted_and_the_log_has_nothing_of_it(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        service = fake_service(fake_deployment(llm=FakeLlm(BAD)))
        async with served(service, **checked(WORDS)) as url:
            async with connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as socket:
                await socket.recv()
                await ask(socket)
            body = (await request(url, "/metrics")).body.decode()
        line = 'realtime_content_checks_total{action="end",check="words",deployment="gpt-realtime"} 1.0'
        assert line in body
        assert "poison" not in caplog.text

    async def test_by_rest(self) -> None:
        service = fake_service(fake_deployment(llm=FakeLlm(BAD)))
        path = "/admin/v1/reviews"
        async with served(service, **checked(WORDS)) as url:
            async with connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as socket:
                await socket.recv()
                await ask(socket)
            async with asyncio.timeout(20):
                while not (found := json.loads((await request(url, path)).body)["data"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            one = f"{path}/{found[0]['id']}"
            assert "poison" not in json.dumps(found)
            assert "poison" in json.loads((await request(url, one)).body)["excerpt"]
            body = json.dumps({"state": "confirmed", "reason": "it is"}).encode()
            headers = {"Content-Type": "application/json"}
            decided = json.loads((await request(url, one, headers, method="PATCH", body=body)).body)
            assert (decided["state"], decided["decided_by"]) == ("confirmed", "anonymous")
            assert json.loads((await request(url, f"{path}?state=open")).body)["data"] == []
            assert (await request(url, f"{path}/nothing")).error["code"] == "review_not_found"
            wrong = await request(url, one, headers, method="PATCH", body=b'{"state": "maybe"}')
            assert (wrong.status, wrong.error["param"]) == (400, "state")


@pytest.fixture
async def moderation() -> AsyncIterator[ModerationServer]:
    async with ModerationServer().running() as server:
        yield server


@pytest.fixture(params=["http", "openai"])
def endpoint(request: pytest.FixtureRequest, moderation: ModerationServer) -> dict[str, Any]:
    return {"kind": request.param, "options": {"base_url": moderation.url}}


class TestEndpoints:
    async def test_an_answer_ends_so(self, endpoint: dict[str, Any]) -> None:
        async with session(BAD, checked(endpoint)) as socket:
            assert end(await ask(socket)) == FILTERED
        [(review, _)] = await reviews()
        assert review.found == ("threat" if endpoint["kind"] == "http" else "violence")

    async def test_one_that_is_late_still_ends_it(self, endpoint: dict[str, Any], moderation: ModerationServer) -> None:
        """The answer does not end before all of it is checked."""
        moderation.delay_s = 0.3
        async with session(BAD, checked({**endpoint, "sides": ["answer"]})) as socket:
            events = await ask(socket, output_modalities=["text"])
            assert end(events) == FILTERED
            assert said(events) == BAD

    async def test_the_person_is_heard_before_anything_is_said(
        self, endpoint: dict[str, Any], moderation: ModerationServer
    ) -> None:
        moderation.delay_s = 0.2
        async with session(GOOD, checked(endpoint)) as socket:
            events = await ask(socket, "Where do I get poison?")
            assert end(events) == FILTERED
            assert said(events) == ""
            assert end(await ask(socket, "Well then")) == ("completed", None)

    @pytest.mark.parametrize("way", ["slow", "broken", "huge", "garbage", "down"])
    @pytest.mark.parametrize("on_failure", ["pass", "end"])
    async def test_what_its_failure_stands_for(
        self, endpoint: dict[str, Any], moderation: ModerationServer, way: str, on_failure: str
    ) -> None:
        moderation.way = way
        if way == "down":
            endpoint = {**endpoint, "options": {"base_url": "http://127.0.0.1:9"}}
        check = {**endpoint, "on_failure": on_failure, "deadline_s": 0.2}
        async with session(GOOD, checked(check)) as socket:
            events = await ask(socket)
            assert end(events) == (("completed", None) if on_failure == "pass" else FILTERED)
        found = [review.found for review, _ in await reviews()]
        assert found == ([] if on_failure == "pass" else ["not checked"])

    async def test_one_that_hangs_keeps_nobody_waiting_for_long(
        self, endpoint: dict[str, Any], moderation: ModerationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        moderation.way = "slow"
        async with session(GOOD, checked({**endpoint, "deadline_s": 0.2})) as socket:
            for _ in range(4):
                assert end(await ask(socket)) == ("completed", None)
            asked = len(moderation.asked)
            assert end(await ask(socket)) == ("completed", None)
            assert len(moderation.asked) == asked <= 4
        assert caplog.text.count("is left alone") == 1
        assert GOOD not in caplog.text


class TestWhoIsChecked:
    async def test_a_deployment_may_opt_out(self) -> None:
        settings = checked(WORDS)
        quiet = fake_deployment(llm=FakeLlm(BAD))
        object.__setattr__(quiet, "terms", type(quiet.terms)(content_policy="none"))
        async with (
            served(fake_service(quiet), **settings) as url,
            connect(f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime") as socket,
        ):
            await socket.recv()
            assert end(await ask(socket)) == ("completed", None)

    async def test_without_a_policy_nothing_is(self) -> None:
        async with session(BAD, {}) as socket:
            assert end(await ask(socket)) == ("completed", None)
        assert await reviews() == []
