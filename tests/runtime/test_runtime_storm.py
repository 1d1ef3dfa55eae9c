"""Many conversations doing everything at once, in every order: nothing crashes, nothing is left open."""

import asyncio
import random

import pytest
from runtime_client import Client, connected, runtime_tasks

from voxwire.errors import EngineDied
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.runtime.runtime_limits import Deadlines, RuntimeLimits
from voxwire.testing.fake_llm import FakeLlm, Step
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import loud, quiet


def unreliable(chance: random.Random) -> FakeLlm:
    def answer(_: LlmRequest) -> list[Step]:
        steps: list[Step] = [LlmText(text=f"word {number} ") for number in range(chance.randrange(12))]
        steps.insert(chance.randrange(len(steps) + 1), chance.random() / 50)
        if chance.random() < 0.3:
            steps += [LlmToolCall(name="f"), LlmToolArguments(delta="{}")]
        steps.append(EngineDied("llm", "signal 9") if chance.random() < 0.2 else LlmDone())
        return steps

    return FakeLlm(answer)


async def misbehave(client: Client, chance: random.Random) -> None:
    for _ in range(40):
        match chance.randrange(10):
            case 0 | 1:
                await client.append(loud(chance.randrange(20, 400)))
            case 2 | 3:
                await client.append(quiet(chance.randrange(20, 700)))
            case 4 | 5:
                await client.send("response.create")
            case 6:
                await client.send("response.cancel")
            case 7:
                await client.send(f"input_audio_buffer.{chance.choice(['commit', 'clear'])}")
            case 8:
                await client.say_text("hello")
            case 9:
                detection = chance.choice([None, {"type": "server_vad", "interrupt_response": chance.random() < 0.5}])
                session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
                await client.send("session.update", session=session)
        await asyncio.sleep(chance.random() / 100)


@pytest.mark.parametrize("seed", range(4))
async def test_every_response_ends_once_and_no_bug_shows(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    limits = RuntimeLimits(outbox_high_bytes=30_000, outbox_low_bytes=3_000, deadlines=Deadlines(stt_s=5.0))
    service = fake_service(
        fake_deployment(
            llm=unreliable(chance), stt=FakeStt("some words", word_ms=50), tts=FakeTts(pace=0.05, word_times=True)
        ),
        runtime_limits=limits,
    )

    async def one(number: int) -> None:
        async with connected(service, shared=True) as client:
            await misbehave(client, random.Random(seed * 100 + number))
            wire = client.wire
            await client.configure(audio={"input": {"turn_detection": None}})
            async with asyncio.timeout(20):
                while len(wire.all("response.done")) < len(wire.all("response.created")):
                    await wire.wait_for("response.done", len(wire.all("response.done")) + 1)
            created = [event["response"]["id"] for event in wire.all("response.created")]
            done = [event["response"]["id"] for event in wire.all("response.done")]
            assert sorted(created) == sorted(done)
            for index, event in enumerate(wire.events):
                if event["type"] == "response.done":
                    later = [
                        after for after in wire.events[index:] if after.get("response_id") == event["response"]["id"]
                    ]
                    assert later == []
            assert wire.closed is None

    async with asyncio.TaskGroup() as group:
        for number in range(12):
            group.create_task(one(number))
    assert "internal error" not in caplog.text
    assert service.sessions == 0
    assert runtime_tasks() == set()
