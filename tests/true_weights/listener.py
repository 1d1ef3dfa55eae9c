"""A recogniser that listens to what voices say: the words that it heard, and when."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from voxwire.audio.resample import Resampler
from voxwire.interfaces.tts import TtsAudio, TtsConfig, TtsEngine

SENTENCES = (
    "The train to Amsterdam leaves in a few minutes from the second platform.",
    "Please set a timer for the eggs, and remind me to call my mother.",
    "It will be sunny tomorrow, with a light wind from the west.",
    "Your order has been shipped, and it should arrive on Thursday morning.",
)


async def spoken(engine: TtsEngine, text: str, voice: str = "alloy") -> list[TtsAudio]:
    stream = engine.open(TtsConfig(voice=voice))
    await stream.feed(text)
    await stream.flush()
    return [audio async for audio in stream]


def samples(audio: Sequence[TtsAudio]) -> Any:
    return np.frombuffer(b"".join(chunk.pcm for chunk in audio), "<i2")


class Listener:
    """faster-whisper with a model on disk."""

    def __init__(self, model: Path) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(self, pcm: Any, rate: int) -> list[tuple[str, float, float]]:
        """Words in small letters, with their seconds."""
        heard = np.frombuffer(Resampler(rate, 16_000).push(pcm.astype("<i2").tobytes()), "<i2")
        segments, _ = self._model.transcribe(
            heard.astype(np.float32) / 32768, language="en", beam_size=1, temperature=0, word_timestamps=True
        )
        return [
            ("".join(letter for letter in word.word.lower() if letter.isalnum()), word.start, word.end)
            for segment in segments
            for word in segment.words
        ]


@cache
def listener(model: Path) -> Listener:
    return Listener(model)


def wrong_words(said: str, heard: Sequence[str]) -> int:
    """How many words must be put in, left out or changed to make the one of the other."""
    words = ["".join(letter for letter in word.lower() if letter.isalnum()) for word in said.split()]
    costs = list(range(len(heard) + 1))
    for row, word in enumerate(words, 1):
        before, costs[0] = costs[0], row
        for column, other in enumerate(heard, 1):
            before, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, before + (word != other)),
            )
    return costs[-1]
