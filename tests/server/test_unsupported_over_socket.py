"""The first update of OpenAI's transcription guide, over a socket (protocol: decisions, Two kinds of refusal)."""

import json
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.asyncio.client import connect

from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served

GA_UPDATE: dict[str, Any] = {
    "type": "transcription",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "noise_reduction": {"type": "near_field"},
            "transcription": {"model": "gpt-4o-transcribe", "prompt": "", "language": "en"},
            "turn_detection": {"type": "server_vad", "threshold": 0.6},
        }
    },
    "include": ["item.input_audio_transcription.logprobs"],
}
PREVIEW_UPDATE: dict[str, Any] = {
    "input_audio_format": "pcm16",
    "input_audio_noise_reduction": {"type": "near_field"},
    "input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": "", "language": "en"},
    "turn_detection": {"type": "server_vad", "threshold": 0.6},
}


@pytest.mark.parametrize(
    ("path", "update", "session", "confirmed", "param"),
    [
        (
            "/v1/realtime?intent=transcription",
            "session.update",
            GA_UPDATE,
            "session.updated",
            "session.audio.input.noise_reduction",
        ),
        (
            "/openai/realtime?api-version=2025-04-01-preview&intent=transcription",
            "transcription_session.update",
            PREVIEW_UPDATE,
            "transcription_session.updated",
            "session.input_audio_noise_reduction",
        ),
    ],
    ids=["ga", "preview"],
)
async def test_the_guides_first_update(
    path: str, update: str, session: dict[str, Any], confirmed: str, param: str
) -> None:
    async with served() as url, connect(f"{url.replace('http', 'ws')}{path}") as client:
        await client.recv()
        await client.send(json.dumps({"type": update, "event_id": "mine", "session": session}))
        updated, error = [json.loads(await client.recv()) for _ in range(2)]
        assert updated["type"] == confirmed
        shown = updated["session"].get("audio", {}).get("input", updated["session"])
        assert shown["turn_detection"]["threshold"] == 0.6
        assert error["error"]["code"] == "unsupported_value"
        assert error["error"]["param"] == param
        assert error["error"]["event_id"] == "mine"


async def test_a_voice_in_previews_words() -> None:
    path = "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-realtime"
    async with served() as url, connect(f"{url.replace('http', 'ws')}{path}") as client:
        await client.recv()
        session = {"voice": "nobody", "instructions": "Be kind."}
        await client.send(json.dumps({"type": "session.update", "session": session}))
        updated, error = [json.loads(await client.recv()) for _ in range(2)]
        assert updated["session"]["instructions"] == "Be kind."
        assert updated["session"]["voice"] != "nobody"
        assert error["error"]["param"] == "session.voice"


async def test_functions_for_an_engine_that_calls_none() -> None:
    llm = FakeLlm()
    llm.capabilities = replace(llm.capabilities, tools=False)
    async with served(fake_service(fake_deployment(llm=llm))) as url:
        async with connect(f"{url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime") as client:
            await client.recv()
            tools = [{"type": "function", "name": "weather"}]
            session = {"type": "realtime", "tools": tools, "tool_choice": "required", "instructions": "Be kind."}
            await client.send(json.dumps({"type": "session.update", "session": session}))
            updated, *errors = [json.loads(await client.recv()) for _ in range(3)]
    assert updated["session"]["instructions"] == "Be kind."
    assert (updated["session"]["tools"], updated["session"]["tool_choice"]) == ([], "auto")
    told = [(error["error"]["code"], error["error"]["param"]) for error in errors]
    assert told == [("unsupported_value", "session.tools"), ("unsupported_value", "session.tool_choice")]
