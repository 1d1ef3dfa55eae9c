"""What a user's program does with the openai library, whatever its generation and helper.

A flow drives one open connection (asynchronous, of `.realtime` or `.beta.realtime`) as the documents
of the service teach it, and keeps every event it received, in order, as plain dictionaries. Flows
check nothing: that is left to the tests, which may run in another environment.
"""

import asyncio
import base64
import wave
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: 24 kHz mono PCM16.
BYTES_PER_MS = 48
PIECE_MS = 100
#: More silence than ends a turn.
SILENCE_MS = 500
TAIL_MS = 900

#: A server that says nothing for so long has nothing to say.
PATIENCE_S = 20

AUDIO = "response.output_audio.delta"
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"

WEATHER_TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "The current weather at a place.",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "City, and state or country"}},
        "required": ["location"],
    },
}
WEATHER = '{"sky": "clear", "temperature_celsius": 18}'

#: More than a minute of speech, so that there is something to interrupt.
LONG_REQUEST = "Count from one to one hundred."
#: How much of the interrupted answer the user heard.
HEARD_MS = 400


def speech(name: str) -> bytes:
    """A recorded question and enough silence to end its turn."""
    with wave.open(str(FIXTURES / f"{name}_24k.wav")) as clip:
        return clip.readframes(clip.getnframes()) + bytes(TAIL_MS * BYTES_PER_MS)


def pieces(name: str) -> Iterator[bytes]:
    """The same in pieces of `PIECE_MS`."""
    pcm = speech(name)
    for at in range(0, len(pcm), PIECE_MS * BYTES_PER_MS):
        yield pcm[at : at + PIECE_MS * BYTES_PER_MS]


class Talk:
    """A conversation over an open connection; `ga` says in which shapes to speak."""

    def __init__(self, connection: Any, ga: bool) -> None:
        self.events: list[Event] = []
        self._connection = connection
        self._ga = ga

    def _name(self, ga_name: str) -> str:
        return ga_name if self._ga else ga_name.replace("response.output_", "response.")

    async def configure(self, tools: tuple[Event, ...] = ()) -> None:
        turns = {"type": "server_vad", "silence_duration_ms": SILENCE_MS}
        transcription = {"model": "whisper-1"}
        session: Event = {"instructions": "Answer briefly.", "tools": list(tools)}
        if self._ga:
            session["type"] = "realtime"
            session["audio"] = {"input": {"turn_detection": turns, "transcription": transcription}}
        else:
            session |= {"turn_detection": turns, "input_audio_transcription": transcription}
        await self._connection.session.update(session=session)
        await self.event("session.updated")

    async def ask(self, text: str) -> None:
        """Type a question."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
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
        await self.event("conversation.item.truncated")
        if hasattr(item, "retrieve"):  # generation 1 and the API of its time cannot ask
            await item.retrieve(item_id=item_id)
            await self.event("conversation.item.retrieved")

    async def answer_call(self, call: Event, output: str) -> None:
        """Hand in the result of a function call and ask for the answer."""
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        await self._connection.conversation.item.create(item=item)
        await self._connection.response.create()

    async def event(self, ga_type: str, number: int = 1) -> Event:
        """The `number`th event of this type since the connection was opened; reads until it is there."""
        wanted = self._name(ga_type)
        found = [event for event in self.events if event["type"] == wanted]
        while len(found) < number:
            event = await self._receive(wanted)
            if event["type"] == wanted:
                found.append(event)
        return found[number - 1]

    async def _receive(self, wanted: str) -> Event:
        try:
            received = await asyncio.wait_for(self._connection.recv(), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"No {wanted} after {[event['type'] for event in self.events]}.") from None
        event: Event = received.to_dict(mode="json")
        self.events.append(event)
        assert "error" not in event, event["error"]
        assert event.get("response", {}).get("status") != "failed", event["response"]
        return event

    async def hear(self, ms: int) -> Event:
        """The audio delta that completes so much of the first answer."""
        missing = ms * BYTES_PER_MS
        number = 0
        while True:
            number += 1
            event = await self.event(AUDIO, number)
            missing -= len(base64.b64decode(event["delta"]))
            if missing <= 0:
                return event


async def text_turn(talk: Talk) -> None:
    """A typed question, a spoken answer."""
    await talk.configure()
    await talk.ask("What is twelve times seven?")
    await talk.event("response.done")


async def spoken_turn(talk: Talk) -> None:
    """A spoken question; the server finds its end."""
    await talk.configure()
    await talk.say("what_is_twelve_times_seven")
    await talk.event(TRANSCRIBED)
    await talk.event("response.done")


async def tool_round_trip(talk: Talk) -> None:
    """A spoken question that only a tool can answer."""
    await talk.configure(tools=(WEATHER_TOOL,))
    await talk.say("whats_the_weather_in_san_francisco")
    done = await talk.event("response.done")
    for call in done["response"]["output"]:
        if call["type"] == "function_call":
            await talk.answer_call(call, WEATHER)
            await talk.event("response.done", 2)


async def cancel(talk: Talk) -> None:
    """Stop an answer once it sounds, and go on."""
    await talk.configure()
    await talk.ask(LONG_REQUEST)
    await talk.event(AUDIO)
    await talk.cancel()
    await talk.event("response.done")
    await talk.ask("What is twelve times seven?")
    await talk.event("response.done", 2)


async def barge_in(talk: Talk) -> None:
    """Speak while the answer sounds: stop playing it and say how much was heard."""
    await talk.configure()
    await talk.ask(LONG_REQUEST)
    answer = await talk.hear(2 * HEARD_MS)
    await talk.say("what_is_twelve_times_seven")
    await talk.event("input_audio_buffer.speech_started")
    await talk.truncate(answer["item_id"], HEARD_MS)
    await talk.event("response.done", 2)


FLOWS: dict[str, Callable[[Talk], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, cancel, barge_in)
}
