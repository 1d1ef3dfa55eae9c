"""Azure's client of Voice Live on the Voice Live path (protocol: dialects, Voice Live)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, Log

from voxwire.testing.live_server import ServeProcess

PROGRAM = Path(__file__).parent / "programs" / "voicelive_realtime.py"
ENVIRONMENT = "voicelive"
PACKAGE = "azure-ai-voicelive"


@pytest.fixture
def exercises(exercised: Callable[..., None]) -> Callable[[str], None]:
    return lambda flow: exercised(f"`{PACKAGE}`", installed_version(PACKAGE, ENVIRONMENT), "Voice Live", flow)


@pytest.mark.parametrize("flow", ["text_turn", "spoken_turn", "tool_round_trip"])
async def test_flow(flow: str, server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    await check(flow, server.url, server.environment)


@pytest.mark.parametrize("flow", ["cancel", "barge_in"])
async def test_interruption(flow: str, paced_server: Address, exercises: Callable[[str], None]) -> None:
    exercises(flow)
    await check(flow, paced_server.url, paced_server.environment)


async def test_without_a_key(keyless_server: ServeProcess, exercises: Callable[[str], None]) -> None:
    """Azure's client asks for a token of another service than those of OpenAI's models."""
    exercises("sign-in by `DefaultAzureCredential`")
    await check("text_turn", keyless_server.url, {**keyless_server.environment, "OPENAI_API_KEY": ""})


async def check(flow: str, url: str, variables: dict[str, str]) -> None:
    report = await run_program(ENVIRONMENT, PROGRAM, url, flow, variables=variables)
    log = Log(report["received"])
    CHECKS[flow](log)
    assert report["audio_bytes"] == sum(len(log.audio(answer)) for answer in log.responses()), "all of it is decoded"
    assert "ServerEvent" not in report["classes"], "the client has a class for every event"
