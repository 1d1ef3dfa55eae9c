"""One flow with a pipecat bot: a pipeline from a microphone through the realtime service to a loudspeaker.

`pipecat_realtime.py openai|azure ADDRESS FLOW` with the key in OPENAI_API_KEY. Prints as JSON what the
pipeline told its observers, the context that the bot kept, and whatever it complained of.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from news import News
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    CancelFrame,
    ErrorFrame,
    InputAudioRawFrame,
    LLMRunFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.azure.realtime.llm import AzureRealtimeLLMService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from realtime_flows import BYTES_PER_MS, HEARD_MS, LONG_REQUEST, WEATHER, WEATHER_TOOL
from sound_devices import RATE, Microphone, Playing


class Ears(BaseInputTransport):
    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE))
        self.microphone = Microphone()
        self._listening: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._listening = self.create_task(self._listen())

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        if self._listening is not None:
            await self.cancel_task(self._listening)

    async def _listen(self) -> None:
        while True:
            audio = await self.microphone.frame()
            await self.push_audio_frame(InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1))


class Mouth(BaseOutputTransport):
    """`played` counts bytes of speech."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
        self.played = 0
        self._playing = Playing()

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await self._playing.play(frame.audio)
        if isinstance(frame, TTSAudioRawFrame):
            self.played += len(frame.audio)
        return True


class Observer(BaseObserver):
    """Remembers what passed through the pipeline, each frame once."""

    def __init__(self) -> None:
        super().__init__(observe_every_push=False)
        self.frames: list[str] = []
        self.transcriptions: list[str] = []
        self.spoken: list[str] = []
        self.received = 0
        self.usage: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.news = News()

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        match frame:
            case ErrorFrame():
                self.problems.append(frame.error)
            case TranscriptionFrame():
                self.transcriptions.append(frame.text)
            case TTSTextFrame():
                self.spoken.append(frame.text)
            case MetricsFrame():
                self.usage += [one.value.model_dump() for one in frame.data if isinstance(one, LLMUsageMetricsData)]
            case TTSAudioRawFrame() if isinstance(data.source, OpenAIRealtimeLLMService):
                self.received += len(frame.audio)
        # What is broadcast goes both ways.
        if data.direction is FrameDirection.DOWNSTREAM:
            self.frames.append(type(frame).__name__)
        self.news.spread()

    async def frame(self, name: str, number: int = 1) -> None:
        await self.news.until(lambda: self.frames.count(name) >= number, f"{name} {number}")


class Bot:
    """A bot that knows the weather, as pipecat's examples build it."""

    def __init__(self, service: OpenAIRealtimeLLMService) -> None:
        self.called: list[dict[str, Any]] = []
        self.answers: list[str] = []
        self.service = service
        self.service.register_function(WEATHER_TOOL["name"], self._get_weather)
        self.service.add_event_handler("on_conversation_item_created", self._on_item)
        self.ears = Ears()
        self.mouth = Mouth()
        self.observer = Observer()
        self.context = LLMContext(tools=ToolsSchema(standard_tools=[weather_tool()]))
        user, assistant = LLMContextAggregatorPair(self.context)
        self.worker = PipelineWorker(
            Pipeline([self.ears, user, self.service, self.mouth, assistant]),
            params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
            observers=[self.observer],
        )

    async def _get_weather(self, params: FunctionCallParams) -> None:
        self.called.append(dict(params.arguments))
        await params.result_callback(json.loads(WEATHER))

    async def _on_item(self, service: object, item_id: str, item: Any) -> None:
        if item.role == "assistant":
            self.answers.append(item_id)

    async def ask(self, text: str) -> None:
        """Type a question."""
        self.context.add_message({"role": "user", "content": text})
        await self.worker.queue_frame(LLMRunFrame())

    async def hear(self, ms: int) -> None:
        await self.observer.news.until(lambda: self.mouth.played >= ms * BYTES_PER_MS, f"{ms} ms of speech")

    async def answer(self, number: int = 1) -> None:
        """Wait until so many answers were spoken to their end, or interrupted."""
        await self.observer.frame("LLMContextAssistantTurnFrame", number)


def weather_tool() -> FunctionSchema:
    parameters = WEATHER_TOOL["parameters"]
    return FunctionSchema(
        name=WEATHER_TOOL["name"],
        description=WEATHER_TOOL["description"],
        properties=parameters["properties"],
        required=parameters["required"],
    )


def open_service(kind: str, address: str) -> OpenAIRealtimeLLMService:
    ws = address.replace("http", "ws", 1)
    key = os.environ["OPENAI_API_KEY"]
    heard = AudioInput(transcription=InputAudioTranscription(), turn_detection=TurnDetection())
    settings = OpenAIRealtimeLLMService.Settings(
        model="gpt-realtime",
        system_instruction="Answer briefly.",
        session_properties=SessionProperties(audio=AudioConfiguration(input=heard)),
    )
    if kind == "azure":
        return AzureRealtimeLLMService(api_key=key, base_url=f"{ws}/openai/v1/realtime", settings=settings)
    return OpenAIRealtimeLLMService(api_key=key, base_url=f"{ws}/v1/realtime", settings=settings)


async def greet(bot: Bot) -> None:
    """Let the bot speak first, as bots do: it answers the first context that it sees, whoever asked."""
    await bot.ask("What is two plus two?")
    await bot.answer()


async def text_turn(bot: Bot) -> None:
    await bot.ask("What is twelve times seven?")
    await bot.answer()


async def spoken_turn(bot: Bot) -> None:
    await greet(bot)
    bot.ears.microphone.say("what_is_twelve_times_seven")
    await bot.answer(2)


async def tool_round_trip(bot: Bot) -> None:
    """Spoken; the bot runs the function and asks for the answer by itself."""
    await greet(bot)
    bot.ears.microphone.say("whats_the_weather_in_san_francisco")
    await bot.answer(2)


async def barge_in(bot: Bot) -> None:
    """The bot truncates by itself what was not heard."""
    await bot.ask(LONG_REQUEST)
    await bot.hear(2 * HEARD_MS)
    bot.ears.microphone.say("what_is_twelve_times_seven")
    await bot.answer(2)


FLOWS: dict[str, Callable[[Bot], Awaitable[None]]] = {
    flow.__name__: flow for flow in (text_turn, spoken_turn, tool_round_trip, barge_in)
}


async def main(kind: str, address: str, flow: str) -> None:
    bot = Bot(open_service(kind, address))
    observer = bot.observer
    logger.remove()
    logger.add(lambda line: observer.problems.append(str(line)), level="WARNING")
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(bot.worker)
    running = asyncio.create_task(runner.run())
    await observer.frame("StartFrame")
    await FLOWS[flow](bot)
    kept = [await bot.service.retrieve_conversation_item(item_id) for item_id in bot.answers]
    await bot.worker.cancel()
    await running
    report = {
        "frames": observer.frames,
        "transcriptions": observer.transcriptions,
        "spoken": "".join(observer.spoken),
        "received_bytes": observer.received,
        "played_bytes": bot.mouth.played,
        "usage": observer.usage,
        "problems": observer.problems,
        "context": bot.context.get_messages(),
        "called": bot.called,
        "kept": [item.model_dump() for item in kept],
    }
    json.dump(report, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
