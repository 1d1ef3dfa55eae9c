"""The Agents SDK: it validates every event that it receives, runs tools and truncates by itself."""

from collections.abc import Callable
from typing import Any

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, EIGHTY_FOUR, Log, heard_turn, interrupted, spoken

ENVIRONMENT = "openai-agents"


@pytest.fixture
def exercises(exercised: Callable[..., None]) -> Callable[[str], None]:
    return lambda flow: exercised("`openai-agents` for Python", installed_version(ENVIRONMENT, ENVIRONMENT), "GA", flow)


async def run(flow: str, server: Address) -> Any:
    return await run_program(ENVIRONMENT, "agents_realtime.py", server.url, flow, variables=server.environment)


@pytest.mark.parametrize("flow", ["text_turn", "spoken_turn", "tool_round_trip"])
async def test_flow(flow: str, server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    report = await run(flow, server)
    log = Log(report["received"])
    CHECKS[flow](log)
    assert report["audio_bytes"] == len(log.audio(log.responses()[-1])), "the user of the SDK hears all of it"
    assert report["told"].count("tool_end") == (flow == "tool_round_trip")


async def test_barge_in(paced_server: Address, exercises: Callable[[str], None]) -> None:
    exercises("barge_in")
    report = await run("barge_in", paced_server)
    log = Log(report["received"])
    cancelled, answer = log.responses()
    interrupted(log, cancelled, "turn_detected")
    heard_turn(log)
    assert EIGHTY_FOUR.search(spoken(log, answer))
    assert log.one("conversation.item.truncated")["item_id"] == cancelled["output"][0]["id"]
