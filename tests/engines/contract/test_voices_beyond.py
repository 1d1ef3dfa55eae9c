"""What the embedded voices do beyond the contract of synthesisers: how they sound, how soon, and their processes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from voxwire.engines.tts import embedded
from voxwire.engines.tts.espeak import engine as espeak
from voxwire.engines.tts.flite import engine as flite
from voxwire.engines.tts.pooled import PooledTts, PooledTtsStream
from voxwire.errors import EngineDied, EngineError
from voxwire.interfaces.tts import TtsAudio, TtsConfig

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]

NAMES = {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}
TEXT = "Hello there. I have 42 apples, Dr. Smith; that is what I said. Are you sure?"
ENGINES = {"flite": flite.engine, "espeak": espeak.engine}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[PooledTts]:
    made = ENGINES[request.param]({"size": 2})
    await made.start()
    yield made
    await made.close()


async def speak(engine: PooledTts, *pieces: str, voice: str = "alloy", speed: float = 1.0) -> list[TtsAudio]:
    """All audio of an answer whose text is fed in these pieces."""
    stream = engine.open(TtsConfig(voice=voice, speed=speed))
    for piece in pieces:
        await stream.feed(piece)
    await stream.flush()
    return [audio async for audio in stream]


def pcm_of(audio: list[TtsAudio]) -> bytes:
    return b"".join(chunk.pcm for chunk in audio)


def seconds(engine: PooledTts, audio: list[TtsAudio]) -> float:
    return len(pcm_of(audio)) / 2 / engine.capabilities.rate


class TestAudio:
    async def test_chunks_last_about_100_ms(self, engine: PooledTts) -> None:
        audio = await speak(engine, TEXT)
        assert max(len(chunk.pcm) for chunk in audio) <= 0.2 * 2 * engine.capabilities.rate

    async def test_there_is_sound(self, engine: PooledTts) -> None:
        samples = np.frombuffer(pcm_of(await speak(engine, TEXT)), "<i2")
        assert 3 < len(samples) / engine.capabilities.rate < 12
        assert np.abs(samples.astype(int)).max() > 3_000

    async def test_words_are_those_of_the_text_in_order_and_in_time(self, engine: PooledTts) -> None:
        audio = await speak(engine, TEXT)
        words = [word for chunk in audio for word in chunk.words]
        assert {"Hello", "there", "42", "apples", "Are", "you", "sure"} <= {word.text for word in words}
        assert all(TEXT[word.start : word.end] == word.text for word in words)
        assert all(word.start_ms <= word.end_ms for word in words)
        assert all(a.end <= b.start and a.end_ms <= b.start_ms + 0.01 for a, b in pairwise(words))
        assert words[-1].end_ms <= seconds(engine, audio) * 1000 + 0.01

    async def test_words_lie_where_the_sound_is(self, engine: PooledTts) -> None:
        audio = await speak(engine, "Hello. Goodbye.")
        samples = np.frombuffer(pcm_of(audio), "<i2").astype(float)
        words = [word for chunk in audio for word in chunk.words]
        assert [word.text for word in words] == ["Hello", "Goodbye"]

        def level(from_ms: float, to_ms: float) -> float:
            part = samples[
                int(from_ms * engine.capabilities.rate / 1000) : int(to_ms * engine.capabilities.rate / 1000)
            ]
            return float(np.sqrt(np.mean(part**2)))

        for word in words:
            middle = (word.start_ms + word.end_ms) / 2
            assert level(middle - 50, middle + 50) > 500

    async def test_pieces_make_no_difference_to_what_is_said(self, engine: PooledTts) -> None:
        whole = await speak(engine, TEXT)
        pieces = await speak(engine, *(TEXT[at : at + 3] for at in range(0, len(TEXT), 3)))
        assert [word.text for chunk in whole for word in chunk.words] == [
            word.text for chunk in pieces for word in chunk.words
        ]
        assert seconds(engine, pieces) == pytest.approx(seconds(engine, whole), rel=0.1)

    async def test_the_first_clause_is_spoken_before_the_rest_is_known(self, engine: PooledTts) -> None:
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Let me think about that. And then")
        first = await asyncio.wait_for(anext(aiter(stream)), 5)
        assert first.pcm
        await stream.cancel()


class TestVoices:
    async def test_the_ten_names_sound_different(self, engine: PooledTts) -> None:
        assert set(engine.capabilities.voices) == NAMES
        assert len(set(engine.capabilities.voices.values())) == len(NAMES)
        features = {}
        for voice in sorted(NAMES):
            audio = pcm_of(await speak(engine, "Good morning, everyone, how are you?", voice=voice))
            features[voice] = fingerprint(np.frombuffer(audio, "<i2").astype(float), engine.capabilities.rate)
        for one in NAMES:
            for other in NAMES - {one}:
                assert np.abs(features[one] - features[other]).max() > 0.05, (one, other)

    @pytest.mark.parametrize("speed", [0.25, 0.5, 1.5])
    async def test_speed_changes_the_length(self, engine: PooledTts, speed: float) -> None:
        natural, changed = await speak(engine, TEXT), await speak(engine, TEXT, speed=speed)
        assert seconds(engine, changed) == pytest.approx(seconds(engine, natural) / speed, rel=0.25)

    @pytest.mark.parametrize("config", [TtsConfig(voice="nobody"), TtsConfig(voice="alloy", speed=2.0)])
    async def test_what_it_cannot_do_is_an_engine_error(self, engine: PooledTts, config: TtsConfig) -> None:
        with pytest.raises(EngineError):
            engine.open(config)


class TestOddText:
    @pytest.mark.parametrize("text", ["...", "!?", "\u200b"])
    async def test_nothing_to_say_is_silence(self, engine: PooledTts, text: str) -> None:
        assert await speak(engine, text) == []

    async def test_a_very_long_text_streams(self, engine: PooledTts) -> None:
        text = "This sentence is spoken again and again. " * 250
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed(text)
        await stream.flush()
        began = time.monotonic()
        spoken = 0
        async for audio in stream:
            assert spoken or time.monotonic() - began < 1
            spoken += len(audio.pcm)
            if spoken > 60 * 2 * engine.capabilities.rate:
                break
        await stream.cancel()


class TestCancel:
    async def test_nothing_comes_after_cancel(self, engine: PooledTts) -> None:
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("This sentence is spoken again and again. " * 50)
        received = 0
        async for _ in stream:
            received += 1
            if received == 3:
                await stream.cancel()
                await stream.cancel()
                await stream.feed("More text. ")
                await stream.flush()
        assert received == 3

    async def test_cancel_frees_the_worker_within_100_ms_of_audio(self, engine: PooledTts) -> None:
        """100 ms of audio take the engine a few milliseconds: the next answer starts almost at once."""
        streams = [engine.open(TtsConfig(voice="alloy")) for _ in range(2)]
        for stream in streams:
            await stream.feed("A sentence without any full stop that goes on for a very long time indeed " * 3)
            await stream.flush()
            await anext(aiter(stream))
        for stream in streams:
            await stream.cancel()
        began = time.monotonic()
        assert await speak(engine, "Yes.")
        assert time.monotonic() - began < 1

    async def test_cancel_while_every_worker_is_taken(self, engine: PooledTts) -> None:
        held = [await engine.pool.lease(1) for _ in range(2)]
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Hello there. ")
        reading = asyncio.create_task(collect(stream))
        await asyncio.sleep(0.05)
        await stream.cancel()
        assert await asyncio.wait_for(reading, 1) == []
        for lease in held:
            lease.cancel()

    async def test_leaving_the_iterator_gives_the_worker_back(self, engine: PooledTts) -> None:
        for _ in range(5):
            stream = engine.open(TtsConfig(voice="alloy"))
            await stream.feed("This sentence is spoken again and again. " * 5)
            iterator = aiter(stream)
            assert isinstance(iterator, AsyncGenerator)
            await anext(iterator)
            await iterator.aclose()
        assert await speak(engine, "Still here.")


class TestProcesses:
    async def test_kill_9_fails_the_stream_within_a_second_and_the_next_one_works(self, engine: PooledTts) -> None:
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("A sentence without any full stop that goes on for a very long time indeed " * 3)
        await stream.flush()
        iterator = aiter(stream)
        victims = engine.pool.pids
        for pid in victims:  # stopped first, or the clause might be finished before the blow falls
            os.kill(pid, signal.SIGSTOP)
        reading = asyncio.ensure_future(anext(iterator))
        await asyncio.sleep(0.05)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineDied) as caught:
            await reading
        assert time.monotonic() - began < 1
        assert (caught.value.stage, caught.value.code) == ("tts", "engine_died")
        while set(victims) & set(engine.pool.pids):  # noqa: ASYNC110 - the idle one's death raises no event here
            await asyncio.sleep(0.01)
        assert await speak(engine, "Here I am again.")

    async def test_after_the_end_every_answer_fails(self, engine: PooledTts) -> None:
        other = ENGINES[engine.capabilities.info.name]({"size": 1})
        await other.start()
        await other.close()
        with pytest.raises(EngineError):
            await speak(other, "Hello.")


async def test_the_embedded_voice_is_flite_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert embedded.engine({}).capabilities.info.name == "flite"
    monkeypatch.setattr(flite, "installed", lambda: False)
    assert embedded.engine({}).capabilities.info.name == "espeak"


async def collect(stream: PooledTtsStream) -> list[TtsAudio]:
    return [audio async for audio in stream]


def fingerprint(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Logarithms of length, median pitch and the balance of four bands: enough to tell voices apart."""
    window = int(rate * 0.04)
    pitches = []
    for at in range(0, len(samples) - window, window):
        frame = samples[at : at + window] - samples[at : at + window].mean()
        if np.sqrt(np.mean(frame**2)) < 500:
            continue
        correlation = np.correlate(frame, frame, "full")[window - 1 :]
        low, high = int(rate / 400), int(rate / 60)
        lag = low + int(np.argmax(correlation[low:high]))
        if correlation[lag] > 0.3 * correlation[0]:
            pitches.append(rate / lag)
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    edges = [int(edge * len(samples) / rate) for edge in (50, 500, 1_500, 3_000, 7_500)]
    bands = np.array([spectrum[a:b].sum() for a, b in pairwise(edges)])
    return np.log([len(samples), np.median(pitches), *(bands / bands.sum())])
