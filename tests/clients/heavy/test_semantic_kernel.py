"""The two WebSocket clients of Semantic Kernel: OpenAI's and Azure's, the latter over TLS alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, EIGHTEEN, Log, heard_turn, spoken
from realtime_flows import WEATHER

PROGRAM = Path(__file__).parent / "programs" / "semantic_kernel_realtime.py"
ENVIRONMENT = "semantic-kernel"
FLOWS = ["text_turn", "spoken_turn", "tool_round_trip"]
INTERRUPTED = ["cancel", "barge_in"]
DIALECTS = {"OpenAIRealtimeWebsocket": "GA", "AzureRealtimeWebsocket": "GA, Azure's address"}


@pytest.fixture
def exercises(exercised: Callable[..., None]) -> Callable[[str, str], None]:
    version = installed_version("semantic-kernel", ENVIRONMENT)
    return lambda client, flow: exercised(f"semantic-kernel `{client}`", version, DIALECTS[client], flow)


class TestOpenAI:
    @pytest.mark.parametrize("flow", FLOWS)
    async def test_flow(self, flow: str, server: Address, exercises: Callable[[str, str], None]) -> None:
        exercises("OpenAIRealtimeWebsocket", flow)
        await check("openai", flow, server)

    @pytest.mark.parametrize("flow", INTERRUPTED)
    async def test_interruption(self, flow: str, paced_server: Address, exercises: Callable[[str, str], None]) -> None:
        exercises("OpenAIRealtimeWebsocket", flow)
        await check("openai", flow, paced_server)


class TestAzure:
    @pytest.mark.parametrize("flow", FLOWS)
    async def test_flow(self, flow: str, tls_server: Address, exercises: Callable[[str, str], None]) -> None:
        exercises("AzureRealtimeWebsocket", flow)
        await check("azure", flow, tls_server)

    @pytest.mark.parametrize("flow", INTERRUPTED)
    async def test_interruption(
        self, flow: str, paced_tls_server: Address, exercises: Callable[[str, str], None]
    ) -> None:
        exercises("AzureRealtimeWebsocket", flow)
        await check("azure", flow, paced_tls_server)


async def check(service: str, flow: str, server: Address) -> None:
    report = await run_program(ENVIRONMENT, PROGRAM, service, server.url, flow, variables=server.environment)
    log = Log(report["received"])
    (check_tool if flow == "tool_round_trip" else CHECKS[flow])(log)
    answers = log.responses()
    assert report["audio_bytes"] == sum(len(log.audio(answer)) for answer in answers), "all of it is played"
    assert report["text"] == "".join(log.transcript(answer) for answer in answers)
    assert report["results"] == ([WEATHER] if flow == "tool_round_trip" else []), "what the function returned"


def check_tool(log: Log) -> None:
    """Plugins give their functions a name of two parts."""
    heard_turn(log)
    call, answer = log.responses()
    (item,) = call["output"]
    assert (item["type"], item["name"], item["status"]) == ("function_call", "weather-get_weather", "completed")
    assert "San Francisco" in json.loads(item["arguments"])["location"]
    assert EIGHTEEN.search(spoken(log, answer))
