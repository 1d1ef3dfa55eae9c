"""The blocking client of the openai library, as its documents show it."""

import base64
import json

import pytest
from client_environment import KEY, Address
from flow_checks import EIGHTEEN, EIGHTY_FOUR
from openai import OpenAI
from realtime_flows import WEATHER, WEATHER_TOOL

# The library opens connections in a way that its WebSocket package (17.1) deprecates: no affair of the server's.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")


@pytest.fixture
def client(server: Address) -> OpenAI:
    return OpenAI(api_key=KEY, base_url=f"{server.url}/v1", websocket_base_url=f"{server.ws}/v1")


def test_ga(client: OpenAI) -> None:
    with client.realtime.connect(model="gpt-realtime") as connection:
        connection.session.update(session={"type": "realtime", "output_modalities": ["audio"], "tools": [WEATHER_TOOL]})
        connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What's the weather in Boston?"}],
            }
        )
        connection.response.create()
        answer = ""
        for event in connection:
            if event.type == "response.function_call_arguments.done":
                assert "Boston" in json.loads(event.arguments)["location"]
                output = {"type": "function_call_output", "call_id": event.call_id, "output": WEATHER}
                connection.conversation.item.create(item=output)
            elif event.type == "response.output_audio_transcript.delta":
                answer += event.delta
            elif event.type == "response.done":
                assert event.response.status == "completed"
                if answer:
                    break
                connection.response.create()
        assert EIGHTEEN.search(answer)


def test_preview(client: OpenAI) -> None:
    with client.beta.realtime.connect(model="gpt-4o-realtime-preview") as connection:
        connection.session.update(session={"modalities": ["audio", "text"], "voice": "alloy"})
        connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What is twelve times seven?"}],
            }
        )
        connection.response.create()
        audio, answer = b"", ""
        for event in connection:
            if event.type == "response.audio.delta":
                audio += base64.b64decode(event.delta)
            elif event.type == "response.audio_transcript.delta":
                answer += event.delta
            elif event.type == "response.done":
                assert event.response.status == "completed"
                break
        assert len(audio) > 24_000
        assert EIGHTY_FOUR.search(answer)
