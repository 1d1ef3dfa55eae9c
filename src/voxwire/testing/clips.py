"""Sound to try recognisers of true weights with: sentences that voices say, sounds that nobody said, and how many words
were heard wrongly."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.resample import Resampler
from voxwire.interfaces.tts import TtsConfig, TtsEngine

_RATE: Final = 16_000

SENTENCES: Final = (
    "Please turn off the lights in the kitchen.",
    "I would like to book a table for two people tomorrow evening.",
    "Can you tell me how far it is from London to Paris?",
    "My order arrived yesterday, but one of the glasses was broken.",
    "Set a timer for twenty five minutes.",
    "No, thank you.",
    "Yes.",
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "Remind me to call my mother on Sunday afternoon.",
    "Play some quiet music in the living room.",
    "First open the window, then water the plants, and after that you can go home.",
)
#: Numbers as they may be written, and as they are said.
_NUMBERS: Final = {"2": "two", "7": "seven", "12": "twelve", "25": "twenty five"}


class Clip(NamedTuple):
    """PCM16 mono at 16 kHz, and what is said in it."""

    name: str
    said: str
    pcm: bytes

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / _RATE


async def spoken_clips(engine: TtsEngine, voices: Iterable[str], sentences: Sequence[str] = SENTENCES) -> list[Clip]:
    """Each sentence by each of the voices of an engine that was started."""
    clips = []
    for voice in voices:
        for sentence in sentences:
            stream = engine.open(TtsConfig(voice=voice))
            await stream.feed(sentence)
            await stream.flush()
            pcm = b"".join([audio.pcm async for audio in stream])
            heard = Resampler(engine.capabilities.rate, _RATE).push(pcm)
            clips.append(Clip(f"{engine.capabilities.info.name} {voice}", sentence, heard))
    return clips


def compared_words(text: str) -> list[str]:
    """Words to be compared, without marks; numbers as they are said."""
    plain = re.sub(r"[^\w\s]", " ", re.sub(r"['’]", "", text.lower()))  # noqa: RUF001
    return " ".join(_NUMBERS.get(word, word) for word in plain.split()).split()


def wrong_words(said: str, heard: str) -> int:
    """How many words must be put in, left out or changed to make the one of the other."""
    right, found = compared_words(said), compared_words(heard)
    costs = list(range(len(found) + 1))
    for row, word in enumerate(right, 1):
        before, costs[0] = costs[0], row
        for column, other in enumerate(found, 1):
            other_way = min(costs[column], costs[column - 1]) + 1
            before, costs[column] = costs[column], min(other_way, before + (word != other))
    return costs[-1]


def sounds(seconds: float) -> dict[str, bytes]:
    """Twelve kinds of sound that nobody said, always the same."""
    generator = np.random.default_rng(0)
    size = int(seconds * _RATE)
    time = np.arange(size) / _RATE
    white = generator.normal(0, 1, size)
    turn = 2 * np.pi * time
    clicks = np.zeros(size)
    for at in generator.integers(0, max(1, size - 160), max(1, int(4 * seconds))):
        clicks[at : at + 160] += generator.normal(0, 1, 160) * np.exp(-np.arange(160) / 30)
    chord = sum(np.sin(turn * pitch) for pitch in (261.6, 329.6, 392.0))
    return {
        "nothing": _pcm(np.zeros(size)),
        "faint hiss": _pcm(white * 0.003),
        "hiss": _pcm(white * 0.1),
        "pink noise": _pcm(0.3 * _shaped(white, lambda hertz: 1 / np.sqrt(np.maximum(hertz, 20)))),
        "fan": _pcm(0.5 * _shaped(white, lambda hertz: 1 / (1 + (hertz / 300) ** 2))),
        "breath": _pcm(
            0.2 * _shaped(white, lambda hertz: np.exp(-(((hertz - 1000) / 700) ** 2))) * np.abs(np.sin(turn / 3))
        ),
        "clicks": _pcm(0.6 * clicks),
        "mains hum": _pcm(0.2 * sum(np.sin(turn * 50 * overtone) / overtone for overtone in (1, 2, 3, 5))),
        "tone": _pcm(0.4 * np.sin(turn * 440)),
        "keypad": _pcm(0.25 * (np.sin(turn * 697) + np.sin(turn * 1209)) * ((time * 4 % 1) < 0.5)),
        "chord": _pcm(0.17 * chord * np.exp(-2 * (time % 1))),
        "siren": _pcm(0.4 * np.sin(2 * np.pi * np.cumsum(700 + 300 * np.sin(turn * 0.7)) / _RATE)),
    }


def _shaped(
    white: NDArray[np.float64], gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    hertz = np.fft.rfftfreq(len(white), 1 / _RATE).astype(np.float64)
    shaped = np.fft.irfft(np.fft.rfft(white) * gain(hertz), len(white))
    return np.asarray(shaped / np.abs(shaped).max())


def _pcm(samples: "NDArray[np.float64] | float") -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
