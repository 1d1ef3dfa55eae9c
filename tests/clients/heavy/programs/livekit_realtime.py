"""One flow with a livekit agent: an `AgentSession` between a microphone and a loudspeaker, without a room.

`livekit_realtime.py openai|azure|azure-preview ADDRESS FLOW` with the key in OPENAI_API_KEY. Prints as
JSON what the agent told its user, and the server's events as the plugin understood them: it gives
those of the preview their GA names.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins.openai.realtime import RealtimeModel, RealtimeSession
from news import News
from openai.types.realtime import AudioTranscription
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad
from realtime_flows import BYTES_PER_MS, HEARD_MS, LONG_REQUEST, PATIENCE_S, WEATHER
from sound_devices import FRAME_MS, RATE, Microphone, Playing


class Ears(AudioInput):
    def __init__(self) -> None:
        super().__init__(label="microphone")
        self.microphone = Microphone()

    async def __anext__(self) -> rtc.AudioFrame:
        samples = RATE * FRAME_MS // 1000
        return rtc.AudioFrame(await self.microphone.frame(), RATE, num_channels=1, samples_per_channel=samples)


class Mouth(AudioOutput):
    """Plays a segment, whose end the session awaits before it starts the next; `played` counts the bytes of all."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=AudioOutputCapabilities(pause=False))
        self.played = 0
        self.news = News()
        self._frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._segment: asyncio.Task[None] | None = None
        self._position = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._frames.put_nowait(frame)
        if self._segment is None:
            self._position = 0.0
            self._segment = asyncio.create_task(self._play())

    def flush(self) -> None:
        super().flush()
        if self._segment is not None:
            self._frames.put_nowait(None)

    def clear_buffer(self) -> None:
        if self._segment is not None:
            self._segment.cancel()
            self._frames = asyncio.Queue()
            self._finish(interrupted=True)

    async def _play(self) -> None:
        playing = Playing()
        self.on_playback_started(created_at=time.time())
        while (frame := await self._frames.get()) is not None:
            await playing.play(bytes(frame.data))
            self._position += frame.duration
            self.played += len(frame.data) * 2
            self.news.spread()
        self._finish(interrupted=False)

    def _finish(self, *, interrupted: bool) -> None:
        self._segment = None
        self.on_playback_finished(playback_position=self._position, interrupted=interrupted)


class ObservedModel(RealtimeModel):
    """The plugin's model, whose session we hear from its first event on."""

    def session(self, *, turn_detection_disabled: bool = False) -> RealtimeSession:
        session = super().session(turn_detection_disabled=turn_detection_disabled)
        self.received: list[dict[str, Any]] = []
        self.news = News()
        session.on("openai_server_event_received", self._receive)
        return session

    def _receive(self, event: dict[str, Any]) -> None:
        self.received.append(event)
        self.news.spread()


class Assistant(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Answer briefly.")
        self.called: list[str] = []

    @function_tool
    async def get_weather(self, location: str) -> str:
        """The current weather at a place.

        Args:
            location: City, and state or country.
        """
        self.called.append(location)
        return WEATHER


class Complaints(logging.Handler):
    """What the libraries warn of, but for the one thing that they always say about dated API versions."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.problems: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "`api_version` parameter" not in record.getMessage():
            self.problems.append(self.format(record))


class Talk:
    def __init__(self, model: ObservedModel) -> None:
        self.ears = Ears()
        self.mouth = Mouth()
        self.assistant = Assistant()
        self.session = AgentSession[None](
            llm=model,
            # The server alone decides who speaks when.
            vad=None,
            turn_handling={"turn_detection": "realtime_llm", "interruption": {"resume_false_interruption": False}},
            # There is no echo to get used to.
            aec_warmup_duration=None,
        )
        self.session.input.audio = self.ears
        self.session.output.audio = self.mouth
        self._model = model
        self._speeches: asyncio.Queue[SpeechHandle] = asyncio.Queue()
        self.session.on("speech_created", lambda event: self._speeches.put_nowait(event.speech_handle))

    def ask(self, text: str) -> None:
        """Type a question."""
        self.session.generate_reply(user_input=text)

    async def answer(self) -> None:
        """Wait until what the agent says next was heard to its end, or interrupted."""
        async with asyncio.timeout(PATIENCE_S):
            speech = await self._speeches.get()
            await speech.wait_for_playout()

    async def hear(self, ms: int) -> None:
        await self.mouth.news.until(lambda: self.mouth.played >= ms * BYTES_PER_MS, f"{ms} ms of speech")

    async def event(self, kind: str) -> dict[str, Any]:
        """The first of this type that the server sends or sent."""
        received = self._model.received
        await self._model.news.until(lambda: any(event["type"] == kind for event in received), kind)
        return next(event for event in received if event["type"] == kind)


async def text_turn(talk: Talk) -> None:
    talk.ask("What is twelve times seven?")
    await talk.answer()


async def spoken_turn(talk: Talk) -> None:
    talk.ears.microphone.say("what_is_twelve_times_seven")
    await talk.answer()


async def tool_round_trip(talk: Talk) -> None:
    """Spoken; the session runs the function and asks for the answer by itself."""
    talk.ears.microphone.say("whats_the_weather_in_san_francisco")
    await talk.answer()


async def barge_in(talk: Talk) -> None:
    """The session truncates by itself what was not heard."""
    talk.ask(LONG_REQUEST)
    await talk.hear(2 * HEARD_MS)
    talk.ears.microphone.say("what_is_twelve_times_seven")
    await talk.answer()
    await talk.answer()
    cut = await talk.event("conversation.item.truncated")
    # Only GA can be asked what is left.
    if (await talk.event("session.created"))["session"].get("type") == "realtime":
        retrieve = {"type": "conversation.item.retrieve", "item_id": cut["item_id"]}
        talk.assistant.realtime_llm_session.send_event(retrieve)
        await talk.event("conversation.item.retrieved")


FLOWS: dict[str, Callable[[Talk], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, barge_in)
}


def open_model(kind: str, address: str) -> ObservedModel:
    key = os.environ["OPENAI_API_KEY"]
    if kind == "openai":
        return ObservedModel(
            base_url=f"{address}/v1",
            api_key=key,
            model="gpt-realtime",
            turn_detection=ServerVad(type="server_vad", silence_duration_ms=500),
            input_audio_transcription=AudioTranscription(model="whisper-1"),
        )
    if kind == "azure":
        return ObservedModel.with_azure(azure_endpoint=address, azure_deployment="gpt-realtime", api_key=key)
    return ObservedModel.with_azure(
        azure_endpoint=address,
        azure_deployment="gpt-4o-realtime-preview",
        api_key=key,
        api_version="2024-10-01-preview",
    )


async def main(kind: str, address: str, flow: str) -> None:
    complaints = Complaints()
    logging.getLogger("livekit").addHandler(complaints)
    model = open_model(kind, address)
    talk = Talk(model)
    await talk.session.start(talk.assistant)
    await FLOWS[flow](talk)
    await talk.session.aclose()
    await model.aclose()
    report = {
        "received": model.received,
        "history": talk.session.history.to_dict()["items"],
        "played_bytes": talk.mouth.played,
        "called": talk.assistant.called,
        "problems": complaints.problems,
    }
    json.dump(report, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
