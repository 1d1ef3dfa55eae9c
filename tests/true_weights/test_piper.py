"""Piper with true weights: it is understood, its words are where they are heard, it begins soon, and it stops."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from listener import SENTENCES, listener, samples, spoken, wrong_words

from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.piper.engine import engine as piper
from voxwire.interfaces.tts import TtsConfig
from voxwire.testing.contract import TtsContract

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(model: Callable[[str], Path]) -> AsyncIterator[ModelledTts]:
    made = piper({"model": "piper-en-us-joe-medium", "size": 1})
    await made.start()
    yield made
    await made.close()


async def test_a_recogniser_understands_it(engine: ModelledTts, model: Callable[[str], Path]) -> None:
    ear = listener(model("whisper-tiny.en"))
    wrong = 0
    for sentence in SENTENCES:
        heard = [word for word, _, _ in ear.hear(samples(await spoken(engine, sentence)), engine.capabilities.rate)]
        wrong += wrong_words(sentence, heard)
    # The voice draws lots for its intonation, and the recogniser is a small one: 2 of 50 words.
    assert wrong <= 2


async def test_words_are_where_a_recogniser_hears_them(engine: ModelledTts, model: Callable[[str], Path]) -> None:
    ear = listener(model("whisper-tiny.en"))
    apart = []
    for sentence in SENTENCES:
        audio = await spoken(engine, sentence)
        heard = ear.hear(samples(audio), engine.capabilities.rate)
        words = [word for chunk in audio for word in chunk.words]
        assert len(words) == len(sentence.split())
        apart += [abs(word.end_ms - end * 1000) for word, (_, _, end) in zip(words, heard, strict=True)]
    print(
        f"ends of words, ours against Whisper's: median {np.median(apart):.0f} ms, p90 {np.percentile(apart, 90):.0f}"
    )
    assert np.median(apart) < 120


async def test_silence_between_sentences_is_between_words(engine: ModelledTts) -> None:
    audio = await spoken(engine, "This is the first one. And here is the second one.")
    words = [word for chunk in audio for word in chunk.words]
    gap = words[5].start_ms - words[4].end_ms
    assert gap > 100
    level = np.abs(samples(audio).astype(int))
    rate = engine.capabilities.rate / 1000
    assert level[int((words[4].end_ms + 60) * rate) : int((words[5].start_ms - 60) * rate)].mean() < 200


async def test_it_begins_soon(engine: ModelledTts) -> None:
    for text in ("Sure.", "I will look it up.", SENTENCES[0]):
        waits = []
        for _ in range(5):
            stream = engine.open(TtsConfig(voice="alloy"))
            began = time.monotonic()
            await stream.feed(text)
            await stream.flush()
            await anext(aiter(stream))
            waits.append((time.monotonic() - began) * 1000)
            await stream.cancel()
        print(f"{len(text)} characters: first audio after {min(waits):.0f} ms (median {np.median(waits):.0f})")
        assert min(waits) < 5_000


class TestContract(TtsContract):
    @staticmethod
    def make_engine() -> ModelledTts:
        return piper({"model": "piper-en-us-joe-medium", "size": 2, "threads": 1})
