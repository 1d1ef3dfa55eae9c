"""What pocketsphinx does beyond the contract of recognisers: which words, when, and its processes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio
from contract_audio import speech

from voxwire.audio.resample import Resampler
from voxwire.engines.stt import worker_stream
from voxwire.engines.stt.pocketsphinx import engine as pocketsphinx
from voxwire.engines.stt.pocketsphinx.engine import PocketsphinxStream, PocketsphinxStt
from voxwire.errors import EngineBusy, EngineDied, EngineError
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal, SttPartial

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]

ENGINES = {"pocketsphinx": pocketsphinx.engine}
STEP = 3_200  # 100 ms
#: What an assistant with a weather function might expect to hear.
CITIES = ("boston", "denver", "san francisco", "san diego", "new york", "portland", "seattle", "murfreesboro")
PHRASES = (
    *(f"what's the weather in {city}" for city in CITIES),
    *(f"what's the weather like in {city}" for city in CITIES),
    "what time is it",
    "what day is it today",
    "what is twelve times seven",
    "what is nine times eight",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[PocketsphinxStt]:
    made = ENGINES[request.param]({"size": 2})
    await made.start()
    yield made
    await made.close()


async def heard(stream: PocketsphinxStream, pcm: bytes, step: int = STEP) -> tuple[list[SttPartial], SttFinal]:
    """All that the stream yields for this audio: partials, then the final."""

    async def feed() -> None:
        for at in range(0, len(pcm), step):
            await stream.push(pcm[at : at + step])
        await stream.commit()

    feeding = asyncio.create_task(feed())
    *before, final = [event async for event in stream]
    await feeding
    assert isinstance(final, SttFinal)
    partials = [event for event in before if isinstance(event, SttPartial)]
    assert partials == before
    return partials, final


async def hear(
    engine: PocketsphinxStt, pcm: bytes, *, phrases: tuple[str, ...] = PHRASES, step: int = STEP
) -> SttFinal:
    _, final = await heard(engine.open(SttConfig(phrases=phrases)), pcm, step)
    return final


class TestRates:
    async def test_words_come_at_the_same_time_at_every_rate_it_names(self, engine: PocketsphinxStt) -> None:
        pcm = speech("what_is_twelve_times_seven")
        expected = await hear(engine, pcm)
        assert "twelve times seven" in (expected.text, *expected.alternatives)[-1]
        for rate in engine.capabilities.rates:
            config = SttConfig(rate=rate, phrases=PHRASES)
            _, final = await heard(engine.open(config), Resampler(16_000, rate).push(pcm))
            assert "twelve times seven" in (final.text, *final.alternatives)[-1]
            assert final.words[-1].end_ms == pytest.approx(expected.words[-1].end_ms, abs=100)


class TestOrder:
    @pytest.mark.parametrize(
        ("name", "phrases"), [("whats_the_weather_in_san_francisco", PHRASES), ("tell_me_a_story_about_a_dragon", ())]
    )
    async def test_what_is_called_stable_never_changes(
        self, engine: PocketsphinxStt, name: str, phrases: tuple[str, ...]
    ) -> None:
        partials, final = await heard(engine.open(SttConfig(phrases=phrases)), speech(name))
        promised = [partial.text[: partial.stable] for partial in partials]
        assert promised[-1]
        assert all(later.startswith(earlier) for earlier, later in pairwise(promised))
        assert all(text.startswith(promised[-1]) for text in (final.text, *final.alternatives))

    async def test_the_words_are_those_of_the_text_in_time(self, engine: PocketsphinxStt) -> None:
        pcm = speech("what_is_twelve_times_seven")
        final = await hear(engine, pcm)
        assert " ".join(word.text for word in final.words) == final.text
        assert all(final.text[word.start : word.end] == word.text for word in final.words)
        assert all(a.start_ms < a.end_ms <= b.start_ms for a, b in pairwise(final.words))
        assert 250 < final.words[0].start_ms < 450  # the fixtures begin with 300 ms of silence
        assert final.words[-1].end_ms <= len(pcm) / 32

    @pytest.mark.parametrize("step", [2, 640, 50_000, 10_000_000])
    async def test_the_pieces_of_audio_do_not_matter(self, engine: PocketsphinxStt, step: int) -> None:
        pcm = speech("what_time_is_it")[:60_000] if step > 2 else speech("what_time_is_it")[:30_000]
        final = await hear(engine, pcm, step=step)
        assert final == await hear(engine, pcm)


class TestWords:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("whats_the_weather_in_san_francisco", "what's the weather in san francisco"),
            ("what_time_is_it", "what time is it"),
            ("what_is_twelve_times_seven", "what is twelve times seven"),
        ],
    )
    async def test_expected_sentences_are_among_the_readings(
        self, engine: PocketsphinxStt, name: str, said: str
    ) -> None:
        final = await hear(engine, speech(name))
        assert said in (final.text, *final.alternatives)

    async def test_other_speech_is_not_forced_into_an_expected_sentence(self, engine: PocketsphinxStt) -> None:
        final = await hear(engine, speech("tell_me_a_story_about_a_dragon"))
        assert final.text.startswith("tell me")
        assert not set(PHRASES) & {final.text, *final.alternatives}

    async def test_without_phrases_there_is_the_general_reading_alone(self, engine: PocketsphinxStt) -> None:
        final = await hear(engine, speech("what_time_is_it"), phrases=())
        assert (final.text, final.alternatives) == ("what time is it", ())

    async def test_a_prompt_is_expected_too(self, engine: PocketsphinxStt) -> None:
        config = SttConfig(prompt="What's the weather in San Francisco? What's the weather in Boston?")
        _, final = await heard(engine.open(config), speech("whats_the_weather_in_san_francisco"))
        assert "what's the weather in san francisco" in (final.text, *final.alternatives)

    async def test_a_set_without_any_usable_word_is_as_none(self, engine: PocketsphinxStt) -> None:
        final = await hear(engine, speech("what_time_is_it"), phrases=("今日は", "12", "?"))
        assert final.text == "what time is it"

    async def test_the_last_utterance_leaves_no_trace(self, engine: PocketsphinxStt) -> None:
        """Loudness and voice of one speaker must not change what is understood of the next."""
        pcm = speech("whats_the_weather_in_san_francisco")
        first = await hear(engine, pcm)
        await asyncio.gather(*(hear(engine, speech("tell_me_a_story_about_a_dragon")) for _ in range(4)))
        assert await hear(engine, pcm) == first

    async def test_only_english(self, engine: PocketsphinxStt) -> None:
        with pytest.raises(EngineError) as caught:
            engine.open(SttConfig(language="de"))
        assert caught.value.code == "unsupported_language"
        await engine.open(SttConfig(language="en")).cancel()


class TestCancel:
    async def test_cancel_frees_the_worker(self, engine: PocketsphinxStt) -> None:
        for _ in range(4):
            stream = engine.open(SttConfig(phrases=PHRASES))
            await stream.push(speech("whats_the_weather_in_san_francisco") * 3)
            await asyncio.sleep(0.05)
            await stream.cancel()
            assert [event async for event in stream] == []
        assert (await hear(engine, speech("what_time_is_it"))).text

    async def test_leaving_the_iterator_and_cancelling_frees_the_worker(self, engine: PocketsphinxStt) -> None:
        for _ in range(3):
            stream = engine.open(SttConfig())
            await stream.push(speech("what_time_is_it"))
            iterator = aiter(stream)
            assert isinstance(iterator, AsyncGenerator)
            await anext(iterator)
            await iterator.aclose()
            await stream.cancel()
        assert (await hear(engine, speech("what_time_is_it"))).text


class TestProcesses:
    async def test_more_utterances_than_workers_wait_their_turn(self, engine: PocketsphinxStt) -> None:
        finals = await asyncio.gather(*(hear(engine, speech("what_time_is_it")) for _ in range(5)))
        assert {final.text for final in finals} == {"what time is it"}

    async def test_no_free_worker_until_the_deadline_is_busy(
        self, engine: PocketsphinxStt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_stream, "LEASE_S", 0.1)
        held = [await engine.pool.lease(1) for _ in range(2)]
        with pytest.raises(EngineBusy):
            await hear(engine, bytes(STEP))
        for lease in held:
            lease.cancel()

    async def test_kill_9_fails_the_utterance_within_a_second_and_the_next_one_works(
        self, engine: PocketsphinxStt
    ) -> None:
        stream = engine.open(SttConfig(phrases=PHRASES))
        iterator = aiter(stream)
        await stream.push(speech("whats_the_weather_in_san_francisco"))
        assert isinstance(await anext(iterator), SttPartial)
        victims = engine.pool.pids
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineDied) as caught:
            await drain(iterator)
        assert time.monotonic() - began < 1
        assert (caught.value.stage, caught.value.code) == ("stt", "engine_died")
        await stream.push(bytes(STEP))
        await stream.commit()
        await stream.cancel()
        while set(victims) & set(engine.pool.pids):  # noqa: ASYNC110 - the idle one's death raises no event here
            await asyncio.sleep(0.01)
        assert (await hear(engine, speech("what_time_is_it"))).text == "what time is it"

    async def test_after_the_end_every_utterance_fails(self, engine: PocketsphinxStt) -> None:
        other = ENGINES[engine.capabilities.info.name]({"size": 1})
        await other.start()
        await other.close()
        with pytest.raises(EngineError):
            await hear(other, bytes(STEP))


async def test_what_a_person_is_told(engine: PocketsphinxStt) -> None:
    notice = engine.capabilities.info.notice
    assert notice is not None
    assert "Demo-grade" in notice
    assert "US English" in notice
    assert engine.capabilities.languages == ("en",)


async def drain(iterator: AsyncIterator[SttEvent]) -> None:
    async for _ in iterator:
        pass
