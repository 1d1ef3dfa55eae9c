"""A real spoken conversation, with real engines over a real socket: recorded, found, read, heard, replayed, deleted."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from spoken_client import calling, recording, transcript
from websockets.asyncio.client import connect

from voxwire.config import StorageSettings
from voxwire.recording.reading import ReadSession, SessionReader
from voxwire.recording.replay import Replayed
from voxwire.recording.session_library import OpenedSession, SessionLibrary
from voxwire.recording.stereo import STEREO_RATE, StereoMix, wav_header
from voxwire.server.build import build_service
from voxwire.storage.database import Database
from voxwire.testing.live_server import served, settings_for_tests

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

TABLES: dict[str, Any] = {
    "deployments": {
        "kept": {"store": "text+audio", "retention_days": 7},
        "words": {"store": "text"},
        "private": {},
    },
    "limits": {"transcript_deadline_s": 60},
}


@pytest.fixture
async def url(storage: StorageSettings) -> AsyncIterator[str]:
    async with served(build_service(settings_for_tests(**TABLES)), **TABLES) as url:
        yield url


async def talk(url: str, deployment: str) -> tuple[str, str]:
    """A turn, as fast as it is taken: the session, and what was answered."""
    async with calling(url, deployment) as caller:
        session_id = caller.events[0]["session"]["id"]
        await caller.say("what_time_is_it")
        answer = transcript((await caller.until("response.done"))["response"])
    return session_id, answer


async def stored(library: SessionLibrary, session_id: str) -> OpenedSession:
    """The session, once it is stored to its end."""
    async with asyncio.timeout(20):
        while True:
            found = await library.open("local", session_id)
            if found is not None and found.stored.state != "running":
                return found
            await asyncio.sleep(0.1)


async def read(opened: OpenedSession) -> ReadSession:
    reader = SessionReader(opened.header)
    async for told in opened.told():
        for one in told:
            reader.take(one)
    return reader.result


async def test_what_was_said_is_kept_and_replays(url: str, database: Database) -> None:
    session_id, answer = await talk(url, "kept")
    library = SessionLibrary(database)
    opened = await stored(library, session_id)
    assert opened.stored.state == "ended"
    assert opened.stored.policy == "text+audio"
    assert opened.stored.expires_at - opened.stored.started_at == 7 * 86_400_000

    said = await read(opened)
    assert [item.role for item in said.items] == ["user", "assistant"]
    assert "time" in said.items[0].text.lower()
    assert said.items[1].text == answer
    [times] = said.answers
    stages = times.speech_started_ms, times.speech_stopped_ms, times.created_ms, times.first_text_ms
    assert None not in stages
    assert list(stages) == sorted(stages)
    assert times.transcript_ms is not None
    assert times.first_audio_ms is not None
    assert times.done_ms is not None
    assert times.done_ms <= said.ended_ms

    replayed, mix, sound = Replayed(opened.header), StereoMix(opened.header), b""
    async for chunk in opened.chunks():
        replayed.chunk(chunk)
        sound += mix.take(chunk)
    assert replayed.difference is None
    assert replayed.result.inputs > 20
    sound += mix.rest()
    with wave.open(io.BytesIO(wav_header(len(sound) // 4) + sound)) as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (STEREO_RATE, 2, 2)
        left, right = np.frombuffer(clip.readframes(clip.getnframes()), np.int16).reshape(-1, 2).T
    assert recording("what_time_is_it") in left.tobytes()
    [spoken] = [item for item in said.items if item.role == "assistant"]
    assert abs(np.count_nonzero(right) / STEREO_RATE * 1000 - spoken.audio_ms) < 400
    begins = round(times.first_audio_ms * STEREO_RATE / 1000)
    assert not right[: begins - STEREO_RATE // 100].any()


async def test_without_sound_it_replays_as_well(url: str, database: Database) -> None:
    session_id, answer = await talk(url, "words")
    opened = await stored(SessionLibrary(database), session_id)
    said = await read(opened)
    assert said.items[1].text == answer
    replayed = Replayed(opened.header)
    async for chunk in opened.chunks():
        replayed.chunk(chunk)
    assert replayed.difference is None
    assert replayed.result.inputs > 20


async def test_what_is_stored_is_told_at_the_handshake_and_in_the_list_of_models(url: str) -> None:
    for deployment, said in (("kept", "text+audio; 7 days"), ("words", "text; 30 days"), ("private", "none")):
        async with connect(f"{url.replace('http', 'ws')}/v1/realtime?model={deployment}") as socket:
            assert socket.response is not None
            assert socket.response.headers["x-voxwire-stored"] == said


async def test_nothing_that_was_said_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path}/db/voxwire.db"
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", address)
    async with served(build_service(settings_for_tests(**TABLES)), **TABLES) as url:
        async with calling(url, "private") as caller:
            await caller.configure(instructions="A secret instruction.")
        assert not (tmp_path / "db").exists(), "where nothing is stored, no file is made"
        session_id, answer = await talk(url, "kept")
        database = Database(StorageSettings(url=SecretStr(address)))
        opened = await stored(SessionLibrary(database), session_id)
        assert (await read(opened)).items
        await database.close()
    data = b"".join(file.read_bytes() for file in (tmp_path / "db").iterdir() if file.suffix != ".key")
    assert session_id.encode() in data, "it is this file"
    speech = recording("what_time_is_it")
    middle = len(speech) // 2
    assert speech[middle : middle + 64] not in data
    for words in (answer, answer[:12], "what time", "instruction", "transcript"):
        assert words.encode() not in data
        assert words.lower().encode() not in data
