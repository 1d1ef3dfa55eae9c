"""An endpoint of `/audio/transcriptions` for tests: real sockets, and ears that hear a script where there is sound."""

import asyncio
import contextlib
import io
import json
import re
import wave
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from voxwire.testing.chat_server import ChatScript, ChatServer, ChatStep, Received, chat_server, event, head, whole

#: Audio of each word.
_WORD_S: Final = 0.25
_FAINTEST: Final = 100
_NAME: Final = re.compile(rb'name="([^"]*)"')


@dataclass
class Upload:
    """A form as it came: its fields, and the audio in it."""

    fields: dict[str, str]
    rate: int
    pcm: bytes

    @property
    def sound_s(self) -> float:
        """How many seconds of it are no silence, looked at in steps of 10 ms."""
        step = self.rate // 100
        samples = np.frombuffer(self.pcm, "<i2")
        steps = samples[: len(samples) // step * step].reshape(-1, step).astype(np.int32)
        return float((np.abs(steps).max(axis=1) > _FAINTEST).sum()) / 100 if len(steps) else 0.0

    def words(self, script: str) -> str:
        """As many words of the script as there is sound for."""
        return " ".join(script.split()[: int(self.sound_s / _WORD_S)])


def upload(received: Received) -> Upload:
    """The form of a request. Raises AssertionError for one that is none."""
    content_type = received.headers["content-type"]
    boundary = content_type.partition("boundary=")[2]
    assert content_type.startswith("multipart/form-data; ")
    assert boundary
    first, *parts, last = received.body.split(f"--{boundary}".encode())
    assert first == b""
    assert last == b"--\r\n"
    fields: dict[str, str] = {}
    audio = b""
    for part in parts:
        heading, _, value = part.partition(b"\r\n\r\n")
        named = _NAME.search(heading)
        assert named
        if named[1] == b"file":
            assert b'filename="' in heading
            audio = value[:-2]
        else:
            fields[named[1].decode()] = value[:-2].decode()
    with wave.open(io.BytesIO(audio)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return Upload(fields, file.getframerate(), file.readframes(file.getnframes()))


def hears(script: str, *, before_s: float = 0.0, **more: Any) -> ChatScript:
    """Ears that hear the words of a script; `more` stands in each answer beside the text."""

    def answer(received: Received) -> Iterable[ChatStep]:
        form = upload(received)
        text = form.words(script)
        if before_s:
            yield before_s
        if form.fields.get("stream") == "true":
            yield head()
            for word in re.findall(r"\s*\S+", text):
                yield event({"type": "transcript.text.delta", "delta": word})
            yield event({"type": "transcript.text.done", "text": text})
            return
        yield whole(200, json.dumps({"text": text, **_timed(form, text), **more}).encode())

    return answer


def _timed(form: Upload, text: str) -> dict[str, Any]:
    """The times of words, and probabilities, where the form asks for them."""
    found: dict[str, Any] = {}
    words = text.split()
    if form.fields.get("timestamp_granularities[]") == "word":
        found["words"] = [
            {"word": word, "start": at * _WORD_S, "end": (at + 1) * _WORD_S} for at, word in enumerate(words)
        ]
    if form.fields.get("include[]") == "logprobs":
        found["logprobs"] = [
            {"token": token, "logprob": -0.25, "bytes": [*token.encode()]} for token in re.findall(r"\s*\S+", text)
        ]
    return found


@contextlib.asynccontextmanager
async def transcription_server(
    script: ChatScript, *, models: Iterable[str] = ("scripted",)
) -> AsyncIterator[ChatServer]:
    """Run one on a free port of the loopback; `url` is what the engine calls `base_url`."""
    async with chat_server(script, models=models, path="/audio/transcriptions") as served:
        yield served


class TranscriptionThread:
    """One in an event loop of its own, for suites whose engines are made before any test runs."""

    def __init__(self, script: ChatScript) -> None:
        import threading

        self._loop = asyncio.new_event_loop()
        self._script = script
        self._ready = threading.Event()
        self.url = ""
        threading.Thread(target=self._loop.run_until_complete, args=[self._main()], daemon=True).start()
        self._ready.wait(10)

    async def _main(self) -> None:
        async with transcription_server(self._script) as served:
            self.url = served.url
            self._ready.set()
            await asyncio.Event().wait()
