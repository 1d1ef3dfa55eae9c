"""livekit's OpenAI plugin in an agent's session: OpenAI's service, Azure's GA and Azure's preview."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, EIGHTY_FOUR, Event, Log, heard_turn, interrupted, spoken, stopped
from realtime_flows import BYTES_PER_MS

from voxwire.testing.fake_tts import FakeTts

ENVIRONMENT = "livekit"
PROGRAM = Path(__file__).parent / "programs" / "livekit_realtime.py"
MODELS = {
    "openai": ("livekit `RealtimeModel`", "GA"),
    "azure": ("livekit `RealtimeModel.with_azure`", "GA, Azure's address"),
    "azure-preview": ("livekit `RealtimeModel.with_azure`", "preview, Azure's address"),
}

Run = Callable[[str, Address], Any]


@pytest.fixture(params=MODELS)
def run(request: pytest.FixtureRequest, exercised: Callable[..., None]) -> Run:
    """Run a flow; nothing may go wrong in it, nor be complained of."""
    client, dialect = MODELS[request.param]

    async def run(flow: str, server: Address) -> Any:
        exercised(client, installed_version("livekit-plugins-openai", ENVIRONMENT), dialect, flow)
        arguments = (request.param, server.url, flow)
        report = await run_program(ENVIRONMENT, PROGRAM, *arguments, variables=server.environment)
        assert report["problems"] == []
        return report

    return run


def log_of(report: Any) -> Log:
    """The events as the server sent them: the plugin gives those of the preview their GA names."""
    events: list[Event] = report["received"]
    if "type" not in events[0]["session"]:
        events = [
            event | {"type": "conversation.item.created"} if event["type"] == "conversation.item.added" else event
            for event in events
        ]
    return Log(events)


def said(report: Any) -> list[Event]:
    """The agent's messages, as its session remembers them."""
    return [item for item in report["history"] if item.get("role") == "assistant"]


@pytest.mark.parametrize("flow", ["text_turn", "spoken_turn", "tool_round_trip"])
async def test_flow(flow: str, run: Run, server: Address) -> None:
    report = await run(flow, server)
    log = log_of(report)
    CHECKS[flow](log)
    answer = log.responses()[-1]
    assert report["played_bytes"] == len(log.audio(answer)), "the user of the agent hears all of it"
    assert [item["content"] for item in said(report)] == [[log.transcript(answer)]]
    assert report["called"] == (["San Francisco"] if flow == "tool_round_trip" else [])


async def test_barge_in(run: Run, paced_server: Address, voice: FakeTts) -> None:
    """It is the session that truncates, where its loudspeaker stopped."""
    report = await run("barge_in", paced_server)
    # The session also cancels, which comes late where the server has interrupted already. It ignores the answer.
    late = [event for event in report["received"] if event["type"] == "error"]
    assert {event["error"]["code"] for event in late} <= {"response_cancel_not_active"}
    report["received"] = [event for event in report["received"] if event not in late]
    log = log_of(report)
    heard_turn(log)
    cancelled, answer = log.responses()
    interrupted(log, cancelled, "turn_detected")
    assert EIGHTY_FOUR.search(spoken(log, answer))
    assert [item["interrupted"] for item in said(report)] == [True, False]
    stopped(voice, len(log.audio(cancelled)))

    cut = log.one("conversation.item.truncated")
    assert cut["item_id"] == cancelled["output"][0]["id"]
    heard = report["played_bytes"] - len(log.audio(answer))
    assert cut["audio_end_ms"] == pytest.approx(heard / BYTES_PER_MS, abs=1)
    for event in log.of("conversation.item.retrieved"):
        (part,) = event["item"]["content"]
        assert len(base64.b64decode(part["audio"])) == cut["audio_end_ms"] * BYTES_PER_MS
        assert log.transcript(cancelled).startswith(part["transcript"].rstrip())
        # One hum for every character.
        assert 0 < len(part["transcript"]) <= cut["audio_end_ms"] / voice.char_ms
