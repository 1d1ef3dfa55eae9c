"""A real spoken conversation, with real engines over a real socket: recorded, found, read, heard, replayed, deleted."""

import asyncio
import io
import json
import wave
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from pydantic import SecretStr
from spoken_client import calling, recording, transcript
from websockets.asyncio.client import connect

from voxwire.cli import main
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


@dataclass
class Answered:
    status: int
    headers: Message
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.json()["error"]["code"])


async def ask(url: str, method: str, path: str, query: str = "", body: Any = None) -> Answered:
    data = None if body is None else json.dumps(body).encode()
    address = f"{url}/admin/v1/sessions{path}?{query}"
    request = Request(address, data, {"content-type": "application/json"}, method=method)

    def answer() -> Answered:
        try:
            with urlopen(request) as response:
                return Answered(response.status, response.headers, response.read())
        except HTTPError as refused:
            with refused:
                return Answered(refused.code, refused.headers, refused.read())

    return await asyncio.to_thread(answer)


async def test_over_rest(url: str, database: Database) -> None:
    session_id, answer = await talk(url, "kept")
    await stored(SessionLibrary(database), session_id)
    other_id, _ = await talk(url, "words")
    await stored(SessionLibrary(database), other_id)

    listed = (await ask(url, "GET", "", "deployment=kept")).json()
    assert [one["id"] for one in listed["data"]] == [session_id]
    assert listed["data"][0]["state"] == "ended"
    both = (await ask(url, "GET", "", "limit=1")).json()
    assert ([one["id"] for one in both["data"]], both["has_more"]) == ([other_id], True)

    found = (await ask(url, "POST", "/search", body={"words": "TIME", "limit": 9})).json()
    assert {hit["session"] for hit in found["data"]} == {session_id, other_id}

    shown = (await ask(url, "GET", f"/{session_id}")).json()
    assert [item["role"] for item in shown["items"]] == ["user", "assistant"]
    assert shown["items"][1]["text"] == answer
    assert shown["answers"][0]["first_audio_ms"] >= shown["answers"][0]["created_ms"]

    sound = await ask(url, "GET", f"/{session_id}/audio")
    assert sound.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(sound.content)) as clip:
        assert clip.getnframes() / STEREO_RATE > shown["items"][1]["audio_ms"] / 1000
        assert len(clip.readframes(clip.getnframes())) == clip.getnframes() * 4
    assert (await ask(url, "GET", f"/{other_id}/audio")).code == "no_audio"

    replayed = (await ask(url, "POST", f"/{session_id}/replay")).json()
    assert replayed["difference"] is None
    assert replayed["inputs"] > 20
    journal = await ask(url, "GET", f"/{session_id}/journal", "redact=true")
    assert journal.content.startswith(b"voxwire journal 1\n")

    assert (await ask(url, "DELETE", f"/{session_id}")).status == 204
    for refused in [await ask(url, "GET", f"/{session_id}"), await ask(url, "DELETE", f"/{session_id}")]:
        assert (refused.status, refused.code) == (404, "session_not_found")
    assert (await ask(url, "DELETE", "")).status == 400
    assert (await ask(url, "DELETE", "", "everything=true")).json()["deleted"] == 1
    assert (await ask(url, "GET", "")).json()["data"] == []
    for path in ("/..%2f..%2fetc", "/a'b", "/%E2%80%AE"):
        assert (await ask(url, "GET", path)).status in (400, 404)


async def test_of_another_project_it_is_not_found(url: str, database: Database) -> None:
    session_id, _ = await talk(url, "words")
    await stored(SessionLibrary(database), session_id)
    refused = await ask(url, "GET", f"/{session_id}", "project=other")
    assert refused.code == "session_not_found"
    assert (await ask(url, "GET", "", "project=other")).json()["data"] == []
    hits = await ask(url, "POST", "/search", "project=other", body={"words": "time"})
    assert hits.json()["data"] == []
    assert (await ask(url, "DELETE", f"/{session_id}", "project=other")).status == 404


async def test_on_the_command_line(
    url: str, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id, answer = await talk(url, "kept")
    await stored(SessionLibrary(database), session_id)

    async def typed(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["sessions", *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    code, shown = await typed("list")
    assert (code, session_id in shown) == (0, True)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert answer in (await typed("show", session_id))[1]
    assert session_id in (await typed("search", "time"))[1]
    code, said = await typed("replay", session_id)
    assert (code, said.startswith("The same, bit for bit: ")) == (0, True)
    for format in ("json", "wav", "journal"):
        file = tmp_path / f"out.{format}"
        assert (await typed("export", session_id, "--format", format, "--output", str(file)))[0] == 0
        assert file.stat().st_size > 1000
    redacted = tmp_path / "redacted.journal"
    assert (await typed("export", session_id, "--format", "journal", "--redact", "--output", str(redacted)))[0] == 0
    for file in (tmp_path / "out.journal", redacted):
        assert "bit for bit" in (await typed("replay", str(file)))[1]
    whole = [b"".join(map(zlib.decompress, _parts(file))) for file in (tmp_path / "out.journal", redacted)]
    assert [answer.encode() in text for text in whole] == [True, False]
    speech = recording("what_time_is_it")
    assert [speech[len(speech) // 2 :][:64] in text for text in whole] == [True, False]
    redacted.write_bytes(redacted.read_bytes()[:-7])
    code, said = await typed("replay", str(redacted))
    assert (code, "cut off" in said) == (1, True)
    assert (await typed("delete", session_id))[0] == 0
    code, said = await typed("show", session_id)
    assert (code, "has no stored conversation" in said) == (1, True)


def _parts(file: Path) -> list[bytes]:
    """The compressed pieces of a journal."""
    data, parts = file.read_bytes().split(b"\n", 1)[1], []
    while data:
        size = int.from_bytes(data[:4], "big")
        parts.append(data[4 : 4 + size])
        data = data[4 + size :]
    return parts
