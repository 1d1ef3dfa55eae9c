"""The fakes keep the contract that they stand in for."""

import asyncio

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.windows import WindowResampler
from voxwire.events.session_config import Modality
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText
from voxwire.interfaces.stt import SttConfig, SttFinal, SttPartial
from voxwire.interfaces.tts import TtsConfig
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import FakeVad, loud, quiet
from voxwire.testing.scripted_clock import ScriptedClock

REQUEST = LlmRequest(instructions="", items=(), modality=Modality.TEXT)


@pytest.mark.parametrize(("audio", "score"), [(loud(320), 1.0), (quiet(320), 0.0)])
def test_the_detector_knows_loud_from_quiet_after_resampling(audio: bytes, score: float) -> None:
    resampler = WindowResampler(AudioFormat.PCM16)
    stretch = bytearray(resampler.silence) + audio
    starts = range(0, len(audio), resampler.window_bytes)
    windows = resampler([stretch[at : at + resampler.stretch_bytes] for at in starts])
    assert FakeVad().score([None] * len(windows), windows)[1:] == [score] * (len(windows) - 1)


async def test_the_recogniser_hears_in_turn() -> None:
    engine = FakeStt("one two", "three", word_ms=100)
    heard = []
    for _ in range(3):
        stream = engine.open(SttConfig())
        await stream.push(bytes(3200))
        await stream.commit()
        heard.append([event async for event in stream])
    assert heard[0] == [SttPartial(text="one", stable=3), SttFinal(text="one two")]
    assert heard[1][-1] == heard[2][-1] == SttFinal(text="three")


async def test_the_language_engine_speaks_word_by_word() -> None:
    engine = FakeLlm("How are you?")
    events = [event async for event in engine.respond(REQUEST)]
    assert events == [LlmText(text="How"), LlmText(text=" are"), LlmText(text=" you?"), LlmDone()]
    assert len(words("a b", pace_s=0.1)) == 5


async def test_the_paced_voice_takes_as_long_as_its_speech() -> None:
    engine = FakeTts(pace=1.0, char_ms=10)
    stream = engine.open(TtsConfig(voice="alloy"))
    loop = asyncio.get_running_loop()
    started = loop.time()
    await stream.feed("x" * 20)
    await stream.flush()
    audio = [stretch async for stretch in stream]
    assert loop.time() - started >= 0.2
    assert sum(len(stretch.pcm) for stretch in audio) == 2 * 24 * 200
    assert [(stretch.chars_from, stretch.chars_to) for stretch in audio] == [(0, 10), (10, 20)]


async def test_a_cancelled_voice_says_nothing_more() -> None:
    stream = FakeTts().open(TtsConfig(voice="alloy"))
    await stream.feed("hello")
    await stream.cancel()
    await stream.cancel()
    assert [stretch async for stretch in stream] == []


def test_the_clock_calls_in_order_and_not_what_was_cancelled() -> None:
    clock = ScriptedClock(0)
    calls: list[tuple[str, float]] = []
    clock.call_at(2, lambda: calls.append(("b", clock.time())))
    clock.call_at(1, lambda: clock.call_at(1.5, lambda: calls.append(("a", clock.time()))))
    clock.call_at(1.7, lambda: calls.append(("x", clock.time()))).cancel()
    clock.advance(1.9)
    assert calls == [("a", 1.5)]
    clock.advance(1)
    assert calls == [("a", 1.5), ("b", 2)]
    assert clock.time() == 2.9
