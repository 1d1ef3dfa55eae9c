"""Work that failed or was cancelled is freed with its audio and text, and waits for no garbage collector."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from runtime_client import connected

from voxwire.errors import EngineError
from voxwire.interfaces.llm import LlmDone, LlmText
from voxwire.runtime.cascade import Cascade
from voxwire.runtime.transcriber import Transcriber
from voxwire.runtime.voicing import Voicing
from voxwire.session.session import Session
from voxwire.testing.fake_llm import FakeLlm, Step
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt

HEAVY = (Cascade, Session, Voicing, Transcriber)


@pytest.fixture
def left() -> Iterator[Callable[[], list[Any]]]:
    """What the test leaves behind, with the collector switched off. What other tests left is not its fault: a failed
    one is kept with all that it held."""
    gc.collect()
    before = list(_heavy())
    gc.disable()
    yield lambda: [found for found in _heavy() if not any(found is old for old in before)]
    gc.enable()


def _heavy() -> Iterator[Any]:
    return (found for found in gc.get_objects() if type(found) in HEAVY)


#: Made anew for each answer: an engine that kept its exception would keep all that it passed through.
ENDS: dict[str, Callable[[], Step]] = {
    "finished": LlmDone,
    "broken": lambda: EngineError("llm", "llm_failed", "No."),
    "bug": lambda: ValueError("not what was agreed"),
    "cancelled": lambda: 60.0,
    "gone": lambda: 60.0,
}


@pytest.mark.parametrize("end", ENDS)
async def test_an_answer(end: str, left: Callable[[], list[Any]]) -> None:
    llm = FakeLlm(lambda _: [LlmText(text="Well. "), ENDS[end]()])
    llm.requests = deque(maxlen=0)
    async with connected(fake_service(fake_deployment(llm=llm))) as client:
        for number in range(1, 4):
            await client.say_text("Tell me.")
            await client.send("response.create")
            await client.wire.wait_for("response.created", number)
            if end == "cancelled":
                await client.send("response.cancel")
            if end == "gone":
                break
            await client.wire.wait_for("response.done", number)
    await asyncio.sleep(0)
    assert left() == []


@pytest.mark.parametrize("end", ["broken", "gone"])
async def test_an_utterance(end: str, left: Callable[[], list[Any]]) -> None:
    stt = FakeStt(EngineError("stt", "stt_failed", "No."), push_s=0.0 if end == "broken" else 60.0)
    stt.streams = deque(maxlen=0)
    async with connected(fake_service(fake_deployment(stt=stt))) as client:
        await client.configure(audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}})
        await client.append(bytes(48 * 2000))
        await client.send("input_audio_buffer.commit")
        await client.wire.wait_for("input_audio_buffer.committed")
        if end == "broken":
            await client.wire.wait_for("conversation.item.input_audio_transcription.failed")
    await asyncio.sleep(0)
    assert left() == []
