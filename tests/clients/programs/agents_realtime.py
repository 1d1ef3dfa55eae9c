"""One flow with the Agents SDK: an agent with a tool in a `RealtimeRunner`.

`agents_realtime.py ADDRESS FLOW` with the key in OPENAI_API_KEY. Prints as JSON what the SDK told its
user (`audio_bytes` is how much sound), and the server's events as the SDK received them.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from agents import function_tool, set_tracing_disabled
from agents.realtime import (
    RealtimeAgent,
    RealtimeModelConfig,
    RealtimeRunner,
    RealtimeSession,
    RealtimeTurnDetectionConfig,
)
from realtime_flows import LONG_REQUEST, PATIENCE_S, SILENCE_MS, WEATHER, pieces


@function_tool
def get_weather(location: str) -> str:
    """The current weather at a place.

    Args:
        location: City, and state or country.
    """
    return WEATHER


class Listener:
    """Reads a session and remembers what happened."""

    def __init__(self, session: RealtimeSession) -> None:
        self.told: list[str] = []
        self.audio_bytes = 0
        self.received: list[dict[str, Any]] = []
        self._session = aiter(session)

    async def until(self, kind: str, number: int = 1) -> None:
        """Read until the SDK has told of this so many times."""
        while self.told.count(kind) < number:
            try:
                event = await asyncio.wait_for(anext(self._session), PATIENCE_S)
            except TimeoutError:
                raise AssertionError(f"No {kind} after {self.told}.") from None
            self._take(event)

    def _take(self, event: Any) -> None:
        if event.type == "error":
            raise AssertionError(event.error)
        if event.type == "raw_model_event":
            if event.data.type == "raw_server_event":
                self.received.append(event.data.data)
            return
        self.told.append(event.type)
        if event.type == "audio":
            self.audio_bytes += len(event.audio.data)


async def say(session: RealtimeSession, name: str) -> None:
    for piece in pieces(name):
        await session.send_audio(piece)


async def text_turn(session: RealtimeSession, listener: Listener) -> None:
    await session.send_message("What is twelve times seven?")
    await listener.until("agent_end")


async def spoken_turn(session: RealtimeSession, listener: Listener) -> None:
    await say(session, "what_is_twelve_times_seven")
    await listener.until("agent_end")


async def tool_round_trip(session: RealtimeSession, listener: Listener) -> None:
    """Spoken; the SDK runs the function and asks for the answer by itself."""
    await say(session, "whats_the_weather_in_san_francisco")
    await listener.until("agent_end", 2)


async def barge_in(session: RealtimeSession, listener: Listener) -> None:
    """The SDK truncates by itself what it takes for unheard."""
    await session.send_message(LONG_REQUEST)
    await listener.until("audio", 8)
    await say(session, "what_is_twelve_times_seven")
    await listener.until("audio_interrupted")
    await listener.until("agent_end", 2)


FLOWS: dict[str, Callable[[RealtimeSession, Listener], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, barge_in)
}

#: Elsewhere turns end as the SDK has it by default, by `semantic_vad`.
SERVER_VAD: RealtimeTurnDetectionConfig = {
    "type": "server_vad",
    "silence_duration_ms": SILENCE_MS,
    "interrupt_response": True,
}


async def main(address: str, flow: str) -> None:
    set_tracing_disabled(True)
    agent = RealtimeAgent(name="Assistant", instructions="Answer briefly.", tools=[get_weather])
    url = address.replace("http", "ws", 1) + "/v1/realtime?model=gpt-realtime"
    model: RealtimeModelConfig = {"url": url, "api_key": os.environ["OPENAI_API_KEY"]}
    if flow == "spoken_turn":
        model["initial_model_settings"] = {"turn_detection": SERVER_VAD}
    session = await RealtimeRunner(agent).run(model_config=model)
    async with session:
        listener = Listener(session)
        await FLOWS[flow](session, listener)
    report = {"told": listener.told, "audio_bytes": listener.audio_bytes, "received": listener.received}
    json.dump(report, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
