"""A whole session on lists of engines: what a client hears and reads when one fails in the middle."""

from typing import Any

import pytest
from failing_engines import PATIENCE, HangingLlm, died, members
from runtime_client import connected

from voxwire.interfaces.llm import LlmText
from voxwire.runtime.failover import FailoverLlm, FailoverStt, FailoverTts
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import loud, quiet

SENTENCE = "The sentence goes on, whoever says it."


def service(
    stt: tuple[Any, ...] = (FakeStt,), llm: tuple[Any, ...] = (FakeLlm,), tts: tuple[Any, ...] = (FakeTts,)
) -> Service:
    def line(stage: str, engines: tuple[Any, ...]) -> Any:
        return members(stage, [engine() if isinstance(engine, type) else engine for engine in engines])

    return fake_service(
        fake_deployment(
            stt=FailoverStt(line("stt", stt), PATIENCE),
            llm=FailoverLlm(line("llm", llm), PATIENCE),
            tts=FailoverTts(line("tts", tts), PATIENCE),
        )
    )


async def ask(made: Service, include: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]], float]:
    """The response, what was told of engines, and how long it was heard."""
    async with connected(made) as client:
        await client.configure(include=include)
        await client.append(loud(640) + quiet(640))
        done = await client.wire.wait_for("response.done")
        return done["response"], client.wire.all("voxwire.engine_changed"), client.spoken_ms()


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
async def test_every_stage_fails_in_the_middle_and_the_answer_is_whole(asked: bool) -> None:
    made = service(
        stt=(FakeStt(died("stt")), FakeStt("what was that")),
        llm=(HangingLlm([LlmText(text=SENTENCE[:16])]), FakeLlm(SENTENCE)),
        tts=(FakeTts(failure=died("tts"), fails_after=4), FakeTts()),
    )
    response, changes, heard_ms = await ask(made, ["voxwire.engine_changed"] if asked else [])
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["transcript"] == SENTENCE
    assert heard_ms == pytest.approx(60 * len(SENTENCE), abs=1)
    told = {(change["stage"], change["before"], change["engine"], change["code"]) for change in changes}
    expected = {
        ("stt", "a", "b", "engine_died"),
        ("llm", "a", "b", "llm_timeout"),
        ("tts", "a", "b", "engine_died"),
    }
    assert told == (expected if asked else set())
    assert {line.stage: line.changes for line in made.directory.failovers()} == {"stt": 1, "llm": 1, "tts": 1}


async def test_each_change_is_told_once_and_the_way_back_too() -> None:
    first = FakeLlm([died("llm")])
    made = service(llm=(first, FakeLlm("second")))
    async with connected(made) as client:
        await client.configure(include=["voxwire.engine_changed"])
        for count in (1, 2):
            await client.send("response.create")
            await client.wire.wait_for("response.done", count)
        (change,) = client.wire.all("voxwire.engine_changed")
        assert change["code"] == "engine_died"
        made.directory.failovers()[1].all[0].rests_until = 0.0
        first._answer = "first again"
        await client.send("response.create")
        await client.wire.wait_for("response.done", 3)
        _, back = client.wire.all("voxwire.engine_changed")
        assert (back["engine"], back["before"], back["code"]) == ("a", "b", None)


async def test_all_fail() -> None:
    response, _, _ = await ask(service(llm=(FakeLlm([died("llm")]), FakeLlm([died("llm", "llm_unreachable")]))), [])
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["code"] == "llm_unreachable"


async def test_an_answer_that_is_interrupted_says_nothing_of_the_engine() -> None:
    made = service(llm=(HangingLlm([LlmText(text="Well, ")]), FakeLlm()))
    async with connected(made) as client:
        await client.send("response.create")
        await client.wire.wait_for("response.output_audio_transcript.delta")
        await client.send("response.cancel")
        await client.wire.wait_for("response.done")
    assert all(line.resting == 0 for line in made.directory.failovers())
