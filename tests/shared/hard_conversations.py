"""The set of hard conversations, spoken: what is heard when, and where each turn begins and ends."""

import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.resample import Resampler
from voxwire.engines.registry import load
from voxwire.interfaces.tts import TtsConfig, TtsEngine

_TURNS = Path(__file__).parents[1] / "turns"
#: Silence before the first turn, and after each: longer than anybody waits for an answer.
LEAD_MS = 500
BETWEEN_MS = 2500
#: Names of the API for the speakers of flite, as the built-in engine has them.
SPEAKERS = {"slt": "alloy", "rms": "ash", "awb": "ballad", "espeak": "alloy"}
_RATE = 24_000


@dataclass(frozen=True)
class Conversation:
    """As the file has it: a turn is what is said, and the silences in milliseconds between."""

    name: str
    kind: str
    language: str
    voice: str
    turns: tuple[tuple[str | int, ...], ...]

    @property
    def transcript(self) -> str:
        """On one line: pauses in milliseconds, turns with a stroke between."""
        turns = (" ".join(f"[{part:,}]" if isinstance(part, int) else part for part in turn) for turn in self.turns)
        return " / ".join(turns)


@dataclass(frozen=True)
class SpokenTurn:
    """From `start_ms` to `end_ms` of the audio, with each word and where it ends."""

    start_ms: float
    end_ms: float
    words: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Recording:
    """A conversation as PCM16 at 24 kHz, with silence at the end."""

    conversation: Conversation
    pcm: bytes
    turns: tuple[SpokenTurn, ...]


def conversations() -> list[Conversation]:
    """The whole set."""
    return _read("conversations")


def remarks() -> list[Conversation]:
    """What is said while an answer is spoken: each turn is one remark."""
    return _read("remarks")


def _read(name: str) -> list[Conversation]:
    found = tomllib.loads((_TURNS / f"{name}.toml").read_text("utf-8"))[name]
    return [Conversation(**{**one, "turns": tuple(map(tuple, one["turns"]))}) for one in found]


async def record(conversation: Conversation, voices: Mapping[str, TtsEngine]) -> Recording:
    """Speak it. `voices` by language."""
    engine = voices[conversation.language]
    audio = bytearray(_quiet(LEAD_MS))
    turns: list[SpokenTurn] = []
    for turn in conversation.turns:
        start = _ms(audio)
        words: list[tuple[float, str]] = []
        for part in turn:
            if isinstance(part, int):
                audio += _quiet(part)
                continue
            begun = _ms(audio)
            audio += await _say(engine, SPEAKERS[conversation.voice], part)
            said = part.split()
            each = (_ms(audio) - begun) / len(said)
            words += [(begun + each * at, word) for at, word in enumerate(said, 1)]
        turns.append(SpokenTurn(start, _ms(audio), tuple(words)))
        audio += _quiet(BETWEEN_MS)
    return Recording(conversation, bytes(audio), tuple(turns))


async def record_all(conversations: Sequence[Conversation], voices: Mapping[str, TtsEngine]) -> list[Recording]:
    """Speak all of them, one after the other: on a busy machine nobody waits for a voice too long."""
    return [await record(conversation, voices) for conversation in conversations]


@asynccontextmanager
async def started_voices() -> AsyncIterator[dict[str, TtsEngine]]:
    """By language."""
    options: dict[str, tuple[str, dict[str, Any]]] = {
        "en": ("flite", {"size": 1}),
        "nl": ("espeak", {"size": 1, "language": "nl"}),
        "de": ("espeak", {"size": 1, "language": "de"}),
    }
    voices: dict[str, TtsEngine] = {language: load("tts", name, chosen) for language, (name, chosen) in options.items()}
    for voice in voices.values():
        await voice.start()
    try:
        yield voices
    finally:
        for voice in voices.values():
            await voice.close()


async def _say(engine: TtsEngine, voice: str, text: str) -> bytes:
    """The sound alone: voices put silence around it, and the silences here are ours."""
    stream = engine.open(TtsConfig(voice=voice))
    await stream.feed(text)
    await stream.flush()
    pcm = b"".join([piece.pcm async for piece in stream])
    await stream.cancel()
    samples = np.frombuffer(Resampler(engine.capabilities.rate, _RATE).push(pcm), "<i2")
    return _trimmed(samples).tobytes()


def _trimmed(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > np.abs(samples.astype(np.int32)).max() * 0.03)
    return samples[loud[0] : loud[-1] + 1]


def _quiet(ms: float) -> bytes:
    return bytes(2 * round(ms * _RATE / 1000))


def _ms(audio: bytes | bytearray) -> float:
    return len(audio) / 2 / _RATE * 1000
