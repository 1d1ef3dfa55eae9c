"""The Agents SDK for Node: it validates every event that it receives, runs tools and truncates by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_environment import Address
from flow_checks import CHECKS, EIGHTY_FOUR, Log, heard_turn, interrupted, spoken, stopped
from node_environment import package_version, run_node
from realtime_flows import BYTES_PER_MS

from voxwire.testing.fake_tts import FakeTts

FOLDER = Path(__file__).parent / "npm"
PACKAGE = "@openai/agents-realtime"


@pytest.fixture
def exercises(exercised: Callable[..., None]) -> Callable[[str], None]:
    return lambda flow: exercised(f"`{PACKAGE}` for Node", package_version(PACKAGE, FOLDER), "GA", flow)


async def run(flow: str, server: Address, **variables: str) -> Any:
    return await run_node(FOLDER / "agents-realtime.js", server.url, flow, variables=server.environment | variables)


@pytest.mark.parametrize("flow", ["text_turn", "spoken_turn", "tool_round_trip"])
async def test_flow(flow: str, paced_server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    report = await run(flow, paced_server)
    log = Log(report["received"])
    CHECKS[flow](log)
    assert report["audio_bytes"] == len(log.audio(log.responses()[-1])), "the user of the SDK hears all of it"
    assert report["told"].count("agent_tool_end") == (flow == "tool_round_trip")


async def test_barge_in(paced_server: Address, voice: FakeTts, exercises: Callable[[str], None]) -> None:
    """The SDK asks for what is left of the answer, and keeps that in its history."""
    exercises("barge_in")
    report = await run("barge_in", paced_server)
    log = Log(report["received"])
    cancelled, answer = log.responses()
    interrupted(log, cancelled, "turn_detected")
    heard_turn(log)
    assert EIGHTY_FOUR.search(spoken(log, answer))
    sent = len(log.audio(cancelled))
    stopped(voice, sent)

    cut = log.one("conversation.item.truncated")
    assert 0 < cut["audio_end_ms"] <= sent / BYTES_PER_MS
    assert cut["item_id"] == cancelled["output"][0]["id"]
    (kept,) = [item for item in report["history"] if item["itemId"] == cut["item_id"]]
    (part,) = kept["content"]
    assert log.transcript(cancelled).startswith(part["transcript"].rstrip())
    assert len(part["transcript"]) < len(log.transcript(cancelled))
