"""Azure's client of Voice Live on the Voice Live path (PROTOCOL 9.3)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, Log

PROGRAM = Path(__file__).parent / "programs" / "voicelive_realtime.py"
ENVIRONMENT = "voicelive"
PACKAGE = "azure-ai-voicelive"


@pytest.fixture
def exercises(exercised: Callable[..., None]) -> Callable[[str], None]:
    return lambda flow: exercised(PACKAGE, installed_version(PACKAGE, ENVIRONMENT), "Voice Live", flow)


@pytest.mark.parametrize("flow", ["text_turn", "spoken_turn", "tool_round_trip"])
async def test_flow(flow: str, server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    await check(flow, server)


@pytest.mark.parametrize("flow", ["cancel", "barge_in"])
async def test_interruption(flow: str, paced_server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    await check(flow, paced_server)


async def check(flow: str, server: Address) -> None:
    report = await run_program(ENVIRONMENT, PROGRAM, server.url, flow, variables=server.environment)
    log = Log(report["received"])
    CHECKS[flow](log)
    assert report["audio_bytes"] == sum(len(log.audio(answer)) for answer in log.responses()), "all of it is decoded"
    assert "ServerEvent" not in report["classes"], "the client has a class for every event"
