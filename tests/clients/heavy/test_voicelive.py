"""Azure's client of Voice Live on the Voice Live path (PROTOCOL 9.3)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, Log

PROGRAM = Path(__file__).parent / "programs" / "voicelive_realtime.py"
ENVIRONMENT = "voicelive"
FLOWS = {
    "text_turn": "text turn",
    "spoken_turn": "spoken turn",
    "tool_round_trip": "tool round trip",
    "cancel": "cancel",
    "barge_in": "barge-in with truncation",
}


@pytest.mark.parametrize("flow", FLOWS)
async def test_flow(flow: str, paced_server: Address, exercised: Callable[..., None]) -> None:
    version = installed_version("azure-ai-voicelive", ENVIRONMENT)
    exercised("azure-ai-voicelive", version, "Voice Live", FLOWS[flow])
    report = await run_program(ENVIRONMENT, PROGRAM, paced_server.url, flow, variables=paced_server.environment)
    log = Log(report["received"])
    CHECKS[flow](log)
    assert report["audio_bytes"] == sum(len(log.audio(response)) for response in log.responses())
    assert "ServerEvent" not in report["classes"], "the client knows every event that it gets"
