"""`voxwire talk` against a server that never stops: given up with one line, the file whole and no longer than asked."""

import asyncio
import base64
import json
import signal
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]

SECOND = {
    "type": "response.output_audio.delta",
    "item_id": "item_1",
    "delta": base64.b64encode(bytes(48_000)).decode(),
}


def created() -> Event:
    return {"type": "response.created", "response": {"id": "resp_1"}}


@asynccontextmanager
async def endless(events: Iterator[Event], pause: float = 0) -> AsyncIterator[str]:
    """A server that answers with these events as fast as they are taken, or with pauses; yields its address."""

    async def handle(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "session.created", "session": {"model": "endless"}}))
            async for message in socket:
                match json.loads(message)["type"]:
                    case "session.update":
                        await socket.send(json.dumps({"type": "session.updated"}))
                    case "response.create":
                        await socket.send(json.dumps(created()))
                        for event in events:
                            await socket.send(json.dumps(event))
                            await asyncio.sleep(pause)

    async with serve(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def talk(url: str, *arguments: object) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "voxwire", "talk", "--text", "hi", "--url", url, *map(str, arguments)]
    return await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )


async def complaint(process: asyncio.subprocess.Process) -> str:
    _, said = await process.communicate()
    assert process.returncode == 1
    return said.decode()


async def test_sound_without_end(tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    async with endless(repeat(SECOND)) as url:
        said = await complaint(await talk(url, "-o", answer, "--max-answer", 3))
    assert said == "voxwire talk: The server answered more than 3 s of sound; --max-answer allows more.\n"
    with wave.open(str(answer)) as file:
        assert file.getnframes() == 3 * 24_000
    assert answer.stat().st_size == 44 + 3 * 48_000


@pytest.mark.parametrize(
    "events",
    [
        ({"type": "input_audio_buffer.speech_stopped", "item_id": f"item_{n}" * 1000} for n in count()),
        ({"type": "rate_limits.updated", "padding": "x" * 100_000} for _ in count()),
    ],
    ids=["turns", "anything"],
)
async def test_anything_else_without_end(events: Iterator[Event]) -> None:
    async with endless(events) as url:
        said = await complaint(await talk(url, "--max-answer", 1))
    assert said == "voxwire talk: The server sent far more than the answer can be; --max-answer allows more.\n"


async def test_drops_without_end() -> None:
    """Something comes all the time, so patience alone never ends."""
    async with endless(repeat({"type": "rate_limits.updated"}), pause=0.05) as url:
        said = await complaint(await talk(url, "--max-answer", 1))
    assert said == "voxwire talk: The answer took longer than 1 s; --max-answer allows more.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
async def test_the_file_is_whole_when_told_to_end(tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    enough = asyncio.Event()

    def seconds() -> Iterator[Event]:
        yield from repeat(SECOND, 20)
        enough.set()
        yield from repeat(SECOND)

    async with endless(seconds(), pause=0.02) as url:
        process = await talk(url, "-o", answer)
        await enough.wait()
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert (said, process.returncode) == (b"", 143)
    with wave.open(str(answer)) as file:
        assert file.getnframes() * 2 == answer.stat().st_size - 44


@pytest.mark.parametrize("seconds", ["0", "86401", "x"])
async def test_limits_that_are_none(seconds: str) -> None:
    process = await talk("http://127.0.0.1:9", "--max-answer", seconds)
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"from 1 to 86400" in said
