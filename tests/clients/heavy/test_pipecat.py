"""pipecat's realtime services, of OpenAI and of Azure: bots that hear, speak, call functions and are interrupted."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import EIGHTEEN, EIGHTY_FOUR, stopped
from realtime_flows import BYTES_PER_MS, WEATHER

from voxwire.testing.fake_tts import FakeTts

ENVIRONMENT = "pipecat"
PROGRAM = Path(__file__).parent / "programs" / "pipecat_realtime.py"
SERVICES = {
    "openai": ("pipecat `OpenAIRealtimeLLMService`", "GA"),
    "azure": ("pipecat `AzureRealtimeLLMService`", "GA, Azure's address"),
}
#: pipecat plays in pieces of 40 ms and fills the last one of an answer.
PIECE_BYTES = 40 * BYTES_PER_MS

Run = Callable[[str, Address], Any]


@pytest.fixture(params=SERVICES)
def run(request: pytest.FixtureRequest, exercised: Callable[..., None]) -> Run:
    """Run a flow; nothing may go wrong in it, nor be complained of."""
    client, dialect = SERVICES[request.param]

    async def run(flow: str, server: Address) -> Any:
        exercised(client, installed_version("pipecat-ai", ENVIRONMENT), dialect, flow)
        arguments = (request.param, server.url, flow)
        report = await run_program(ENVIRONMENT, PROGRAM, *arguments, variables=server.environment)
        assert report["problems"] == []
        return report

    return run


def said(report: Any) -> list[str]:
    """What the bot remembers to have said."""
    return [
        message["content"] for message in report["context"] if message["role"] == "assistant" and "content" in message
    ]


def heard_all(report: Any) -> None:
    """What the server sent was played, and it was speech: nobody says twenty letters in less than half a second."""
    answers = said(report)
    assert report["spoken"] == "".join(answers)
    assert report["received_bytes"] > len(report["spoken"]) * 25 * BYTES_PER_MS
    assert 0 <= report["played_bytes"] - report["received_bytes"] < len(answers) * PIECE_BYTES
    assert sum(usage["output_audio_tokens"] > 0 for usage in report["usage"]) == len(answers)


def in_order(report: Any, *frames: str) -> bool:
    rest = iter(report["frames"])
    return all(frame in rest for frame in frames)


async def test_text_turn(run: Run, server: Address) -> None:
    report = await run("text_turn", server)
    (answer,) = said(report)
    assert EIGHTY_FOUR.search(answer)
    heard_all(report)


async def test_spoken_turn(run: Run, server: Address) -> None:
    report = await run("spoken_turn", server)
    assert report["transcriptions"] == ["what is twelve times seven"]
    assert in_order(report, "UserStartedSpeakingFrame", "UserStoppedSpeakingFrame", "BotStartedSpeakingFrame")
    assert report["context"][-2] == {"role": "user", "content": "what is twelve times seven"}
    assert EIGHTY_FOUR.search(said(report)[-1])
    heard_all(report)


async def test_tool_round_trip(run: Run, server: Address) -> None:
    report = await run("tool_round_trip", server)
    assert [call["location"] for call in report["called"]] == ["San Francisco"]
    (result,) = [message["content"] for message in report["context"] if message["role"] == "tool"]
    assert json.loads(result) == json.loads(WEATHER)
    assert EIGHTEEN.search(said(report)[-1])
    heard_all(report)


async def test_barge_in(run: Run, paced_server: Address, voice: FakeTts) -> None:
    """It is the bot that truncates, at what it takes for heard."""
    report = await run("barge_in", paced_server)
    assert in_order(report, "BotStartedSpeakingFrame", "InterruptionFrame", "BotStoppedSpeakingFrame")
    assert report["transcriptions"] == ["what is twelve times seven"]
    assert EIGHTY_FOUR.search(said(report)[-1])
    answer_bytes = round(len(voice.streams[-1].text) * voice.char_ms * BYTES_PER_MS)
    received = report["received_bytes"] - answer_bytes
    interrupted_text = stopped(voice, received)
    cut, answer = report["kept"]
    assert (cut["status"], answer["status"]) == ("incomplete", "completed")
    (part,) = cut["content"]
    kept = len(base64.b64decode(part["audio"]))
    assert 0 < kept <= received
    # One hum for every character.
    assert interrupted_text.startswith(part["transcript"])
    assert len(part["transcript"].rstrip()) <= kept / BYTES_PER_MS / voice.char_ms
