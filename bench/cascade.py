"""The whole cascade with true weights, recordings played at the pace of speech: python bench/cascade.py

Three deployments in turns, with 500 ms of silence asked: `plain` takes faster-whisper as it is, and begins to answer at
the end of the turn; `ears` has our own reading of Whisper; `drafts` begins its answers in pauses, too. Model and voice
are shared. The clock counts from the last loud sample of the recording to the first audio that arrives.

The ears are whisper-tiny.en, the voice is piper's joe (`voxwire models pull` fetches both). The model is Gemma 3 270M
where VOXWIRE_ACCEPT_GEMMA_TERMS=1 says that its terms are accepted, else an endpoint on loopback whose first token
takes as long.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from client import Client, ServerFull, append_frames, frame
from voxwire.testing.chat_server import DONE, chat_delta, chat_server, chunk, chunked_head

_ROOT = Path(__file__).parent.parent
_RECORDINGS = ("what_time_is_it", "whats_the_weather_in_san_francisco", "tell_me_a_story_about_a_dragon")
_SILENCE_MS = 500
_FRAME_MS = 20
#: A sample of .02: louder is sound.
_LOUD = 655
#: Pauses of somebody who thinks, none of them the end: milliseconds.
_PAUSES = (250, 400, 300)
_FIRST_TOKEN_S = 0.11
_ANSWER = ("Sure, I can tell you that.", " It is a quarter past three.")
_INSTRUCTIONS = "You answer the telephone of a small hotel. Breakfast is from seven to ten."
_GEMMA = {
    "name": "llama",
    "model": "gemma-3-270m",
    "chat_template": str(_ROOT / "tests" / "true_weights" / "gemma.jinja"),
    "context_tokens": 2_048,
    "threads": 2,
    "stop": ["\n"],
    "max_tokens": 40,
    "tools": False,
}


class Turn(NamedTuple):
    """`first_ms` from the last loud sample to the first audio, None where the model had nothing to say; the rest as
    `voxwire.turn_timings` has it."""

    first_ms: float | None
    wasted: int
    saved_ms: int | None


def speech(name: str) -> bytes:
    """A recording without the silence around it."""
    with wave.open(str(_ROOT / "tests" / "fixtures" / f"{name}_24k.wav")) as file:
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    loud = [index for index, sample in enumerate(samples) if abs(sample) > _LOUD]
    return samples[loud[0] : loud[-1] + 1].tobytes()


def hesitating() -> bytes:
    """One turn of four recordings with pauses between."""
    parts = [speech(name) for name in (*_RECORDINGS, _RECORDINGS[0])]
    pauses = [bytes(48 * ms) for ms in _PAUSES]
    return b"".join(part + pause for part, pause in zip(parts, [*pauses, b""], strict=True))


async def connected(port: int, deployment: str) -> Client:
    """A session, as soon as the server has room for one."""
    while True:
        try:
            return await Client.connect(port, f"/openai/v1/realtime?model={deployment}")
        except ServerFull:
            await asyncio.sleep(1)


async def play(port: int, deployment: str, pcm: bytes) -> Turn:
    """Say this and wait for the answer."""
    client = await connected(port, deployment)
    arrived: dict[str, float] = {}
    events: dict[str, Any] = {}
    done = asyncio.Event()

    def take(payload: bytes, at: float) -> None:
        event = msgspec.json.decode(payload)
        if arrived.setdefault(event["type"], at) == at:
            events[event["type"]] = event
        if event["type"] in ("voxwire.turn_timings", "error"):
            done.set()

    client.on_event = take
    detection = {"type": "server_vad", "silence_duration_ms": _SILENCE_MS}
    session = {
        "type": "realtime",
        "instructions": _INSTRUCTIONS,
        "include": ["voxwire.turn_timings"],
        "audio": {"input": {"turn_detection": detection}},
    }
    client.send(frame({"type": "session.update", "session": session}))
    await asyncio.sleep(1.0)  # the instructions are read ahead meanwhile, as for anybody who has just called
    started = time.perf_counter()
    try:
        frames = append_frames(pcm + bytes(48 * 3_000), _FRAME_MS)
        for index, data in enumerate(frames):
            await asyncio.sleep(max(0.0, started + (index + 1) * _FRAME_MS / 1000 - time.perf_counter()))
            client.send(data)
            if "response.output_audio.delta" in arrived:
                break
        async with asyncio.timeout(60):
            await done.wait()
    finally:
        client.close()
    if "error" in events:
        raise SystemExit(f"The server refused: {events['error']}")
    timings = events["voxwire.turn_timings"]
    at = arrived.get("response.output_audio.delta")
    first_ms = None if at is None else (at - started) * 1000 - len(pcm) / 48
    return Turn(first_ms, timings["drafts_wasted"], timings["draft_saved_ms"])


def median(turns: list[Turn]) -> float:
    return statistics.median(turn.first_ms for turn in turns if turn.first_ms is not None)


@asynccontextmanager
async def serving(settings: dict[str, Any]) -> AsyncIterator[int]:
    """A server with these deployments; its port, once it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(_toml(settings))
        file.flush()
        command = [sys.executable, str(Path(__file__).parent / "plain_server.py"), file.name, str(port)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        try:
            await _listens(process, port)
            yield port
        finally:
            process.terminate()
            await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(180):
        while True:
            if process.returncode is not None:
                raise SystemExit("The server did not start.")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.2)
            else:
                writer.close()
                return


