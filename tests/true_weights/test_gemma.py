"""A spoken conversation with a true model: Gemma 3 270M in llama.cpp's real server, behind the embedded ears and voice.

It is a base model without a chat template: examples in the prompt make it answer, and a line's end stops it. It is too
small to be right, so what it says is printed, not judged. Its terms are not open: conftest.py says when this runs.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spoken_client import calling, transcript, voice_server

from voxwire.testing.llama_server import LlamaServer, llama_server

HERE = Path(__file__).parent
INSTRUCTIONS = "You answer the telephone of a small hotel. Breakfast is from seven to ten."


@pytest.fixture(scope="module")
def gemma(model: Callable[[str], Path]) -> Iterator[LlamaServer]:
    weights = model("gemma-3-270m") / "gemma-3-270m-q4_k_m.gguf"
    with llama_server(weights, HERE / "gemma.jinja", context=4096) as server:
        yield server


async def test_a_spoken_conversation(gemma: LlamaServer) -> None:
    options = {"base_url": gemma.url, "stop": ["\n"], "max_tokens": 60, "context_tokens": 2048, "tools": False}
    with voice_server(gemma=options) as url:
        async with asyncio.timeout(50), calling(url, "gemma") as caller:
            transcription = {"input": {"transcription": {"model": "whisper-1"}}}
            await caller.configure(instructions=INSTRUCTIONS, audio=transcription)
            for question in ("what_time_is_it", "whats_the_weather_in_san_francisco"):
                await caller.say(question)
                response = (await caller.until("response.done"))["response"]
                said = transcript(response)
                [heard] = [e["transcript"] for e in caller.events if e["type"].endswith("transcription.completed")][-1:]
                print(f"\nCaller: {heard}\nGemma:  {said}")
                assert any(map(str.isalpha, said))
                assert "\n" not in said.strip()
                assert response["usage"]["output_token_details"]["text_tokens"] > 1
                assert caller.spoken_ms(response) > 300
