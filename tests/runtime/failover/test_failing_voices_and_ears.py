"""Synthesisers and recognisers that fail: the sentence goes on, and the utterance is heard again."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from failing_engines import DeafStt, LyingStt, LyingTts, died, stt, tts

from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttInterim
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.runtime.failover import FailoverTts
from voxwire.runtime.failover import failover_stt as stt_module
from voxwire.testing.contract.signals import hum
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.contract.tts_contract import check
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts

TEXT = "The sentence goes on, whoever says it."


async def spoken(engine: FailoverTts, text: str = TEXT, voice: str = "alloy") -> list[TtsAudio]:
    stream = engine.open(TtsConfig(voice=voice))
    await stream.feed(text[:10])
    await stream.feed(text[10:])
    await stream.flush()
    async with asyncio.timeout(5):
        audio = [audio async for audio in stream]
    check(audio, text)
    return audio


class TestVoices:
    @pytest.mark.parametrize(
        "failing",
        [
            FakeTts(failure=died("tts")),
            FakeTts(failure=ValueError("a bug"), fails_after=3),
            FakeTts(stalled=True),
            LyingTts(2),
            LyingTts(0),
            FakeTts(voices=("alloy", "echo"), failure=died("tts"), fails_after=5),
        ],
        ids=["at once", "a bug in the middle", "hangs", "ends early", "says nothing", "in the middle"],
    )
    async def test_the_sentence_goes_on_where_it_stopped(self, failing: FakeTts) -> None:
        second = FakeTts(voices=("nova",))
        audio = await spoken(await tts(failing, second))
        (rest,) = second.streams
        begin = failing.streams[0].spoken
        assert rest.text == TEXT[begin:], "no character is lost, and none spoken twice"
        assert rest.config.voice == "nova", "a voice of its own"
        assert sum(len(a.pcm) for a in audio) / 48 == pytest.approx(60 * len(TEXT), abs=1)
        assert failing.streams[0].cancelled

    async def test_another_rate_is_resampled(self) -> None:
        failing = FakeTts(failure=died("tts"), fails_after=2)
        audio = await spoken(await tts(failing, FakeTts(rate=16_000)))
        assert sum(len(a.pcm) for a in audio) / 48 == pytest.approx(60 * len(TEXT), abs=5)

    async def test_times_of_words_go_on_too(self) -> None:
        failing = FakeTts(failure=died("tts"), fails_after=4, word_times=True)
        audio = await spoken(await tts(failing, FakeTts(word_times=True)))
        words = [word for stretch in audio for word in stretch.words]
        assert words[-1].text == "it."
        assert words[-1].end_ms == pytest.approx(60 * len(TEXT), abs=1)

    async def test_text_that_comes_later_goes_to_the_next(self) -> None:
        engine = await tts(FakeTts(failure=died("tts"), fails_after=1), FakeTts())
        stream = engine.open(TtsConfig(voice="alloy"))
        audio = aiter(stream)
        await stream.feed("Hello")
        first = await anext(audio)
        await stream.feed(" there.")
        await stream.flush()
        rest = [stretch async for stretch in audio]
        check([first, *rest], "Hello there.")

    async def test_when_all_fail_so_does_the_answer(self) -> None:
        engine = await tts(FakeTts(failure=died("tts")), FakeTts(failure=died("tts", "voice_failed")))
        with pytest.raises(EngineError) as failure:
            await spoken(engine)
        assert failure.value.code == "voice_failed"

    async def test_silence_before_the_text_is_complete_is_no_failure(self) -> None:
        first = FakeTts()
        stream = (await tts(first, FakeTts())).open(TtsConfig(voice="alloy"))
        reading = asyncio.create_task(_all(stream))
        await asyncio.sleep(0.4)  # twice its patience
        await stream.feed("Hello.")
        await stream.flush()
        check(await reading, "Hello.")
        assert first.streams[0].text == "Hello."

    async def test_one_that_hangs_after_the_end_of_the_text(self) -> None:
        stream = (await tts(FakeTts(stalled=True), FakeTts())).open(TtsConfig(voice="alloy"))
        reading = asyncio.create_task(_all(stream))
        await stream.feed("Hello.")
        await asyncio.sleep(0)
        await stream.flush()
        async with asyncio.timeout(5):
            check(await reading, "Hello.")


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0)


async def _all(stream: Any) -> list[TtsAudio]:
    return [audio async for audio in stream]


class TestEars:
    @pytest.mark.parametrize(
        "failing",
        [
            FakeStt(died("stt")),
            FakeStt(stalled=True),
            DeafStt(),
            LyingStt(early=False),
        ],
        ids=["at the end", "hangs", "takes no audio", "no result"],
    )
    async def test_the_utterance_is_heard_again(self, failing: FakeStt) -> None:
        second = FakeStt("hello there")
        engine = await stt(failing, second)
        events = await hear(engine.open(SttConfig()), hum(2000))
        assert events[-1] == SttFinal(text="hello there")
        assert bytes(second.streams[0].heard) == hum(2000), "all of it, and nothing twice"
        assert failing.streams[0].cancelled

    @pytest.mark.parametrize("failing", [FakeStt("nonsense"), LyingStt(early=True)], ids=["says so", "too early"])
    async def test_audio_that_comes_later_goes_to_the_next(self, failing: FakeStt) -> None:
        second = FakeStt("hello")
        stream = (await stt(failing, second)).open(SttConfig())
        listening = asyncio.create_task(_events(stream))
        await stream.push(hum(500))
        await _until(lambda: bool(failing.streams) and bool(failing.streams[0].heard))
        failing.streams[0]._events.put_nowait(died("stt"))
        await _until(lambda: bool(second.streams))
        await stream.push(hum(500))
        await stream.commit()
        assert (await listening)[-1] == SttFinal(text="hello")
        assert len(second.streams[0].heard) == 2 * len(hum(500))

    async def test_stable_words_are_not_taken_back(self) -> None:
        first, second = FakeStt("good day", word_ms=300), FakeStt("hello there my friend", word_ms=400)
        stream = (await stt(first, second)).open(SttConfig())
        listening = asyncio.create_task(_events(stream))
        await stream.push(hum(700))
        await _until(lambda: bool(first.streams) and first.streams[0]._said == 2)
        first.streams[0]._events.put_nowait(died("stt"))
        await stream.push(hum(1300))
        await stream.commit()
        *partials, final = await listening
        stable = [partial.text[: partial.stable] for partial in partials]
        assert stable[-1] == "good day"
        assert all(later.startswith(earlier) for earlier, later in pairwise(stable))
        assert final == SttFinal(text="hello there my friend")

    async def test_a_probe_that_was_not_answered_is_asked_again(self) -> None:
        failing, second = FakeStt("never", interims=True, stalled=True), FakeStt("hello", interims=True)
        engine = await stt(failing, second)
        assert engine.capabilities.interims
        stream = engine.open(SttConfig())
        listening = asyncio.create_task(_events(stream))
        await stream.push(hum(500))
        await stream.probe()
        await _until(lambda: bool(failing.streams) and failing.streams[0].probes == 1)
        failing.streams[0]._events.put_nowait(died("stt"))
        await stream.commit()
        assert await listening == [SttInterim(text="hello"), SttFinal(text="hello")]
        assert (failing.streams[0].probes, second.streams[0].probes) == (1, 1)

    async def test_another_rate_is_resampled(self) -> None:
        second = FakeStt("hello", rates=(8_000,))
        engine = await stt(FakeStt(died("stt")), second)
        assert (await hear(engine.open(SttConfig()), hum(1000)))[-1] == SttFinal(text="hello")
        assert second.streams[0].config.rate == 8_000
        assert len(second.streams[0].heard) == pytest.approx(len(hum(1000)) / 2, rel=0.05)

    async def test_of_a_very_long_utterance_nothing_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stt_module, "_MOST_KEPT", 40_000)
        second = FakeStt("hello")
        engine = await stt(FakeStt(died("stt")), second)
        stream = engine.open(SttConfig())
        with pytest.raises(EngineError):
            await hear(stream, hum(3000))
        assert not second.streams
        assert len(stream._audio) <= 40_000

    async def test_whether_another_speaker_can_be_followed_says_the_first(self) -> None:
        assert not hasattr(await stt(FakeStt(), FakeStt()), "hearing")
        first = FakeStt()
        first.hearing = lambda: (3, 8.0, 0.1)  # type: ignore[attr-defined]
        assert (await stt(first, FakeStt())).hearing() == (3, 8.0, 0.1)

    async def test_what_one_cannot_prepare_the_others_may(self) -> None:
        first, second = FakeStt(), FakeStt()
        engine = await stt(first, second)

        async def refuse(config: SttConfig) -> None:
            raise died("stt")

        first.prepare = refuse  # type: ignore[method-assign]
        await engine.prepare(SttConfig())
        assert second.prepared
        second.prepare = refuse  # type: ignore[method-assign]
        with pytest.raises(EngineError):
            await engine.prepare(SttConfig())


async def _events(stream: Any) -> list[Any]:
    async with asyncio.timeout(5):
        return [event async for event in stream]
