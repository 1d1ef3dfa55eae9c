"""Hard conversations through the real session, runtime and speech detector: no turn is cut, none is answered late.

The words are those of the script, exactly as far as they were said: so it is the judgement that is tried here. With a
true recogniser and a turn model it is tried in `tests/true_weights/test_turn_taking.py`. Both scores stand in
docs/turn-taking.md.
"""

import asyncio
from typing import Any

import pytest
from hard_conversations import Recording, conversations, record_all, remarks, started_voices
from published_turn_scores import published, shown_set
from turn_scoring import SEMANTIC, Outcome, listen, score, server_vad

from voxwire.engines.registry import load

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    async def spoken() -> list[Recording]:
        async with started_voices() as voices:
            return await record_all(conversations(), voices)

    return asyncio.run(spoken())


def outcomes_of(recordings: list[Recording], detection: dict[str, Any]) -> list[Outcome]:
    async def heard() -> list[Outcome]:
        vad = load("vad", "silero", {})
        await vad.start()
        try:
            return await listen(recordings, detection, vad=vad)
        finally:
            await vad.close()

    return asyncio.run(heard())


@pytest.fixture(scope="module")
def semantic(recordings: list[Recording]) -> list[Outcome]:
    return outcomes_of(recordings, SEMANTIC)


def test_no_turn_is_cut(semantic: list[Outcome]) -> None:
    assert [outcome.recording.conversation.name for outcome in semantic if outcome.cuts] == []


def test_no_turn_is_answered_late(semantic: list[Outcome]) -> None:
    assert [outcome.recording.conversation.name for outcome in semantic if outcome.late] == []


def test_the_published_score_is_that_of_today(semantic: list[Outcome]) -> None:
    published("`semantic_vad`, words by the script").check(score(semantic))


@pytest.mark.parametrize("silence_ms", [500, 200])
def test_silence_alone_cuts_many(recordings: list[Recording], silence_ms: int) -> None:
    published(f"`server_vad`, {silence_ms} ms").check(score(outcomes_of(recordings, server_vad(silence_ms))))


def test_the_published_set_is_that_of_today() -> None:
    assert shown_set() == {one.name: one.transcript for one in conversations() + remarks()}


def test_the_set_is_as_hard_as_it_says() -> None:
    """Each kind is there, two voices at least of English, three languages; pauses are longer than `server_vad` is."""
    every = conversations()
    assert {one.kind for one in every} == {"pauses", "digits", "spelling", "hesitations", "quick turns"}
    assert {one.voice for one in every if one.language == "en"} >= {"slt", "rms", "awb"}
    assert {one.language for one in every} == {"en", "nl", "de"}
    pauses = [part for one in every for turn in one.turns for part in turn if isinstance(part, int)]
    assert sum(pause > 500 for pause in pauses) > len(pauses) * 0.8
    assert max(pauses) > 2000
