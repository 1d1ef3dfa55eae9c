"""One flow with a realtime client of Semantic Kernel: a kernel with a plugin, its functions called by themselves.

`semantic_kernel_realtime.py openai|azure ADDRESS FLOW` with the key in OPENAI_API_KEY. Prints as JSON every
event of the server as the client handed it to its user, and what the client made of them.
"""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from realtime_flows import (
    BYTES_PER_MS,
    HEARD_MS,
    LONG_REQUEST,
    PATIENCE_S,
    SILENCE_MS,
    TRANSCRIBED,
    WEATHER,
    pieces,
)
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import (
    AzureRealtimeExecutionSettings,
    AzureRealtimeWebsocket,
    InputAudioTranscription,
    ListenEvents,
    OpenAIRealtimeExecutionSettings,
    OpenAIRealtimeWebsocket,
    SendEvents,
    TurnDetection,
)
from semantic_kernel.connectors.ai.realtime_client_base import RealtimeClientBase
from semantic_kernel.contents import AudioContent, RealtimeAudioEvent, RealtimeEvent, RealtimeTextEvent, TextContent
from semantic_kernel.contents.realtime_events import RealtimeEvents, RealtimeFunctionResultEvent
from semantic_kernel.functions import kernel_function

Event = dict[str, Any]
MODEL = "gpt-realtime"


class WeatherPlugin:
    @kernel_function(name="get_weather", description="The current weather at a place.")
    def get_weather(self, location: str) -> str:
        return WEATHER


def openai_client(address: str, key: str) -> RealtimeClientBase:
    return OpenAIRealtimeWebsocket(
        ai_model_id=MODEL, client=AsyncOpenAI(api_key=key, base_url=f"{address}/v1"), settings=settings_of(False)
    )


def azure_client(address: str, key: str) -> RealtimeClientBase:
    return AzureRealtimeWebsocket(
        deployment_name=MODEL, endpoint=address, api_key=key, api_version="2025-08-28", settings=settings_of(True)
    )


def settings_of(azure: bool) -> OpenAIRealtimeExecutionSettings:
    settings = AzureRealtimeExecutionSettings if azure else OpenAIRealtimeExecutionSettings
    return settings(
        instructions="Answer briefly.",
        voice="ash",
        turn_detection=TurnDetection(type="server_vad", silence_duration_ms=SILENCE_MS),
        input_audio_transcription=InputAudioTranscription(model="whisper-1"),
        function_choice_behavior=FunctionChoiceBehavior.Auto(),
    )


CLIENTS = {"openai": openai_client, "azure": azure_client}


class Talk:
    """A conversation over an open connection."""

    def __init__(self, client: RealtimeClientBase) -> None:
        self.received: list[Event] = []
        self.results: list[str] = []
        self.text = ""
        self.played_bytes = 0
        self._client = client
        self._events: AsyncIterator[RealtimeEvents] = aiter(client.receive(self._play))

    async def _play(self, samples: np.ndarray) -> None:
        """What the client calls before all else when audio arrives."""
        self.played_bytes += samples.nbytes

    async def ask(self, text: str) -> None:
        """Type a question."""
        content = TextContent(text=text)
        await self._client.send(RealtimeTextEvent(service_type=SendEvents.CONVERSATION_ITEM_CREATE, text=content))
        await self._client.send(RealtimeEvent(service_type=SendEvents.RESPONSE_CREATE))

    async def say(self, name: str) -> None:
        """Speak a recorded question, faster than anyone could."""
        for piece in pieces(name):
            audio = AudioContent(data=base64.b64encode(piece).decode(), data_format="base64")
            await self._client.send(RealtimeAudioEvent(audio=audio))

    async def tell(self, kind: SendEvents, **fields: Any) -> None:
        """Send an event that has no content of its own."""
        await self._client.send(RealtimeEvent(service_type=kind, service_event=fields))

    async def event(self, kind: str, number: int = 1) -> Event:
        """The `number`th event of this type since the connection was opened; reads until it is there."""
        found = [event for event in self.received if event["type"] == kind]
        while len(found) < number:
            event = await self._receive(kind)
            if event is not None and event["type"] == kind:
                found.append(event)
        return found[number - 1]

    async def _receive(self, wanted: str) -> Event | None:
        """The server's event behind the next thing that the client tells; None when it is the client's own."""
        try:
            told = await asyncio.wait_for(anext(self._events), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"No {wanted} after {[event['type'] for event in self.received]}.") from None
        if isinstance(told, RealtimeFunctionResultEvent):
            self.results.append(told.function_result.result)
            return None
        if isinstance(told, RealtimeTextEvent):
            self.text += told.text.text
        event: Event = told.service_event.to_dict(mode="json")
        assert event["type"] != "error", event
        self.received.append(event)
        return event

    async def hear(self, ms: int) -> Event:
        """The audio delta that completes so much of the first answer."""
        number = 0
        while self.played_bytes < ms * BYTES_PER_MS:
            number += 1
            await self.event(ListenEvents.RESPONSE_AUDIO_DELTA.value, number)
        return await self.event(ListenEvents.RESPONSE_AUDIO_DELTA.value, number)


async def text_turn(talk: Talk) -> None:
    await talk.ask("What is twelve times seven?")
    await talk.event("response.done")


async def spoken_turn(talk: Talk) -> None:
    await talk.say("what_is_twelve_times_seven")
    await talk.event(TRANSCRIBED)
    await talk.event("response.done")


async def tool_round_trip(talk: Talk) -> None:
    """The kernel calls the function and asks for the answer by itself."""
    await talk.say("whats_the_weather_in_san_francisco")
    await talk.event(TRANSCRIBED)
    await talk.event("response.done", 2)


async def cancel(talk: Talk) -> None:
    """Stop an answer once it sounds, and go on."""
    await talk.ask(LONG_REQUEST)
    await talk.event(ListenEvents.RESPONSE_AUDIO_DELTA.value)
    await talk.tell(SendEvents.RESPONSE_CANCEL)
    await talk.event("response.done")
    await talk.ask("What is twelve times seven?")
    await talk.event("response.done", 2)


async def barge_in(talk: Talk) -> None:
    """Speak while the answer sounds, and say how much of it was heard."""
    await talk.ask(LONG_REQUEST)
    answer = await talk.hear(2 * HEARD_MS)
    await talk.say("what_is_twelve_times_seven")
    await talk.event("input_audio_buffer.speech_started")
    await talk.tell(SendEvents.CONVERSATION_ITEM_TRUNCATE, item_id=answer["item_id"], audio_end_ms=HEARD_MS)
    await talk.event("conversation.item.truncated")
    await talk.event("response.done", 2)


FLOWS: dict[str, Callable[[Talk], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, cancel, barge_in)
}


async def main(service: str, address: str, flow: str) -> None:
    kernel = Kernel()
    kernel.add_plugin(WeatherPlugin(), plugin_name="weather")
    client = CLIENTS[service](address, os.environ["OPENAI_API_KEY"])
    async with client(kernel=kernel):
        talk = Talk(client)
        await FLOWS[flow](talk)
    report = {"received": talk.received, "results": talk.results, "text": talk.text, "audio_bytes": talk.played_bytes}
    json.dump(report, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
