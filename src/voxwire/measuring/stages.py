"""One engine by itself: how fast it is, and how long it takes to begin.

Everything is measured on an engine that has started and has worked once, so that what is loaded at the first use does
not count. Times are of the clock on the wall: what else runs on the machine counts, as it will later.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from voxwire.audio.resample import Resampler
from voxwire.errors import EngineError
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.interfaces.engine import EngineKind
from voxwire.interfaces.llm import LlmDone, LlmEngine, LlmRequest
from voxwire.interfaces.stt import SttConfig, SttEngine, SttFinal
from voxwire.interfaces.tts import TtsConfig, TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.interfaces.vad import VadEngine

#: What is said to try an engine, and what is asked of all of them together.
SENTENCE: Final = "What is twelve times seven? I would like to know."
QUESTION: Final = "What is twelve times seven?"
_WINDOW_S: Final = 512 / 16_000
_WINDOWS: Final = 500
_TURN_RATE: Final = 16_000
_REQUEST: Final = "Say hello."
_ANSWER_TOKENS: Final = 64
#: Within less than this nobody writes word by word; seconds.
_MOMENT_S: Final = 0.01
#: A stage that takes longer than this says nothing more that is worth knowing.
_PATIENCE_S: Final = 60.0


class StageFigures(NamedTuple):
    """`first_ms` is how long it takes until the first output (of a recogniser: from the end of the utterance to its
    words, of a turn model: to its vote), `per_second` how many seconds of work a second of audio costs, None where
    there is no audio. `remark` is what else a person should see."""

    first_ms: float
    per_second: float | None = None
    remark: str = ""


class SpokenSample(NamedTuple):
    """PCM16 mono at `rate`."""

    pcm: bytes
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate

    def at(self, rate: int) -> bytes:
        """The same at another rate, with a fifth of a second of silence after it."""
        return Resampler(self.rate, rate).push(self.pcm + bytes(self.rate // 5 * 2))


async def measure(kind: EngineKind, engine: Any, speech: SpokenSample | None, voice: str) -> StageFigures:
    """Try an engine that has started. A recogniser and a turn model hear `speech`, or else hum; a synthesiser speaks
    with `voice`, or with what it has. Raises EngineError, also for one that takes more than a minute."""
    sound = speech or SpokenSample(bytes(2 * _TURN_RATE * 3), _TURN_RATE)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            match kind:
                case "vad":
                    return _vad(engine, sound)
                case "stt":
                    await _hear(engine, sound, paced=False)
                    return await _stt(engine, sound)
                case "llm":
                    await _llm(engine)
                    return await _llm(engine)
                case "tts":
                    await speak(engine, voice)
                    return (await speak(engine, voice))[0]
                case "turn":
                    await _turn(engine, sound)
                    return await _turn(engine, sound)
    except TimeoutError:
        raise EngineError(kind, "engine_timeout", f"It took more than {_PATIENCE_S:.0f} s.") from None


def _vad(engine: VadEngine, sound: SpokenSample) -> StageFigures:
    pcm = sound.at(16_000)
    size = int(16_000 * _WINDOW_S) * 2
    windows = [pcm[at : at + size] for at in range(0, len(pcm) - size, size)]
    state = engine.new_state()
    began = time.perf_counter()
    for number in range(_WINDOWS):
        engine.score([state], [windows[number % len(windows)]])
    each_s = (time.perf_counter() - began) / _WINDOWS
    return StageFigures(each_s * 1000, each_s / _WINDOW_S, f"{each_s * 1000:.2f} ms a window")


async def _stt(engine: SttEngine, sound: SpokenSample) -> StageFigures:
    """Heard once at the pace of speech, for how long the words take after the end; then as fast as it goes."""
    first_s, words = await _hear(engine, sound, paced=True)
    began = time.perf_counter()
    await _hear(engine, sound, paced=False)
    return StageFigures(first_s * 1000, (time.perf_counter() - began) / sound.seconds, f'heard "{words}"')


async def _hear(engine: SttEngine, sound: SpokenSample, *, paced: bool) -> tuple[float, str]:
    """Seconds from the end of the sound to its words, and these."""
    rate = engine.capabilities.rates[0]
    pcm = sound.at(rate)
    step = rate // 5 * 2
    stream = engine.open(SttConfig(rate=rate))
    reading = asyncio.create_task(_words(aiter(stream)))
    due = time.perf_counter()
    try:
        for at in range(0, len(pcm), step):
            await stream.push(pcm[at : at + step])
            due += step / 2 / rate
            await asyncio.sleep(due - time.perf_counter() if paced else 0)
        ended = time.perf_counter()
        await stream.commit()
        words = await reading
        return time.perf_counter() - ended, words
    finally:
        reading.cancel()
        await stream.cancel()


async def _words(events: AsyncIterator[Any]) -> str:
    async for event in events:
        if isinstance(event, SttFinal):
            return event.text
    return ""


async def _llm(engine: LlmEngine) -> StageFigures:
    item = MessageItem(role=Role.USER, content=(InputText(text=_REQUEST),))
    request = LlmRequest(instructions="", items=(item,), max_output_tokens=_ANSWER_TOKENS)
    began = time.perf_counter()
    first, pieces, remark = None, 0, ""
    async for event in engine.respond(request):
        if isinstance(event, LlmDone):
            tokens = event.usage.output_tokens if event.usage else pieces
            took_s = time.perf_counter() - (first or began)
            remark = f"{tokens / took_s:.0f} tokens a second" if tokens > 1 and took_s > _MOMENT_S else ""
        else:
            first = first or time.perf_counter()
            pieces += 1
    return StageFigures(((first or time.perf_counter()) - began) * 1000, remark=remark)


async def speak(engine: TtsEngine, voice: str, text: str = SENTENCE) -> tuple[StageFigures, SpokenSample]:
    """Say something; what it took, and how it sounds. Raises EngineError."""
    voices = engine.capabilities.voices
    stream = engine.open(TtsConfig(voice=voice if voice in voices else min(voices)))
    began = time.perf_counter()
    first, pcm = None, bytearray()
    try:
        await stream.feed(text)
        await stream.flush()
        async for audio in stream:
            first = first or time.perf_counter()
            pcm += audio.pcm
    finally:
        await stream.cancel()
    if first is None:
        raise EngineError("tts", "no_audio", "It said nothing.")
    spoken = SpokenSample(bytes(pcm), engine.capabilities.rate)
    took_s = time.perf_counter() - began
    return StageFigures((first - began) * 1000, took_s / spoken.seconds), spoken


async def _turn(engine: TurnEngine, sound: SpokenSample) -> StageFigures:
    began = time.perf_counter()
    score = await engine.score(sound.at(_TURN_RATE)[-8 * _TURN_RATE * 2 :], SENTENCE)
    return StageFigures((time.perf_counter() - began) * 1000, remark=f"{score:.0%} sure that the sentence is complete")
