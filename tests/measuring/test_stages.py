"""What is measured of an engine by itself, shown with engines whose delays are known."""

import asyncio

import pytest

from voxwire.errors import EngineError
from voxwire.measuring import stages
from voxwire.measuring.stages import SpokenSample, measure, speak
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_stt import FakeStt, FakeSttStream
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad, loud

SPEECH = SpokenSample(loud(600), 24_000)


async def test_a_detector_is_told_by_the_window() -> None:
    figures = await measure("vad", FakeVad(), SPEECH, "")
    assert figures.per_second == pytest.approx(figures.first_ms / 32)
    assert "ms a window" in figures.remark


async def test_a_recogniser_by_its_words_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = FakeSttStream.commit

    async def slowly(stream: FakeSttStream) -> None:
        await asyncio.sleep(0.12)
        await commit(stream)

    monkeypatch.setattr(FakeSttStream, "commit", slowly)
    stt = FakeStt("hello there")
    figures = await measure("stt", stt, SPEECH, "")
    assert figures.first_ms >= 120
    assert figures.per_second is not None
    assert figures.per_second >= 0.12 / SPEECH.seconds
    assert figures.remark == 'heard "hello there"'
    assert all(stream.cancelled for stream in stt.streams)
    assert len(stt.streams[-1].heard) == pytest.approx(2 * 16_000 * 0.8, rel=0.01), (
        "with a fifth of a second of silence"
    )


async def test_a_recogniser_that_takes_sound_slowly_is_slower_than_it_is_long() -> None:
    figures = await measure("stt", FakeStt(push_s=0.4), SPEECH, "")
    assert figures.per_second is not None
    assert figures.per_second > 1


async def test_a_language_engine_by_its_first_words() -> None:
    llm = FakeLlm([0.1, *words("one two three four", 0.02)])
    figures = await measure("llm", llm, None, "")
    assert figures.first_ms >= 120
    assert figures.remark.endswith("tokens a second")
    assert len(llm.requests) == 2, "the first one warms it up"
    assert llm.closed_iterators == 2


async def test_a_voice_by_its_first_sound_and_its_pace() -> None:
    tts = FakeTts(pace=0.2, char_ms=10)
    figures = await measure("tts", tts, None, "no such voice")
    assert figures.per_second is not None
    assert figures.per_second >= 0.15
    assert all(stream.config.voice == "alloy" for stream in tts.streams)


async def test_what_a_voice_says_is_what_others_hear() -> None:
    _, speech = await speak(FakeTts(char_ms=10), "ash")
    assert speech.seconds == pytest.approx(len(stages.SENTENCE) / 100)
    assert len(speech.at(16_000)) == pytest.approx(2 * 16_000 * (speech.seconds + 0.2), rel=0.01)


async def test_a_voice_that_says_nothing() -> None:
    with pytest.raises(EngineError, match="said nothing"):
        await speak(FakeTts(), "alloy", "")


async def test_a_turn_model_by_its_vote() -> None:
    turn = FakeTurn(0.9)
    figures = await measure("turn", turn, SpokenSample(loud(20_000), 24_000), "")
    assert figures.remark.startswith("90%")
    assert {len(audio) for audio, _ in turn.asked} == {8 * 16_000 * 2}


async def test_an_engine_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_PATIENCE_S", 0.1)
    with pytest.raises(EngineError, match="more than 0 s") as caught:
        await measure("stt", FakeStt(stalled=True), SPEECH, "")
    assert (caught.value.stage, caught.value.code) == ("stt", "engine_timeout")


async def test_an_engine_that_fails_says_so() -> None:
    tts = FakeTts(failure=EngineError("tts", "engine_died", "It died."))
    with pytest.raises(EngineError, match="It died"):
        await measure("tts", tts, None, "alloy")
