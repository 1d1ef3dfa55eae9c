"""One flow with Azure's client of Voice Live, its session set up as the client's samples do it.

`voicelive_realtime.py ADDRESS FLOW` with the key in OPENAI_API_KEY, or with whatever `DefaultAzureCredential`
finds. Prints as JSON every event as the client gave it to its user, and what the user made of the typed ones.
"""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from azure.ai.voicelive.aio import VoiceLiveConnection, connect
from azure.ai.voicelive.models import (
    AudioEchoCancellation,
    AudioInputTranscriptionOptions,
    AudioNoiseReduction,
    AzureSemanticDetection,
    AzureSemanticVad,
    AzureStandardVoice,
    FunctionCallOutputItem,
    FunctionTool,
    InputAudioFormat,
    InputTextContentPart,
    Modality,
    OutputAudioFormat,
    RequestSession,
    ServerEvent,
    ServerEventType,
    ServerVad,
    Tool,
    TurnDetection,
    UserMessageItem,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential
from realtime_flows import (
    BYTES_PER_MS,
    HEARD_MS,
    LONG_REQUEST,
    PATIENCE_S,
    SILENCE_MS,
    WEATHER,
    WEATHER_TOOL,
    pieces,
)

#: Both ways in which Voice Live finds the end of a turn.
PLAIN = ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=SILENCE_MS)
SEMANTIC = AzureSemanticVad(
    threshold=0.5,
    prefix_padding_ms=300,
    silence_duration_ms=SILENCE_MS,
    remove_filler_words=False,
    end_of_utterance_detection=AzureSemanticDetection(threshold_level="default", timeout_ms=1000),
)
GET_WEATHER = FunctionTool(**{name: value for name, value in WEATHER_TOOL.items() if name != "type"})


class Talk:
    """A conversation over an open connection."""

    def __init__(self, connection: VoiceLiveConnection) -> None:
        self.events: list[ServerEvent] = []
        self._connection = connection

    @property
    def audio_bytes(self) -> int:
        """How much audio the client decoded."""
        return sum(len(event.delta) for event in self.events if event.type == ServerEventType.RESPONSE_AUDIO_DELTA)

    async def configure(self, turns: TurnDetection, tools: tuple[Tool, ...] = ()) -> None:
        session = RequestSession(
            modalities=[Modality.TEXT, Modality.AUDIO],
            instructions="Answer briefly.",
            voice=AzureStandardVoice(name="en-US-Ava:DragonHDLatestNeural", temperature=0.8),
            input_audio_format=InputAudioFormat.PCM16,
            output_audio_format=OutputAudioFormat.PCM16,
            input_audio_sampling_rate=24_000,
            input_audio_echo_cancellation=AudioEchoCancellation(),
            input_audio_noise_reduction=AudioNoiseReduction(type="azure_deep_noise_suppression"),
            input_audio_transcription=AudioInputTranscriptionOptions(
                model="azure-speech", language="en-US", phrase_list=["twelve times seven"]
            ),
            turn_detection=turns,
            tools=list(tools),
            tool_choice="auto",
            temperature=0.5,
        )
        await self._connection.session.update(session=session)
        await self.event(ServerEventType.SESSION_UPDATED)

    async def ask(self, text: str) -> None:
        """Type a question."""
        item = UserMessageItem(content=[InputTextContentPart(text=text)])
        await self._connection.conversation.item.create(item=item)
        await self._connection.response.create()

    async def say(self, name: str) -> None:
        """Speak a recorded question, faster than anyone could."""
        for piece in pieces(name):
            await self._connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())

    async def cancel(self) -> None:
        await self._connection.response.cancel()

    async def truncate(self, item_id: str, heard_ms: int) -> None:
        """Tell how much of an answer was heard, and ask what is left of it."""
        item = self._connection.conversation.item
        await item.truncate(item_id=item_id, content_index=0, audio_end_ms=heard_ms)
        await self.event(ServerEventType.CONVERSATION_ITEM_TRUNCATED)
        await item.retrieve(item_id=item_id)
        await self.event(ServerEventType.CONVERSATION_ITEM_RETRIEVED)

    async def answer_call(self, call_id: str, output: str) -> None:
        """Hand in the result of a function call and ask for the answer."""
        item = FunctionCallOutputItem(call_id=call_id, output=output)
        await self._connection.conversation.item.create(item=item)
        await self._connection.response.create()

    async def event(self, kind: ServerEventType, number: int = 1) -> ServerEvent:
        """The `number`th event of this type since the connection was opened; reads until it is there."""
        found = [event for event in self.events if event.type == kind]
        while len(found) < number:
            event = await self._receive(kind)
            if event.type == kind:
                found.append(event)
        return found[number - 1]

    async def _receive(self, wanted: ServerEventType) -> ServerEvent:
        try:
            event = await asyncio.wait_for(self._connection.recv(), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"No {wanted} after {[str(event.type) for event in self.events]}.") from None
        self.events.append(event)
        assert event.type != ServerEventType.ERROR, event
        return event

    async def hear(self, ms: int) -> ServerEvent:
        """The audio delta that completes so much of the first answer."""
        missing = ms * BYTES_PER_MS
        number = 0
        while True:
            number += 1
            event = await self.event(ServerEventType.RESPONSE_AUDIO_DELTA, number)
            missing -= len(event.delta)
            if missing <= 0:
                return event


