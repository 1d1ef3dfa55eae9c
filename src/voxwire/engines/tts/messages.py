"""What a speech worker is told and what it answers; the same for every built-in voice engine.

One stream speaks one clause, so that a worker is taken for tens of milliseconds and never waits for a
language model or a slow client.
"""

from typing import Any

import msgspec


class Speak(msgspec.Struct, frozen=True):
    """Speak `text`. `settings` are the engine's own for the voice; `speed` 1 is natural."""

    text: str
    settings: dict[str, Any]
    speed: float


class SpokenWord(msgspec.Struct, frozen=True, array_like=True):
    """Characters of the clause, and milliseconds from the start of its audio."""

    start: int
    end: int
    start_ms: float
    end_ms: float


class Piece(msgspec.Struct, frozen=True, gc=False):
    """About 100 ms of PCM16 mono, the end of the last word begun in it, and the words completed by it."""

    pcm: bytes
    chars_to: int
    words: list[SpokenWord]


class VoiceInfo(msgspec.Struct, frozen=True):
    """What a speech worker says when it is warm: its sample rate in Hz."""

    rate: int
