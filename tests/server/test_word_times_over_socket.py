"""`voxwire.word_times` from end to end: in both dialects and both kinds of session."""

import base64
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from voxwire.interfaces.engine import Word
from voxwire.interfaces.stt import SttFinal
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_vad import loud, quiet
from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"
PREVIEW = "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-realtime"
WRITES_DOWN = "&intent=transcription"
HEARD = SttFinal(
    text="Hello there.",
    words=(
        Word(text="Hello", start=0, end=5, start_ms=300.0, end_ms=520.5),
        Word(text="there.", start=6, end=12, start_ms=560.0, end_ms=900.0),
    ),
)
COMPLETED = "conversation.item.input_audio_transcription.completed"


def update(path: str, include: list[str]) -> dict[str, Any]:
    kind = "transcription" if path.endswith(WRITES_DOWN) else "realtime"
    if path.startswith(GA):
        audio = {"input": {"transcription": {"model": "whisper-1"}}}
        return {"type": "session.update", "session": {"type": kind, "include": include, "audio": audio}}
    session = {"include": include, "input_audio_transcription": {"model": "whisper-1"}}
    return {"type": "session.update" if kind == "realtime" else "transcription_session.update", "session": session}


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
@pytest.mark.parametrize("path", [GA, GA + WRITES_DOWN, PREVIEW, PREVIEW + WRITES_DOWN])
async def test_words_and_when_they_were_said(path: str, asked: bool) -> None:
    stt = FakeStt(HEARD)
    events: list[dict[str, Any]] = []
    async with (
        served(fake_service(fake_deployment(stt=stt))) as url,
        connect(url.replace("http", "ws") + path, max_size=None) as client,
    ):
        await client.send(json.dumps(update(path, ["voxwire.word_times"] if asked else [])))
        for _ in range(2):  # two turns: the second begins later in the input audio
            audio = base64.b64encode(quiet(960) + loud(960) + quiet(960)).decode()
            await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        while [event["type"] for event in events].count(COMPLETED) < 2 or events[-1]["type"] == COMPLETED:
            events.append(json.loads(await client.recv()))
            assert events[-1]["type"] != "error", events[-1]
            if events[-1]["type"] == COMPLETED:  # so that something follows it in any case
                await client.send(json.dumps(update(path, ["voxwire.word_times"] if asked else [])))
    assert [stream.config.word_times for stream in stt.streams] == [asked, asked]
    told = [event for event in events if event["type"] == "voxwire.word_times"]
    if not asked:
        assert told == []
        return
    begins = [event["audio_start_ms"] for event in events if event["type"] == "input_audio_buffer.speech_started"]
    assert begins[1] - begins[0] == 2880
    completed = [at for at, event in enumerate(events) if event["type"] == COMPLETED]
    assert [events[at + 1] for at in completed] == told
    for begin, at, event in zip(begins, completed, told, strict=True):
        assert (event["item_id"], event["content_index"]) == (events[at]["item_id"], 0)
        assert event["words"] == [
            {"word": "Hello", "start_ms": begin + 300, "end_ms": begin + 520},
            {"word": "there.", "start_ms": begin + 560, "end_ms": begin + 900},
        ]