async def text_turn(talk: Talk) -> None:
    await talk.configure(PLAIN)
    await talk.ask("What is twelve times seven?")
    await talk.event(ServerEventType.RESPONSE_DONE)


async def spoken_turn(talk: Talk) -> None:
    """The end of the turn as a Voice Live session has it detected."""
    await talk.configure(SEMANTIC)
    await talk.say("what_is_twelve_times_seven")
    await talk.event(ServerEventType.CONVERSATION_ITEM_INPUT_AUDIO_TRANSCRIPTION_COMPLETED)
    await talk.event(ServerEventType.RESPONSE_DONE)


async def tool_round_trip(talk: Talk) -> None:
    await talk.configure(PLAIN, (GET_WEATHER,))
    await talk.say("whats_the_weather_in_san_francisco")
    call = await talk.event(ServerEventType.RESPONSE_FUNCTION_CALL_ARGUMENTS_DONE)
    await talk.event(ServerEventType.RESPONSE_DONE)
    await talk.answer_call(call.call_id, WEATHER)
    await talk.event(ServerEventType.RESPONSE_DONE, 2)


async def cancel(talk: Talk) -> None:
    """Stop an answer once it sounds, and go on."""
    await talk.configure(PLAIN)
    await talk.ask(LONG_REQUEST)
    await talk.event(ServerEventType.RESPONSE_AUDIO_DELTA)
    await talk.cancel()
    await talk.event(ServerEventType.RESPONSE_DONE)
    await talk.ask("What is twelve times seven?")
    await talk.event(ServerEventType.RESPONSE_DONE, 2)


async def barge_in(talk: Talk) -> None:
    """Speak while the answer sounds: stop playing it and say how much was heard."""
    await talk.configure(SEMANTIC)
    await talk.ask(LONG_REQUEST)
    answer = await talk.hear(2 * HEARD_MS)
    await talk.say("what_is_twelve_times_seven")
    await talk.event(ServerEventType.INPUT_AUDIO_BUFFER_SPEECH_STARTED)
    await talk.truncate(answer.item_id, HEARD_MS)
    await talk.event(ServerEventType.RESPONSE_DONE, 2)


FLOWS: dict[str, Callable[[Talk], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, cancel, barge_in)
}


async def run(address: str, flow: str, credential: AzureKeyCredential | AsyncTokenCredential) -> Talk:
    async with connect(endpoint=address, credential=credential, model="gpt-realtime") as connection:
        talk = Talk(connection)
        await FLOWS[flow](talk)
    return talk


async def main(address: str, flow: str) -> None:
    if key := os.environ.get("OPENAI_API_KEY"):
        talk = await run(address, flow, AzureKeyCredential(key))
    else:
        async with DefaultAzureCredential() as credential:
            talk = await run(address, flow, credential)
    known = [type(event).__name__ for event in talk.events]
    report: dict[str, Any] = {"received": [event.as_dict() for event in talk.events], "classes": known}
    json.dump(report | {"audio_bytes": talk.audio_bytes}, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
