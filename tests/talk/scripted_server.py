"""A scripted server to talk to, and sounds to say to it."""

import argparse
import asyncio
import base64
import json
import ssl
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voxwire.cli.talk import register

RATE = 24_000


def tone(ms: int, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    """A tone of 440 Hz, floats between -1 and 1."""
    return level * np.sin(2 * np.pi * 440 * np.arange(rate * ms // 1000) / rate)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Keep floats, one row a moment and one column a channel if there are several, as PCM16."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1] if samples.ndim > 1 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
    return path


class ScriptedServer:
    """Plays one side of the protocol: loud frames are speech, and `silence_ms` of quiet ones end a turn.

    `answers` are the responses to give, each a list of events; the last one is repeated. `mute` names
    events that are never sent.
    """

    def __init__(self, dialect: str) -> None:
        self.preview = dialect == "preview"
        self.requests: list[Request] = []
        self.received: list[dict[str, Any]] = []
        self.audio = b""
        self.silence_ms = 500
        self.mute: set[str] = set()
        self.heard = "what is twelve times seven"
        self.answers: list[list[dict[str, Any]]] = [self.spoken("eighty four")]
        self.refusal: tuple[int, str] | None = None  # HTTP status and body
        self.redirect: str | None = None
        self.close_after: str | None = None
        self.arrivals: list[float] = []
        self.url = ""
        self.heard_audio = asyncio.Event()
        self.left = asyncio.Event()
        self.close_code: int | None = None

    def spoken(self, text: str, ms: int = 200) -> list[dict[str, Any]]:
        audio = base64.b64encode(bytes(48 * ms)).decode()
        prefix = "response." if self.preview else "response.output_"
        words = [{"type": prefix + "audio_transcript.delta", "delta": word + " "} for word in text.split()]
        return [*words, {"type": prefix + "audio.delta", "item_id": "item_a", "delta": audio}, self.done("completed")]

    @staticmethod
    def done(status: str, output: list[dict[str, Any]] | None = None, **details: Any) -> dict[str, Any]:
        response = {"id": "resp_1", "status": status, "output": output or [], "status_details": details or None}
        return {"type": "response.done", "response": response}

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """What the client sent of one type."""
        return [event for event in self.received if event["type"] == kind]

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.refusal is None:
            return None
        status, body = self.refusal
        response = connection.respond(HTTPStatus(status), body)
        if self.redirect:
            response.headers["Location"] = self.redirect
        return response

    async def handle(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._speaking = False
        self._quiet_ms = 0
        with suppress(ConnectionClosed):  # `close_after` may come between two messages
            await self._emit({"type": "session.created", "session": {"model": "scripted"}})
            async for message in socket:
                await self._receive(json.loads(message))
        self.close_code = socket.close_code
        self.left.set()

    async def _receive(self, event: dict[str, Any]) -> None:
        self.received.append(event)
        match event["type"]:
            case "session.update":
                await self._emit({"type": "session.updated", "session": {"model": "scripted"}})
            case "input_audio_buffer.append":
                self.arrivals.append(asyncio.get_running_loop().time())
                self.heard_audio.set()
                await self._hear(base64.b64decode(event["audio"]))
            case "response.create":
                await self._answer()

    async def _hear(self, pcm: bytes) -> None:
        self.audio += pcm
        ms = len(self.audio) // 48
        if np.abs(np.frombuffer(pcm, "<i2")).max() > 1000:
            self._quiet_ms = 0
            if not self._speaking:
                self._speaking = True
                await self._emit(
                    {"type": "input_audio_buffer.speech_started", "item_id": "item_u", "audio_start_ms": ms}
                )
        elif self._speaking:
            self._quiet_ms += len(pcm) // 48
            if self._quiet_ms >= self.silence_ms:
                self._speaking = False
                await self._end_turn(ms)

    async def _end_turn(self, ms: int) -> None:
        transcription = "conversation.item.input_audio_transcription"
        await self._emit({"type": "input_audio_buffer.speech_stopped", "item_id": "item_u", "audio_end_ms": ms})
        await self._emit({"type": "input_audio_buffer.committed", "item_id": "item_u"})
        await self._emit({"type": f"{transcription}.delta", "item_id": "item_u", "delta": self.heard[:7]})
        await self._emit({"type": f"{transcription}.completed", "item_id": "item_u", "transcript": self.heard})
        await self._answer()

    async def _answer(self) -> None:
        await self._emit({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}})
        for event in self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]:
            await self._emit({"response_id": "resp_1", **event})

    async def _emit(self, event: dict[str, Any]) -> None:
        if event["type"] not in self.mute:
            await self._socket.send(json.dumps({"event_id": "event_1", **event}))
        if event["type"] == self.close_after:
            await self._socket.close(1011, "out of memory")


@asynccontextmanager
async def listening(script: ScriptedServer, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    async with serve(script.handle, "127.0.0.1", 0, process_request=script.refuse, ssl=context) as socket:
        port = socket.sockets[0].getsockname()[1]
        script.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
        yield socket


def parse(*arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    return parser.parse_args(["talk", *map(str, arguments)])
