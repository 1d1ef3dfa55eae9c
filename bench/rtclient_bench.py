"""What the Python client costs: per audio message, and until the first event.

    .venv/bin/python bench/rtclient_bench.py [--connections 100]

Per message, without a network: a frame of 4,800 bytes of audio (100 ms) is encoded as an append and decoded as a delta,
by the client's own path and by a pydantic TypeAdapter over the union of the same models, told apart by their `type`.
Both take turns in one run, so that the machine's moods fall on both; the ratio is of medians.

Until the first event, over loopback: RTClient against aiohttp's bare WebSocket, both from nothing to the parsed
`session.created`, in turns, against a server in a process of its own that answers at once.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Annotated, Any, get_args

import aiohttp
from aiohttp import web
from azure.core.credentials import AzureKeyCredential
from pydantic import Field, TypeAdapter
from rtclient import InputAudioBufferAppendMessage, RTClient, ServerMessageType, UnknownMessage, UserMessageType
from rtclient.dialects import PreviewCodec
from rtclient.dialects.ga import GaCodec

_AUDIO = base64.b64encode(os.urandom(4800)).decode("ascii")
_DELTA = {
    "type": "response.audio.delta",
    "event_id": "event_0123456789abcdef",
    "response_id": "resp_0123456789abcdef",
    "item_id": "item_0123456789abcdef",
    "output_index": 0,
    "content_index": 0,
    "delta": _AUDIO,
}
_SESSION = {
    "id": "sess_0123456789abcdef",
    "model": "gpt-4o-realtime-preview",
    "modalities": ["text", "audio"],
    "instructions": "",
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": None,
    "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200},
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": None,
}
_CREATED = json.dumps({"type": "session.created", "event_id": "event_0", "session": _SESSION})

_ROUNDS, _CALLS = 60, 200


def _seconds(call: Callable[[], object]) -> float:
    """Per call."""
    start = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return (time.perf_counter() - start) / _CALLS


def per_message() -> dict[str, float]:
    """Microseconds, medians of rounds in turns."""
    known = [model for model in get_args(get_args(ServerMessageType)[0]) if model is not UnknownMessage]
    union: Any = known[0]
    for model in known[1:]:
        union |= model
    incoming: TypeAdapter[Any] = TypeAdapter(Annotated[union, Field(discriminator="type")])
    outgoing: TypeAdapter[Any] = TypeAdapter(UserMessageType)
    preview, ga = PreviewCodec(), GaCodec()
    frame = json.dumps(_DELTA, separators=(",", ":"))
    ga_frame = frame.replace("response.audio.delta", "response.output_audio.delta")
    calls: dict[str, Callable[[], object]] = {
        "encode, union": lambda: outgoing.dump_json(InputAudioBufferAppendMessage(audio=_AUDIO), exclude_unset=True),
        "encode, rtclient": lambda: preview.encode(InputAudioBufferAppendMessage(audio=_AUDIO)),
        "encode, rtclient ga": lambda: ga.encode(InputAudioBufferAppendMessage(audio=_AUDIO)),
        "decode, union": lambda: incoming.validate_json(frame),
        "decode, rtclient": lambda: preview.decode(frame),
        "decode, rtclient ga": lambda: ga.decode(ga_frame),
    }
    assert preview.decode(frame) == incoming.validate_json(frame) == ga.decode(ga_frame)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            times[name].append(_seconds(call))
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


async def _serve(pipe: Connection) -> None:
    async def endpoint(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(_CREATED)
        async for _ in ws:
            pass
        return ws

    app = web.Application()
    app.router.add_get("/openai/realtime", endpoint)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipe.send(runner.addresses[0][1])
    await asyncio.to_thread(pipe.recv)
    await runner.cleanup()


def _server(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


async def _bare(url: str) -> float:
    start = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        address = f"{url}/openai/realtime?deployment=d&api-version=2024-10-01-preview"
        async with session.ws_connect(address, headers={"api-key": "k"}) as ws:
            json.loads(await ws.receive_str())
            return time.perf_counter() - start


async def _ours(url: str) -> float:
    start = time.perf_counter()
    async with RTClient(url, key_credential=AzureKeyCredential("k"), azure_deployment="d"):
        return time.perf_counter() - start


async def until_first_event(url: str, connections: int) -> dict[str, float]:
    """Milliseconds, medians of connections in turns."""
    times: dict[str, list[float]] = {"aiohttp": [], "RTClient": []}
    turns = [("aiohttp", _bare), ("RTClient", _ours)]
    for _ in range(connections):
        for name, connect in turns:
            times[name].append(await connect(url))
        turns.reverse()  # whoever comes second meets a server that still closes the connection before
    return {name: statistics.median(values[5:]) * 1e3 for name, values in times.items()}


def main() -> int:
    """Print the figures; exit with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="What the Python client costs.")
    parser.add_argument("--connections", type=int, default=100)
    connections = max(10, parser.parse_args().connections)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    message = per_message()
    for name, microseconds in message.items():
        print(f"{name:22} {microseconds:8.2f} µs")
    floor = message["encode, union"] + message["decode, union"]
    ratio = (message["encode, rtclient"] + message["decode, rtclient"]) / floor
    ga_ratio = (message["encode, rtclient ga"] + message["decode, rtclient ga"]) / floor
    print(f"ratio to the union: preview {ratio:.2f}, GA {ga_ratio:.2f} (goal 1.00)\n")

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_server, args=(theirs,))
    server.start()
    start = asyncio.run(until_first_event(f"http://127.0.0.1:{ours.recv()}", connections))
    ours.send(None)
    server.join()
    for name, milliseconds in start.items():
        print(f"{name:22} {milliseconds:8.2f} ms to the first event")
    start_ratio = start["RTClient"] / start["aiohttp"]
    print(f"ratio to aiohttp: {start_ratio:.2f} (goal 1.20)")
    return 0 if ratio <= 1 and ga_ratio <= 1 and start_ratio <= 1.2 else 1


if __name__ == "__main__":
    sys.exit(main())
