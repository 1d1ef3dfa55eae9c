"""What people say while an answer is spoken, through the real session, runtime and speech detector.

The words are those of the script. Two recognisers are imitated: one says them when it is asked, in a pause, the other
says each word as soon as it was said.
"""

import asyncio
from typing import Any

import pytest
from hard_conversations import Recording, record_all, remarks, started_voices
from published_turn_scores import published_remarks
from remark_scoring import (
    BEGINNING,
    REST,
    Overheard,
    RemarkEars,
    StreamingEars,
    overhear,
    remark_score,
)

from voxwire.config.settings import Settings
from voxwire.engines.registry import load
from voxwire.server.build import session_limits

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(120)]
#: The preset of that name, written out.
TELEPHONY = Settings(interruption="telephony").interruption.model_dump()


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    async def spoken() -> list[Recording]:
        async with started_voices() as voices:
            return await record_all(remarks(), voices)

    return asyncio.run(spoken())


def overheard(
    recordings: list[Recording], guard: dict[str, Any], hearing: type[RemarkEars] = RemarkEars
) -> list[Overheard]:
    async def heard() -> list[Overheard]:
        vad = load("vad", "silero", {})
        await vad.start()
        try:
            limits = session_limits(Settings(interruption=guard))
            return await overhear(recordings, limits, vad=vad, hearing=hearing)
        finally:
            await vad.close()

    return asyncio.run(heard())


@pytest.fixture(scope="module", params=[RemarkEars, StreamingEars], ids=["asked", "streaming"])
def hearing(request: pytest.FixtureRequest) -> type[RemarkEars]:
    found: type[RemarkEars] = request.param
    return found


@pytest.fixture(scope="module")
def guarded(recordings: list[Recording], hearing: type[RemarkEars]) -> list[Overheard]:
    return overheard(recordings, {**TELEPHONY, "back_channels": "pass"}, hearing)


def test_an_answer_goes_on_to_its_end_while_somebody_listens(guarded: list[Overheard]) -> None:
    listening = [one for one in guarded if one.recording.conversation.kind == "back-channels"]
    assert {one.recording.conversation.name: one.stopped_ms for one in listening if any(one.stopped_ms)} == {}
    assert {one.ending for one in listening} == {BEGINNING + REST}


def test_who_wants_to_interrupt_does(guarded: list[Overheard]) -> None:
    interrupting = [one for one in guarded if one.recording.conversation.kind == "interruptions"]
    assert [one.recording.conversation.name for one in interrupting if None in one.stopped_ms] == []


def test_the_published_score_is_that_of_today(guarded: list[Overheard], hearing: type[RemarkEars]) -> None:
    row = '`speech_ms = 240`, `words = 1`, `back_channels = "pass"`'
    partials = ", partial transcripts" if hearing is StreamingEars else ""
    published_remarks(row + partials).check(remark_score(guarded))


@pytest.mark.parametrize(
    ("row", "guard"), [("no guard", {}), ('`interruption = "telephony"`', TELEPHONY)], ids=["none", "telephony"]
)
def test_without_the_rule_for_listeners_their_words_end_answers(
    recordings: list[Recording], row: str, guard: dict[str, Any]
) -> None:
    published_remarks(row).check(remark_score(overheard(recordings, guard)))


def test_the_set_is_as_hard_as_it_says() -> None:
    every = remarks()
    assert {one.kind for one in every} == {"back-channels", "interruptions"}
    assert {one.language for one in every if one.kind == "back-channels"} == {"en", "nl", "de"}
    said = {one.turns[0][0].lower() for one in every if isinstance(one.turns[0][0], str)}
    assert {"mhm", "okay", "ja", "stop", "wait, no"} <= said
