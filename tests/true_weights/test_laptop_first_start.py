"""The laptop profile's first start, end to end: an imitation of the hub gives the true weights, a bar shows it, and a
spoken question is answered. The second start asks nobody and is quick."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model_sources import ModelServer, model_server
from served_at_terminal import LISTENING, serving
from spoken_client import calling, transcript

from voxwire.catalogue import HubSource, load_catalogue

MODELS = ("whisper-tiny.en", "piper-en-us-joe-medium", "smart-turn-v3.2")


@pytest.fixture
def hub(model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelServer]:
    """Has the models of the profile, where the catalogue says; the server below has none of them yet."""
    weights = {name: model(name) for name in MODELS}  # before the store is another one
    with model_server() as server:
        for name, folder in weights.items():
            entry = load_catalogue()[name]
            [source] = [source for source in entry.sources if isinstance(source, HubSource)]
            for file in entry.files:
                there = source.files.get(file.name, file.name)
                path = f"/{source.repository}/resolve/{source.revision}/{there}"
                server.files[path] = (folder / file.name).read_bytes()
        environment = {
            **server.environment(),
            "HF_HOME": str(tmp_path / "hub"),
            "VOXWIRE_MODELS": str(tmp_path / "store"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield server


async def question_and_answer(url: str) -> tuple[str, str]:
    """What was heard of a recorded question, and what was said to it."""
    async with asyncio.timeout(60), calling(url, "gpt-realtime") as caller:
        transcription = {"input": {"transcription": {"model": "whisper-1"}}}
        await caller.configure(audio=transcription)
        await caller.say("what_is_twelve_times_seven")
        response = (await caller.until("response.done"))["response"]
        [heard] = [e["transcript"] for e in caller.events if e["type"].endswith("transcription.completed")]
        assert caller.spoken_ms(response) > 300
        return str(heard), transcript(response)


@pytest.mark.timeout(240)
async def test_the_first_start_of_a_laptop(hub: ModelServer) -> None:
    began = time.monotonic()
    with serving("--profile", "laptop") as server:
        for name in MODELS:
            await asyncio.to_thread(server.until, rf"{name} .*━", 120)
        url = (await asyncio.to_thread(server.until, LISTENING, 120))[1]
        first_s = time.monotonic() - began
        assert {line.partition(" bytes")[0] for line in hub.asked} == {f"GET {path}" for path in hub.files}
        heard, said = await question_and_answer(url)
    print(f"\nheard: {heard}\nsaid: {said}")
    assert "7" in heard or "seven" in heard.lower()
    assert "84" in said or "eighty-four" in said.lower()

    hub.asked.clear()
    began = time.monotonic()
    with serving("--profile", "laptop") as server:
        await asyncio.to_thread(server.until, LISTENING, 120)
        second_s = time.monotonic() - began
        assert "━" not in server.shown
    assert not hub.asked
    print(f"first start {first_s:.1f} s, second {second_s:.1f} s")