def _toml(tables: dict[str, Any]) -> str:
    """Inline tables throughout: JSON strings, numbers and lists are TOML too."""

    def value(given: Any) -> str:
        if isinstance(given, dict):
            return "{ " + ", ".join(f"{key} = {value(one)}" for key, one in given.items()) + " }"
        return json.dumps(given)

    return "".join(f"{key} = {value(given)}\n" for key, given in tables.items())


@asynccontextmanager
async def language_engine() -> AsyncIterator[dict[str, Any]]:
    if os.environ.get("VOXWIRE_ACCEPT_GEMMA_TERMS") == "1":
        yield _GEMMA
        return
    words = [chunk(chat_delta(content=text)) for text in _ANSWER]
    steps = [chunked_head(), _FIRST_TOKEN_S, *words, chunk(chat_delta("stop")), chunk(DONE), b"0\r\n\r\n"]
    async with chat_server(lambda _: steps) as server:
        yield {"base_url": server.url, "model": "scripted"}


async def measure(stt: dict[str, Any], rounds: int) -> dict[str, Any]:
    turns: dict[str, list[Turn]] = {"plain": [], "ears": [], "drafts": []}
    pauses: list[Turn] = []
    async with language_engine() as llm:
        common = {"llm": llm, "tts": {"name": "piper", "model": "piper-en-us-joe-medium", "threads": 2}}
        tables = {
            "plain": {**common, "stt": "faster-whisper", "max_drafts_per_turn": 0},
            "ears": {**common, "stt": stt, "max_drafts_per_turn": 0},
            "drafts": {**common, "stt": stt, "max_drafts_per_turn": 2},
        }
        async with serving({"logging": {"level": "error"}, "deployments": tables}) as port:
            for name in turns:  # what is slow once
                await play(port, name, speech(_RECORDINGS[0]))
            for number in range(rounds):
                for recording in _RECORDINGS:
                    for name in turns:
                        turn = await play(port, name, speech(recording))
                        turns[name].append(turn)
                        print(f"  {number} {recording}, {name}: {turn.first_ms or 0:.0f} ms", file=sys.stderr)
                pauses.append(await play(port, "drafts", hesitating()))
    return {
        "plain_ms": median(turns["plain"]),
        "ears_ms": median(turns["ears"]),
        "drafts_ms": median(turns["drafts"]),
        "better_ms": median(turns["plain"]) - median(turns["drafts"]),
        "said_to_be_saved_ms": statistics.median(turn.saved_ms or 0 for turn in turns["drafts"]),
        "wasted_a_turn": statistics.mean(turn.wasted for turn in turns["drafts"]),
        "wasted_a_hesitating_turn": statistics.mean(turn.wasted for turn in pauses),
        "hesitating_ms": median(pauses),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=5, help="of all recordings, plain and begun in pauses (default 5)"
    )
    parser.add_argument("--stt", default='{"name": "whisper", "model": "whisper-tiny.en"}', help="the ears, as JSON")
    options = parser.parse_args()
    result = asyncio.run(measure(json.loads(options.stt), options.rounds))
    for name, figure in result.items():
        print(f"{name}: {figure:.2f}")


if __name__ == "__main__":
    main()
